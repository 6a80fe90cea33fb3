import { randomBytes } from 'node:crypto';
import type { Flow } from '../../flows/flow';

/**
 * A flow as Redis keeps it: its version, the version it was created with, and its JSON, in one string. A version is
 * a name that no other write of any instance has, so that a write whose reply was lost is known again.
 */
export interface StoredFlow {
  version: string;
  created: string;
  flow: Flow;
}

/** The length of a version; the scripts cut by it. */
export const VERSION_LENGTH = 16;
const COUNTER_LENGTH = VERSION_LENGTH / 2;

/** Names of writes: eight random characters of this store, and eight that count. */
export function createVersions(): () => string {
  const own = randomBytes(6).toString('base64url');
  let count = 0;
  return () => own + (count++).toString(36).padStart(COUNTER_LENGTH, '0');
}

/** What follows the version in the stored string. `Infinity` becomes null, which no flow has. */
export function encodeFlow(created: string, flow: Flow): string {
  return created + JSON.stringify(flow);
}

export function decodeFlow(text: string): StoredFlow {
  const flow = JSON.parse(text.slice(2 * VERSION_LENGTH)) as FlowOnTheWire;
  return {
    version: text.slice(0, VERSION_LENGTH),
    created: text.slice(VERSION_LENGTH, 2 * VERSION_LENGTH),
    flow: {
      ...flow,
      deadlineAt: flow.deadlineAt ?? Infinity,
      checkAt: flow.checkAt ?? Infinity,
      wakeAt: flow.wakeAt ?? Infinity,
    },
  };
}

type Timers = 'deadlineAt' | 'checkAt' | 'wakeAt';
/** The three times that may be `Infinity`. */
type OnTheWire<F extends Flow> = Omit<F, Timers> & Record<Timers, number | null>;
type FlowOnTheWire = Flow extends infer F ? (F extends Flow ? OnTheWire<F> : never) : never;
