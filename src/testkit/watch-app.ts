/** Notices that the app has gone away, and by which call. */
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
  readonly incidents: readonly {
    scenario: Scenario;
    at: number;
    code: 'app-gone' | 'callback-unreachable';
    text: string;
  }[];
}

interface Cut {
  leg: Undelivered['leg'];
  eventType: string;
  at: number;
}

/** A supervisor may start it again. */
const COMES_BACK_MS = 2_000;

export function watchApp(url: string): AppWatch {
  const gone = new AbortController();
  const incidents: AppWatch['incidents'][number][] = [];
  const unreachable = new Set<string>();
  let cuts: Cut[] = [];
  let looking = false;
  let looks: Promise<void> = Promise.resolve();

  async function look({ leg, eventType }: Undelivered, { error: why, refused }: Failure): Promise<void> {
    const now = Date.now();
    const refusedAtOnce = (await waitFor(url, 0, gone.signal)) !== undefined;
    if (!refusedAtOnce && !refused) return;
    if (!refusedAtOnce) {
      const { host } = new URL(leg.callbackUrl);
      if (unreachable.has(host)) return;
      unreachable.add(host);
      const text = `${eventType} could not be sent to ${leg.callbackUrl}: ${why}`;
      incidents.push({
        scenario: leg.scenario,
        at: now - leg.scenario.journal.startedAt,
        code: 'callback-unreachable',
        text,
      });
      return;
    }
    const back = (await waitFor(url, COMES_BACK_MS, gone.signal)) === undefined;
    // Several events may have been under way when it died; one that it cannot know is the likeliest to have killed it.
    const cut = cuts.find((each) => each.eventType === UNKNOWN_EVENT) ?? cuts[0] ?? { leg, eventType, at: now };
    cuts = [];
    const { scenario } = cut.leg;
    const text = `${back ? 'the app was away for a moment' : 'the app takes no connections any more'}, since ${cut.eventType}`;
    incidents.push({ scenario, at: cut.at - scenario.journal.startedAt, code: 'app-gone', text: `${text} (${why})` });
    if (!back) gone.abort();
  }

  return {
    gone: gone.signal,
    incidents,
    idle: () => looks,
    onUndeliverable(event) {
      const { answer, leg, eventType } = event;
      if ('status' in answer || leg.scenario.closed) return;
      // A connection that was cut may be the moment in which it died.
      if (answer.cut) cuts.push({ leg, eventType, at: Date.now() });
      if ((!answer.refused && !answer.cut) || looking) return;
      looking = true;
      looks = look(event, answer).finally(() => (looking = false));
    },
  };
}
