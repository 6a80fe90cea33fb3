/** ITU-T G.711: µ-law (PCMU) and A-law (PCMA), a byte a sample. */
import { alaw, mulaw } from 'alawmulaw';
import type { Codec } from './audio';

/** What a sample of silence is. */
export const SILENCE: Record<Codec, number> = { PCMU: 0xff, PCMA: 0xd5 };

/** Linear 16-bit samples of G.711 bytes. */
export function decodeG711(codec: Codec, bytes: Uint8Array): Int16Array {
  return codec === 'PCMU' ? mulaw.decode(bytes) : alaw.decode(bytes);
}

/** G.711 bytes of linear 16-bit samples. */
export function encodeG711(codec: Codec, samples: Int16Array): Uint8Array {
  return codec === 'PCMU' ? mulaw.encode(samples) : alaw.encode(samples);
}

const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, byte) => byte);

/** The byte of the one law for each of the other; to the other law and back nothing is lost but the last bit of some samples. */
export const PCMU_TO_PCMA: Uint8Array = alaw.encode(mulaw.decode(ALL_BYTES));
export const PCMA_TO_PCMU: Uint8Array = mulaw.encode(alaw.decode(ALL_BYTES));

/** The table from `from` to `to`; undefined: they are the same. */
export function transcodingTable(from: Codec, to: Codec): Uint8Array | undefined {
  if (from === to) return undefined;
  return from === 'PCMU' ? PCMU_TO_PCMA : PCMA_TO_PCMU;
}
