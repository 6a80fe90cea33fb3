/** Detects that the app has stopped, and which call caused it. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Scenario, Undelivered } from './platform';
import { UNKNOWN_EVENT } from './platform/delivery';
import type { Failure } from './platform/post-event';
import { waitFor } from './reach';

export interface AppWatch {
  onUndeliverable(event: Undelivered): void;
  /** Aborted when the app does not come back. */
  readonly gone: AbortSignal;
  /** Resolves when no check of the app is running. */
  idle(): Promise<void>;
  /** In the order of their detection. */
  readonly incidents: readonly Incident[];
}

type Code = 'app-gone' | 'callback-unreachable' | 'event-unanswered';

interface Incident {
  scenario: Scenario;
  /** ms since the call began */
  at: number;
  code: Code;
  text: string;
}

/** A connection that broke during an event. */
interface Cut {
  leg: Undelivered['leg'];
  eventType: string;
  why: string;
  at: number;
}

/** A crashing process may break its connections before it refuses new ones, ms. */
const DYING_MS = 500;
/** Time for a supervisor to restart the app, ms. */
const COMES_BACK_MS = 2_000;

export function watchApp(url: string): AppWatch {
  const gone = new AbortController();
  const incidents: Incident[] = [];
  const unreachable = new Set<string>();
  let cuts: Cut[] = [];
  let looking = false;
  let looks: Promise<void> = Promise.resolve();

  const note = ({ leg: { scenario }, at }: { leg: Undelivered['leg']; at: number }, code: Code, text: string): void => {
    incidents.push({ scenario, at: at - scenario.journal.startedAt, code, text });
  };

  const isThere = async (): Promise<boolean> => (await waitFor(url, 0, gone.signal)) === undefined;

  async function look({ leg, eventType }: Undelivered, { error: why, refused, cut }: Failure): Promise<void> {
    const at = Date.now();
    let stands = await isThere();
    if (stands && cut) {
      await delay(DYING_MS);
      stands = await isThere();
    }
    if (!stands) return away({ leg, eventType, why, at });
    // The app is running, so each broken connection is a separate fault. The unknown event has already been reported.
    for (const each of cuts.splice(0))
      if (each.eventType !== UNKNOWN_EVENT) note(each, 'event-unanswered', `the event ${each.eventType}: ${each.why}`);
    const { host } = new URL(leg.callbackUrl);
    if (!refused || cut || unreachable.has(host)) return;
    unreachable.add(host);
    note({ leg, at }, 'callback-unreachable', `${eventType} could not be sent to ${leg.callbackUrl}: ${why}`);
  }

  async function away(noticed: Cut): Promise<void> {
    const back = (await waitFor(url, COMES_BACK_MS, gone.signal)) === undefined;
    // Several events may have been pending when the app crashed. One of an unknown type is the most likely cause.
    const killer = cuts.find((each) => each.eventType === UNKNOWN_EVENT) ?? cuts[0] ?? noticed;
    cuts = [];
    const text = back ? 'the app was unreachable for a moment' : 'the app accepts no more connections';
    note(killer, 'app-gone', `${text}, since ${killer.eventType} (${noticed.why})`);
    if (!back) gone.abort();
  }

  /** Repeats the check for connections that broke during the check. */
  async function lookUntilClear(event: Undelivered, failure: Failure): Promise<void> {
    await look(event, failure);
    for (let next = cuts[0]; next && !gone.signal.aborted; next = cuts[0])
      await look({ ...event, ...next }, { error: next.why, refused: false, cut: true });
  }

  return {
    gone: gone.signal,
    incidents,
    idle: () => looks,
    onUndeliverable(event) {
      const { answer, leg, eventType } = event;
      if ('status' in answer || leg.scenario.closed) return;
      // A broken connection may mark the moment of a crash.
      if (answer.cut) cuts.push({ leg, eventType, why: answer.error, at: Date.now() });
      if ((!answer.refused && !answer.cut) || looking) return;
      looking = true;
      looks = lookUntilClear(event, answer).finally(() => (looking = false));
    },
  };
}
