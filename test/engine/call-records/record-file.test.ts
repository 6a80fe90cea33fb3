import { mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRecordFile } from '../../../src/engine/call-records/record-file';
import { recordingLog } from '../../helpers/builders';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tandem-records-'));
  path = join(folder, 'calls.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const linesOf = (file: string) => readFileSync(file, 'utf8').split('\n').slice(0, -1);
const count = jest.fn<void, [string, string]>();
beforeEach(() => count.mockReset());

const text = (n: number) => JSON.stringify({ n });

describe('the file of call records', () => {
  it('has a line for each record, after those that it had before, for its owner alone', async () => {
    for (const n of [1, 2]) {
      const file = await createRecordFile({ path, log: recordingLog().log, count });
      file.write(`r-${n}`, text(n));
      file.write(`r-${n}0`, text(n * 10));
      await file.close(5_000);
    }
    expect(linesOf(path)).toEqual([1, 10, 2, 20].map(text));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(count.mock.calls).toEqual(Array.from({ length: 4 }, () => ['file', 'written']));
  });

  it('is opened anew under its name after it was renamed', async () => {
    const file = await createRecordFile({ path, log: recordingLog().log, count });
    file.write('r-1', text(1));
    await file.reopen();
    renameSync(path, `${path}.1`);
    await file.reopen();
    file.write('r-2', text(2));
    await file.close(5_000);
    expect(linesOf(`${path}.1`)).toEqual([text(1)]);
    expect(linesOf(path)).toEqual([text(2)]);
  });

  it('begins a new line after one that a process left without its end', async () => {
    writeFileSync(path, '{"n":');
    for (const n of [1, 2]) {
      const file = await createRecordFile({ path, log: recordingLog().log, count });
      file.write(`r-${n}`, text(n));
      await file.close(5_000);
    }
    expect(linesOf(path)).toEqual(['{"n":', text(1), text(2)]);
  });

  it('loses no record, and no descriptor, to a reload at the same time', async () => {
    const opened = new Set<FileHandle>();
    const openFile = async (name: string) => {
      const handle = await open(name, 'a');
      opened.add(handle);
      const close = () => {
        opened.delete(handle);
        return handle.close();
      };
      return { write: handle.write.bind(handle), close };
    };
    const file = await createRecordFile({ path, log: recordingLog().log, count, openFile });
    for (let n = 0; n < 20; n++) {
      if (n === 10) renameSync(path, `${path}.1`);
      const reopened = file.reopen();
      file.write(`r-${n}`, text(n));
      await reopened;
    }
    await file.close(5_000);
    expect(opened.size).toBe(0);
    expect([...linesOf(`${path}.1`), ...linesOf(path)]).toEqual(Array.from({ length: 20 }, (_, n) => text(n)));
  });

  it('is refused at once where it cannot be opened', async () => {
    const log = recordingLog().log;
    await expect(createRecordFile({ path: join(folder, 'no', 'calls'), log, count })).rejects.toThrow('ENOENT');
    await expect(createRecordFile({ path: folder, log, count })).rejects.toThrow('EISDIR');
  });

  it('on a full disk: what does not fit is tried again, and lost to the log at the end', async () => {
    const { log, line, lines } = recordingLog();
    const file = await createRecordFile({ path: '/dev/full', log, count });
    file.write('r-1', text(1));
    expect(await line(({ event }) => event === 'call-records-failing')).toMatchObject({
      level: 50,
      sink: 'file',
      err: expect.stringContaining('ENOSPC'),
    });
    await file.close(5_000);
    expect(lines.find(({ event }) => event === 'call-record-lost')).toMatchObject({
      recordId: 'r-1',
      record: { n: 1 },
    });
    expect(count.mock.calls).toContainEqual(['file', 'lost']);
  });

  it('goes on when there is room again: a line that was cut is ended, and its record is written whole', async () => {
    let room = 4;
    const openFile = async (name: string) => {
      const handle = await open(name, 'a');
      const write = async (bytes: Uint8Array, offset: number) => {
        if (room === 0) throw new Error('ENOSPC: no space left on device');
        const part = bytes.subarray(offset, offset + room);
        room -= part.length;
        return handle.write(part);
      };
      return { write, close: () => handle.close() } as unknown as Awaited<ReturnType<typeof open>>;
    };
    const { log, line, lines } = recordingLog();
    const file = await createRecordFile({ path, log, count, openFile });
    file.write('r-1', text(1));
    file.write('r-2', text(2));
    await line(({ event }) => event === 'call-records-failing');
    room = Infinity;
    await file.close(5_000);
    expect(linesOf(path)).toEqual(['{"n"', text(1), text(2)]);
    expect(lines.map(({ event }) => event)).toEqual(['call-records-failing', 'call-records-recovered']);
  });

  it('keeps so many records at most while it cannot be written to', async () => {
    const { log, lines } = recordingLog();
    const file = await createRecordFile({ path: '/dev/full', log, count, limit: 2 });
    for (const n of [1, 2, 3, 4]) file.write(`r-${n}`, text(n));
    const lost = () => lines.filter(({ event }) => event === 'call-record-lost').map(({ recordId }) => recordId);
    expect(lost()).toEqual(['r-1', 'r-2']);
    await file.close(5_000);
    expect(lost()).toEqual(['r-1', 'r-2', 'r-3', 'r-4']);
  });
});
