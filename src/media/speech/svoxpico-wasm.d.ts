/** The used part of an optional package: an Emscripten module of the C library (picoapi.h). Pointers are numbers. */
declare module '@echogarden/svoxpico-wasm' {
  export interface PicoModule {
    readonly HEAPU8: Uint8Array;
    readonly HEAP16: Int16Array;
    readonly HEAP32: Int32Array;
    readonly FS: { writeFile(path: string, data: Uint8Array): void; unlink(path: string): void };
    _malloc(bytes: number): number;
    _free(pointer: number): void;
    _pico_initialize(area: number, bytes: number, system: number): number;
    _pico_loadResource(system: number, path: number, resource: number): number;
    _pico_getResourceName(system: number, resource: number, name: number): number;
    _pico_createVoiceDefinition(system: number, voice: number): number;
    _pico_addResourceToVoiceDefinition(system: number, voice: number, name: number): number;
    _pico_newEngine(system: number, voice: number, engine: number): number;
    _pico_resetEngine(engine: number, mode: number): number;
    _pico_putTextUtf8(engine: number, text: number, length: number, taken: number): number;
    _pico_getData(engine: number, buffer: number, size: number, given: number, type: number): number;
  }
  const load: () => Promise<PicoModule>;
  export default load;
}
