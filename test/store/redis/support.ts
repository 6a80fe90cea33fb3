/** Several stores on one Redis, as several instances have them. */
import { openRedisStore, type RedisStoreOptions } from '../../../src/store/redis';
import type { FlowStore } from '../../../src/store/store';
import type { BridgeLegsFlow, Decision, Flow } from '../../../src/flows/flow';
import { recordingLog, type LogLine } from '../../helpers/builders';

export interface OpenedStore {
  store: FlowStore;
  lines: LogLine[];
  /** The first line that fits, seen or yet to come. */
  line: (fits: (line: LogLine) => boolean) => Promise<LogLine>;
}

const opened: FlowStore[] = [];

export async function openStore(options: Omit<RedisStoreOptions, 'log'>): Promise<OpenedStore> {
  const recording = recordingLog();
  const store = await openRedisStore({ ...options, log: recording.log });
  opened.push(store);
  return { store, lines: recording.lines, line: (fits) => recording.line(fits) };
}

export async function openStores(count: number, options: Omit<RedisStoreOptions, 'log'>): Promise<FlowStore[]> {
  return Promise.all(Array.from({ length: count }, async () => (await openStore(options)).store));
}

/** For afterEach. */
export async function closeStores(): Promise<void> {
  await Promise.all(opened.splice(0).map((store) => store.close()));
}

/** A transition that every order of updates shows: it counts, and writes itself down. */
export function append(what: string): (flow: Flow) => Decision {
  return (flow) => ({
    flow: {
      ...(flow as BridgeLegsFlow),
      bridgeTries: (flow as BridgeLegsFlow).bridgeTries + 1,
      timeline: [...flow.timeline, { at: 1, what, phase: flow.phase }],
    },
    commands: [],
  });
}

export function whatHappened(flow: Flow | undefined): string[] {
  return (flow?.timeline ?? []).map(({ what }) => what);
}
