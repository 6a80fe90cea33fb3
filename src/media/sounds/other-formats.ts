/** Names the format of files that are neither WAV nor MP3, for error messages. */

const SIGNATURES: readonly (readonly [at: number, bytes: string, name: string])[] = [
  [0, 'OggS', 'Ogg'],
  [0, 'fLaC', 'FLAC'],
  [4, 'ftyp', 'MP4 (M4A, AAC)'],
  [0, 'ADIF', 'AAC'],
  [0, '\xff\xf1', 'AAC'],
  [0, '\xff\xf9', 'AAC'],
  [0, 'FORM', 'AIFF'],
  [0, 'RIFX', 'WAV with big-endian samples'],
  [0, '.snd', 'AU'],
  [0, '#!AMR', 'AMR'],
  [0, 'MThd', 'MIDI'],
  [0, 'wvpk', 'WavPack'],
  [0, '\x1aE\xdf\xa3', 'WebM or Matroska'],
  [0, '0&\xb2u', 'WMA'],
  [0, '\x1f\x8b', 'gzip'],
  [0, 'PK\x03\x04', 'ZIP'],
];
const LONGEST = 12;

/** @returns undefined if the format is unknown */
export function otherFormat(file: Uint8Array): string | undefined {
  const head = Buffer.from(file.subarray(0, LONGEST)).toString('latin1');
  const found = SIGNATURES.find(([at, bytes]) => head.startsWith(bytes, at));
  if (found) return found[2];
  const text = Buffer.from(file.subarray(0, 512)).toString('latin1').trimStart().toLowerCase();
  if (/^(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|head|body|\?xml|error)/.test(text)) return 'a web page or XML';
  return /^[{[]/.test(text) ? 'JSON' : undefined;
}
