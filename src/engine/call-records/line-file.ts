/** A file to which whole lines are appended. */
import { constants, open, type FileHandle } from 'node:fs/promises';

export type Writable = Pick<FileHandle, 'write' | 'close'>;
export type OpenFile = (path: string) => Promise<Writable>;

/** Of the owner alone: it has telephone numbers in it. */
const openForAppending: OpenFile = (path) => open(path, 'a', 0o600);

export class LineFile {
  #handle: Writable | undefined;
  /** The last line ends in the middle: what follows begins a new one, and readers skip the broken one. */
  #torn = false;

  constructor(
    private readonly path: string,
    private readonly openFile: OpenFile = openForAppending,
  ) {}

  /** Opens the file under its name, which may be another file by now. Rejects where it cannot be opened. */
  async open(): Promise<Writable> {
    await this.release();
    const opened = await this.openFile(this.path);
    this.#torn = (await isTorn(this.path)) ?? this.#torn;
    return (this.#handle = opened);
  }

  /** Rejects where the line could not be written as a whole. */
  async write(line: string): Promise<void> {
    const file = this.#handle ?? (await this.open());
    const bytes = Buffer.from(`${this.#torn ? '\n' : ''}${line}\n`);
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await file.write(bytes, done);
      done += bytesWritten;
      this.#torn = done < bytes.length;
    }
  }

  async release(): Promise<void> {
    const old = this.#handle;
    this.#handle = undefined;
    await old?.close().catch(() => undefined);
  }
}

/** Whether the last line of a file has no end: a process was killed, or the disk was full. Undefined: it cannot be read. */
async function isTorn(path: string): Promise<boolean | undefined> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => undefined);
  if (!handle) return undefined;
  try {
    const stats = await handle.stat();
    if (!stats.isFile() || stats.size === 0) return false;
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, stats.size - 1);
    return buffer.toString() !== '\n';
  } finally {
    await handle.close();
  }
}
