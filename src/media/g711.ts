/** ITU-T G.711: µ-law (PCMU) and A-law (PCMA), one byte per sample. */
import { alaw, mulaw } from 'alawmulaw';
import type { Codec } from './audio';

/** The byte of a silent sample. */
export const SILENCE: Record<Codec, number> = { PCMU: 0xff, PCMA: 0xd5 };

/** Decodes G.711 to linear 16-bit samples. */
export function decodeG711(codec: Codec, bytes: Uint8Array): Int16Array {
  return codec === 'PCMU' ? mulaw.decode(bytes) : alaw.decode(bytes);
}

/** Encodes linear 16-bit samples as G.711. */
export function encodeG711(codec: Codec, samples: Int16Array): Uint8Array {
  return codec === 'PCMU' ? mulaw.encode(samples) : alaw.encode(samples);
}

const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, byte) => byte);

/** Transcoding tables between the two laws. A round trip changes only the last bit of some samples. */
export const PCMU_TO_PCMA: Uint8Array = alaw.encode(mulaw.decode(ALL_BYTES));
export const PCMA_TO_PCMU: Uint8Array = mulaw.encode(alaw.decode(ALL_BYTES));

/** The table that transcodes `from` to `to`; undefined if they are equal. */
export function transcodingTable(from: Codec, to: Codec): Uint8Array | undefined {
  if (from === to) return undefined;
  return from === 'PCMU' ? PCMU_TO_PCMA : PCMA_TO_PCMU;
}
