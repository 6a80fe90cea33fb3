/**
 * Reads the chunks of a RIFF file. Chunk sizes are not reliable: programs that write to a pipe leave them at 0 or at
 * the maximum, some writers omit the padding byte of odd chunks, and files may be truncated.
 */

export interface Chunk {
  id: string;
  /** Start of the contents. */
  start: number;
  /** At most the end of the file. */
  end: number;
}

/** Known chunk ids. Only the id distinguishes a chunk from samples. */
const KNOWN =
  'fmt |data|fact|LIST|bext|cue |smpl|inst|JUNK|junk|PAD |FLLR|id3 |ID3 |iXML|_PMX|PEAK|cart|plst|acid|DISP|ds64|axml|chna|afsp|strc';
const IS_KNOWN = new RegExp(`^(?:${KNOWN})$`);
const FIRST = 12;
const HEADER = 8;

export function* chunksOf(file: Uint8Array): Iterable<Chunk> {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const idAt = (at: number): string => bytes.toString('latin1', at, at + 4);
  for (let at = FIRST; at + HEADER <= bytes.length;) {
    const id = idAt(at);
    const size = bytes.readUInt32LE(at + 4);
    const start = at + HEADER;
    const fits = start + size <= bytes.length;
    if (id === 'data' && (size === 0 || !fits)) {
      const end = endOfSamples(bytes, start);
      yield { id, start, end };
      at = end;
      continue;
    }
    // The size is invalid: search for the samples.
    const next = fits ? nextChunk(start + size, idAt) : bytes.indexOf('data', start, 'latin1');
    yield { id, start, end: fits ? start + size : bytes.length };
    if (next < 0) return;
    at = next;
  }
}

/** RIFF pads chunks of odd length with a byte. If the byte is missing, the next id is one byte earlier. */
function nextChunk(end: number, idAt: (at: number) => string): number {
  const filled = end + ((end - FIRST) % 2);
  return filled !== end && !IS_KNOWN.test(idAt(filled)) && IS_KNOWN.test(idAt(end)) ? end : filled;
}

/**
 * If the size is unknown, samples end at the first chunks that extend exactly to the end of the file, or with the file.
 */
function endOfSamples(bytes: Buffer, start: number): number {
  let end = bytes.length;
  for (const name of KNOWN.split('|')) {
    for (let at = bytes.indexOf(name, start, 'latin1'); at >= 0 && at < end; at = bytes.indexOf(name, at + 1, 'latin1'))
      if (leadsToEnd(bytes, at)) end = at;
  }
  return end;
}

function leadsToEnd(bytes: Buffer, first: number): boolean {
  let at = first;
  while (at + HEADER <= bytes.length && IS_KNOWN.test(bytes.toString('latin1', at, at + 4))) {
    const end = at + HEADER + bytes.readUInt32LE(at + 4);
    if (end === bytes.length || end + 1 === bytes.length) return true;
    at = bytes.length > end && IS_KNOWN.test(bytes.toString('latin1', end, end + 4)) ? end : end + (end % 2);
  }
  return false;
}
