/** Notices that the app has gone away, and by which call. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Scenario, Undelivered } from './platform';
import { UNKNOWN_EVENT } from './platform/delivery';
import type { Failure } from './platform/post-event';
import { waitFor } from './reach';

export interface AppWatch {
  onUndeliverable(event: Undelivered): void;
  /** Fires when the app does not come back. */
  readonly gone: AbortSignal;
  /** Resolves when nobody is looking whether it comes back. */
  idle(): Promise<void>;
  /** In the order in which they were noticed. */
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

/** A connection that broke with an event on it. */
interface Cut {
  leg: Undelivered['leg'];
  eventType: string;
  why: string;
  at: number;
}

/** A process that dies may break its connections some time before it takes no new ones. */
const DYING_MS = 500;
/** A supervisor may start it again. */
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
    // The app is there: each connection that it broke is a fault of its own. The unknown event has been told of already.
    for (const each of cuts.splice(0))
      if (each.eventType !== UNKNOWN_EVENT) note(each, 'event-unanswered', `the event ${each.eventType}: ${each.why}`);
    const { host } = new URL(leg.callbackUrl);
    if (!refused || cut || unreachable.has(host)) return;
    unreachable.add(host);
    note({ leg, at }, 'callback-unreachable', `${eventType} could not be sent to ${leg.callbackUrl}: ${why}`);
  }

  async function away(noticed: Cut): Promise<void> {
    const back = (await waitFor(url, COMES_BACK_MS, gone.signal)) === undefined;
    // Several events may have been under way when it died; one that it cannot know is the likeliest to have killed it.
    const killer = cuts.find((each) => each.eventType === UNKNOWN_EVENT) ?? cuts[0] ?? noticed;
    cuts = [];
    const text = back ? 'the app was away for a moment' : 'the app takes no connections any more';
    note(killer, 'app-gone', `${text}, since ${killer.eventType} (${noticed.why})`);
    if (!back) gone.abort();
  }

  /** What broke while it was looked has to be looked at too. */
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
      // A connection that was cut may be the moment in which it died.
      if (answer.cut) cuts.push({ leg, eventType, why: answer.error, at: Date.now() });
      if ((!answer.refused && !answer.cut) || looking) return;
      looking = true;
      looks = lookUntilClear(event, answer).finally(() => (looking = false));
    },
  };
}
