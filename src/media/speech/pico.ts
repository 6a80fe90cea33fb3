/** SVOX Pico, compiled to WebAssembly, for installed languages. 16 kHz, one voice per language. */
import { readFile } from 'node:fs/promises';
import type { PicoModule } from '@echogarden/svoxpico-wasm';
import { collect } from '../sounds/collect';
import { SoundError } from '../sounds/errors';
import type { LanguageFiles } from './languages';

const RATE = 16_000;
/** Pico's voices use the full range. This gain makes them about as loud as flite. */
const GAIN = 0.6;
/** Memory per language. pico2wave uses half as much. */
const AREA_BYTES = 5_000_000;
/** Path in the module's file system. Each language file is loaded from this path. */
const RESOURCE = '/language.bin';
const BUFFER_BYTES = 4_096;
const STEP_BUSY = 201;
const STEP_IDLE = 200;

export interface Pico {
  /**
   * @param pitch percentage of the voice's pitch
   * @throws (rejects) SoundError speech-failed
   */
  say(sentence: string, language: LanguageFiles, pitch: number): Promise<Int16Array>;
}

/** @throws (rejects) if the package is not installed */
export async function loadPico(): Promise<Pico> {
  const { default: load } = await import('@echogarden/svoxpico-wasm');
  const pico = await load();
  const engines = new Map<string, Promise<number>>();
  const engineOf = (files: LanguageFiles): Promise<number> => {
    const engine = engines.get(files.language) ?? createEngine(pico, files);
    engines.set(files.language, engine);
    return engine;
  };
  return {
    async say(sentence, language, pitch) {
      const engine = await engineOf(language);
      // Angle brackets would be markup.
      const text = `<pitch level="${pitch}">${sentence.replace(/[<>]/g, ' ')}</pitch>`;
      return collect([{ rate: RATE, samples: speak(pico, engine, text) }]);
    },
  };
}

async function createEngine(pico: PicoModule, { textAnalysis, signalGeneration }: LanguageFiles): Promise<number> {
  const system = given(pico, (at) => pico._pico_initialize(pico._malloc(AREA_BYTES), AREA_BYTES, at));
  const resources: number[] = [];
  for (const file of [textAnalysis, signalGeneration]) {
    pico.FS.writeFile(RESOURCE, await readFile(file));
    const path = cString(pico, RESOURCE);
    const resource = given(pico, (at) => pico._pico_loadResource(system, path, at));
    pico.FS.unlink(RESOURCE);
    resources.push(resource);
  }
  const voice = cString(pico, 'Voice');
  check(pico._pico_createVoiceDefinition(system, voice));
  for (const resource of resources) {
    const name = pico._malloc(256);
    check(pico._pico_getResourceName(system, resource, name));
    check(pico._pico_addResourceToVoiceDefinition(system, voice, name));
  }
  return given(pico, (at) => pico._pico_newEngine(system, voice, at));
}

/** @returns 16 kHz, -1 to 1 */
function speak(pico: PicoModule, engine: number, sentence: string): Float32Array {
  const length = Buffer.byteLength(sentence) + 1; // the final 0 makes Pico speak the last sentence
  const text = cString(pico, sentence);
  const buffer = pico._malloc(BUFFER_BYTES);
  const count = pico._malloc(4);
  const type = pico._malloc(4);
  const sound: number[] = [];
  try {
    for (let at = 0; at < length;) {
      check(pico._pico_putTextUtf8(engine, text + at, length - at, count));
      const taken = pico.HEAP16[count >> 1]!;
      let state: number;
      do {
        state = pico._pico_getData(engine, buffer, BUFFER_BYTES, count, type);
        const end = (buffer + pico.HEAP16[count >> 1]!) >> 1;
        for (let i = buffer >> 1; i < end; i += 1) sound.push((pico.HEAP16[i]! * GAIN) / 32_768);
      } while (state === STEP_BUSY);
      if (state !== STEP_IDLE || taken <= 0) throw new SoundError('speech-failed', `Pico ended with state ${state}`);
      at += taken;
    }
  } catch (error) {
    pico._pico_resetEngine(engine, 0);
    throw error;
  } finally {
    for (const pointer of [text, buffer, count, type]) pico._free(pointer);
  }
  return Float32Array.from(sound);
}

/** Calls a function that stores a pointer at an address. @returns the pointer */
function given(pico: PicoModule, call: (at: number) => number): number {
  const at = pico._malloc(4);
  try {
    check(call(at));
    return pico.HEAP32[at >> 2]!;
  } finally {
    pico._free(at);
  }
}

function cString(pico: PicoModule, text: string): number {
  const bytes = Buffer.from(`${text}\0`);
  const at = pico._malloc(bytes.length);
  pico.HEAPU8.set(bytes, at);
  return at;
}

function check(status: number): void {
  if (status !== 0) throw new SoundError('speech-failed', `Pico ended with status ${status}`);
}
