import { randomBytes } from 'node:crypto';
import type { Flow } from '../../flows/flow';
import { parseState, printState } from './parse-state';

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

/** What follows the version in the stored string. */
export function encodeFlow(created: string, flow: Flow): string {
  return created + printState(flow);
}

/** @throws UnreadableStateError */
export function decodeFlow(text: string): StoredFlow {
  return {
    version: text.slice(0, VERSION_LENGTH),
    created: text.slice(VERSION_LENGTH, 2 * VERSION_LENGTH),
    flow: parseState(text.slice(2 * VERSION_LENGTH)),
  };
}
