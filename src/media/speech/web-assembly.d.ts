/** What is used of WebAssembly: `@types/node` of Node 20 has none of it, and the `dom` library would bring a browser along. */
declare namespace WebAssembly {
  class Module {
    private readonly compiled: unique symbol;
  }
  class Instance {
    readonly exports: Readonly<Record<string, unknown>>;
  }
  class Memory {
    readonly buffer: ArrayBuffer;
  }
  function compile(bytes: Uint8Array): Promise<Module>;
  function instantiate(module: Module, imports: Record<string, Record<string, unknown>>): Promise<Instance>;
}
