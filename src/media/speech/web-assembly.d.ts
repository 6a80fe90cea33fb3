/**
 * The used part of WebAssembly. `@types/node` for Node 20 does not have it, and the `dom` library contains browser
 * types.
 */
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
