/**
 * The chunks of a RIFF file. Their sizes are not trusted: what writes to a pipe leaves them at 0 or at their highest value, some
 * writers leave out the byte that fills an odd chunk, and files are cut off.
 */

export interface Chunk {
  id: string;
  /** Of its contents. */
  start: number;
  /** At most the end of the file. */
  end: number;
}

/** Chunks beside the samples: only their names distinguish them from samples. */
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
    // A size that leads nowhere: the samples may be found all the same.
    const next = fits ? nextChunk(start + size, idAt) : bytes.indexOf('data', start, 'latin1');
    yield { id, start, end: fits ? start + size : bytes.length };
    if (next < 0) return;
    at = next;
  }
}

/** RIFF fills chunks of odd length with a byte; where that was left out, the next name stands one byte earlier. */
function nextChunk(end: number, idAt: (at: number) => string): number {
  const filled = end + ((end - FIRST) % 2);
  return filled !== end && !IS_KNOWN.test(idAt(filled)) && IS_KNOWN.test(idAt(end)) ? end : filled;
}

/** Samples of unknown number end where chunks begin that lead exactly to the end of the file, or else with the file. */
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
