import { randomUUID } from 'node:crypto';
import type { InternalErrors } from '../../support/internal-errors';
import { LEASE_MS, type Instances } from '../store';
import type { Answer, CommandSender, Deadline } from './command-sender';
import type { Connection } from './connection';
import type { Keys } from './keys';
import { HEARTBEAT } from './scripts';

export interface Heartbeat extends Pick<Instances, 'instance' | 'now' | 'isAlive' | 'holdsLease'> {
  /** Says that this instance is here, and learns who else is and what the time is. */
  beat(sender: CommandSender): Promise<void>;
  /** What was known of others may be out of date: they need time to be heard of. */
  disturb(): void;
  /** Beats once a second until it is closed. */
  start(connection: Connection): void;
  /** Takes this instance's name out, so that others need not wait for its lease to end. */
  close(connection: Connection): Promise<void>;
}

const EVERY_MS = 1_000;
/** After so long without a beat what the last one brought is out of date. */
const FRESH_MS = 3_000;
/** A reply that took longer says less about the time. */
const GOOD_ROUND_TRIP_MS = 250;
const KEEP_TIME_MS = 10_000;
/** A step of the shared clock that is no drift: another server keeps it now. */
const CLOCK_STEP_MS = 1_000;
const CLOSE_WITHIN_MS = 500;

/** The own clock is monotonic: what `Date` says of it is looked at once, until Redis has said the time. */
export function createHeartbeat(keys: Keys, internalErrors: InternalErrors): Heartbeat {
  const instance = randomUUID();
  const mono = () => performance.now();
  let offset = Date.now() - mono();
  let offsetAt = -Infinity;
  let sentAt = -Infinity;
  let steadySince = Infinity;
  let alive: ReadonlySet<string> = new Set();
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  /** Counts the disturbances, so that a beat knows of those that came while it was on its way. */
  let disturbances = 0;

  const isFresh = () => mono() - sentAt < FRESH_MS;

  function setClock(serverMs: number, from: number, to: number): void {
    const isGood = to - from <= GOOD_ROUND_TRIP_MS;
    if (!isGood && to - offsetAt < KEEP_TIME_MS) return;
    const next = serverMs - (from + to) / 2;
    if (offsetAt !== -Infinity && Math.abs(next - offset) > CLOCK_STEP_MS) steadySince = to;
    offset = next;
    offsetAt = to;
  }

  function learn({ reply, resent }: Answer, from: number): void {
    const to = mono();
    const [seconds, micros, added, names] = readReply(reply);
    const wasHere = sentAt !== -Infinity && from - sentAt < LEASE_MS;
    // The own name is gone from a set in which it was: so may be those of others.
    if (!isFresh() || (added && wasHere) || steadySince === Infinity) steadySince = to;
    if (!resent) setClock(seconds * 1_000 + micros / 1_000, from, to);
    alive = new Set(names);
    sentAt = from;
  }

  async function beat(sender: CommandSender, until?: Deadline): Promise<void> {
    const from = mono();
    const before = disturbances;
    const answer = await sender.script(HEARTBEAT, [keys.instances], [instance, String(LEASE_MS)], until);
    learn(answer, from);
    if (before !== disturbances) steadySince = mono();
  }

  function next(connection: Connection): void {
    if (closed) return;
    // A failed beat is the connection's to tell of, and the next one comes.
    const beatAgain = () =>
      beat(connection)
        .catch(() => undefined)
        .finally(() => next(connection));
    timer = setTimeout(internalErrors.guard('redis heartbeat', beatAgain), EVERY_MS);
    timer.unref();
  }

  return {
    instance,
    now: () => Math.floor(mono() + offset),
    isAlive(name) {
      if (name === instance) return true;
      const steady = isFresh() && mono() - steadySince >= LEASE_MS;
      return !steady || alive.has(name);
    },
    holdsLease: () => mono() - sentAt < LEASE_MS / 2,
    beat,
    disturb() {
      disturbances++;
      steadySince = Infinity;
    },
    start: next,
    async close(connection) {
      closed = true;
      clearTimeout(timer);
      sentAt = -Infinity;
      const until = mono() + CLOSE_WITHIN_MS;
      // Out of reach: then the lease ends by itself.
      await connection.command(keys.instances, ['ZREM', keys.instances, instance], until).catch(() => undefined);
    },
  };
}

function readReply(reply: unknown): [seconds: number, micros: number, added: boolean, names: string[]] {
  if (!Array.isArray(reply) || !Array.isArray(reply[3])) throw new TypeError('The heartbeat got a reply that is none');
  return [Number(reply[0]), Number(reply[1]), reply[2] === 1, reply[3].map(String)];
}
