/** sipp: scenarios in XML, played against the platform or as the other end. Exit code 0 means that every call went as written. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChild } from './child';
import { freePorts, isFreeTcp, isFreeUdp } from './ports';
import { eventually } from './waiting';

const SCENARIOS = join(__dirname, '../scenarios');

export interface SippOptions {
  /** A file of test/phones/scenarios without `.xml`, or one of sipp's own: `uac`, `uas`. */
  scenario: string;
  /** `host:port`; not needed by a scenario that waits to be called. */
  remote?: string;
  transport?: 'udp' | 'tcp';
  /** Calls after which it ends; default 1. */
  calls?: number;
  /** New calls a second; default 1. */
  rate?: number;
  /** Lines of the injection file: `[field0]` is the first column of a row. */
  rows?: readonly (readonly string[])[];
  /** `-key NAME VALUE`: `[NAME]` in the scenario. */
  keys?: Readonly<Record<string, string>>;
  /** Kills it, and fails, after so long; default 60 s. */
  timeoutMs?: number;
}

export interface SippResult {
  /** How it ended: `exit code 0` is success of all calls. */
  exit: string;
  successful: number;
  failed: number;
  retransmissions: number;
  /** The last row of its statistics, by column. */
  stats: Readonly<Record<string, string>>;
  /** What went against the scenario, in sipp's words. */
  errors: string;
}

export interface Sipp {
  readonly port: number;
  /** Resolves when it has ended; where calls failed, too. */
  readonly result: Promise<SippResult>;
  /** What sipp and its trace say so far. */
  errors(): string;
  /** Ends it at once. */
  kill(): Promise<void>;
}

/** Starts it and waits until its port is bound. */
export async function startSipp(options: SippOptions): Promise<Sipp> {
  const { scenario, remote, transport = 'udp', calls = 1, rate = 1, rows, keys = {}, timeoutMs = 60_000 } = options;
  const folder = mkdtempSync(join(tmpdir(), 'tandem-sipp-'));
  // SIP, a control port, and eight for RTP.
  const port = await freePorts(10);
  const isOwn = readdirSync(SCENARIOS).includes(`${scenario}.xml`);
  if (rows) writeFileSync(join(folder, 'rows.csv'), ['SEQUENTIAL', ...rows.map((row) => row.join(';')), ''].join('\n'));
  const args = [
    ...(isOwn ? ['-sf', join(SCENARIOS, `${scenario}.xml`)] : ['-sn', scenario]),
    ...(rows ? ['-inf', join(folder, 'rows.csv')] : []),
    ...Object.entries(keys).flatMap(([name, value]) => ['-key', name, value]),
    ...['-i', '127.0.0.1', '-p', `${port}`, '-mi', '127.0.0.1', '-mp', `${port + 2}`, '-cp', `${port + 1}`],
    ...['-t', transport === 'udp' ? 'u1' : 't1', '-m', `${calls}`, '-r', `${rate}`, '-nostdin'],
    ...['-trace_err', '-error_file', join(folder, 'errors.log')],
    ...['-trace_stat', '-stf', join(folder, 'stats.csv'), '-fd', '1'],
    ...(remote === undefined ? [] : [remote]),
  ];
  const child = startChild('sipp', args, { cwd: folder, env: { TERM: 'dumb' } });
  const errors = (): string => readIfThere(join(folder, 'errors.log')) || child.output().slice(-2_000);

  const timer = setTimeout(() => void child.end('SIGKILL'), timeoutMs);
  const result = child.gone.then((exit): SippResult => {
    clearTimeout(timer);
    const stats = lastRow(readIfThere(join(folder, 'stats.csv')));
    const found = {
      exit,
      successful: Number(stats['SuccessfulCall(C)'] ?? 0),
      failed: Number(stats['FailedCall(C)'] ?? 0),
      retransmissions: Number(stats['Retransmissions(C)'] ?? 0),
      stats,
      errors: errors(),
    };
    rmSync(folder, { recursive: true, force: true });
    return found;
  });
  const isBound = async (): Promise<boolean> =>
    child.exit() !== undefined || !(await (transport === 'udp' ? isFreeUdp(port) : isFreeTcp(port)));
  await eventually('sipp to listen', isBound).catch(async (error: unknown) => {
    await child.end('SIGKILL');
    throw error;
  });
  return { port, result, errors, kill: () => child.end('SIGKILL') };
}

export async function runSipp(options: SippOptions): Promise<SippResult> {
  return (await startSipp(options)).result;
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function lastRow(csv: string): Record<string, string> {
  const lines = csv.trim().split('\n');
  const [names, last] = [lines[0]?.split(';') ?? [], lines.at(-1)?.split(';') ?? []];
  return lines.length < 2 ? {} : Object.fromEntries(names.map((name, index) => [name, last[index] ?? '']));
}
