/** WAV files of 16 bits and one channel: tones to play, and what a phone has recorded. */
import { readFileSync, writeFileSync } from 'node:fs';

export interface Wav {
  /** Hz */
  readonly rate: number;
  /** -1 to 1 */
  readonly samples: Float64Array;
  readonly seconds: number;
}

const HEADER_BYTES = 44;
const FULL_SCALE = 32_768;

export function wavOf(samples: Float64Array, rate: number): Wav {
  return { rate, samples, seconds: samples.length / rate };
}

/** @param amplitude part of full scale; G.711 carries 0.3 without a trace */
export function tone(hz: number, seconds: number, amplitude = 0.3, rate = 8_000): Wav {
  const samples = Float64Array.from(
    { length: Math.round(seconds * rate) },
    (_, index) => amplitude * Math.sin((2 * Math.PI * hz * index) / rate),
  );
  return wavOf(samples, rate);
}

export function silence(seconds: number, rate = 8_000): Wav {
  return wavOf(new Float64Array(Math.round(seconds * rate)), rate);
}

export function joined(...parts: readonly [Wav, ...Wav[]]): Wav {
  const samples = new Float64Array(parts.reduce((sum, part) => sum + part.samples.length, 0));
  let at = 0;
  for (const part of parts) {
    samples.set(part.samples, at);
    at += part.samples.length;
  }
  return wavOf(samples, parts[0].rate);
}

export function writeWav(path: string, { samples, rate }: Wav): void {
  const data = Buffer.alloc(HEADER_BYTES + samples.length * 2);
  data.write('RIFF', 0);
  data.writeUInt32LE(data.length - 8, 4);
  data.write('WAVEfmt ', 8);
  data.writeUInt32LE(16, 16);
  data.writeUInt16LE(1, 20); // PCM
  data.writeUInt16LE(1, 22); // channels
  data.writeUInt32LE(rate, 24);
  data.writeUInt32LE(rate * 2, 28);
  data.writeUInt16LE(2, 32);
  data.writeUInt16LE(16, 34);
  data.write('data', 36);
  data.writeUInt32LE(samples.length * 2, 40);
  // A typed array rounds and writes ten times as fast as Buffer's methods; the machine is little-endian, as WAV is.
  const values = new Int16Array(data.buffer, data.byteOffset + HEADER_BYTES, samples.length);
  for (let index = 0; index < samples.length; index++) {
    const value = Math.round((samples[index] ?? 0) * FULL_SCALE);
    values[index] = value >= FULL_SCALE ? FULL_SCALE - 1 : value < -FULL_SCALE ? -FULL_SCALE : value;
  }
  writeFileSync(path, data);
}

export const readWav = (path: string): Wav => parseWav(readFileSync(path));

/**
 * Reads mono PCM of 16 bits. A file that is still being written says it has no data, or less than it has: there the
 * data goes to the end of the file.
 */
export function parseWav(file: Buffer): Wav {
  if (file.toString('latin1', 0, 4) !== 'RIFF' || file.toString('latin1', 8, 12) !== 'WAVE') {
    throw new Error(`no WAV file: it begins with ${file.subarray(0, 12).toString('hex')}`);
  }
  let rate = 0;
  for (let at = 12; at + 8 <= file.length;) {
    const name = file.toString('latin1', at, at + 4);
    const size = file.readUInt32LE(at + 4);
    const body = at + 8;
    if (name === 'fmt ') {
      const [format, channels, bits] = [
        file.readUInt16LE(body),
        file.readUInt16LE(body + 2),
        file.readUInt16LE(body + 14),
      ];
      if (format !== 1 || channels !== 1 || bits !== 16) {
        throw new Error(`expected mono PCM of 16 bits: format ${format}, ${channels} channels, ${bits} bits`);
      }
      rate = file.readUInt32LE(body + 4);
    }
    if (name === 'data') {
      const available = file.length - body;
      const bytes = size === 0 || size > available ? available : size;
      const samples = Float64Array.from(
        { length: Math.floor(bytes / 2) },
        (_, index) => file.readInt16LE(body + index * 2) / FULL_SCALE,
      );
      return wavOf(samples, rate);
    }
    at = body + size + (size % 2);
  }
  return wavOf(new Float64Array(0), rate || 8_000);
}
