/** Groups equal findings, with a count and the clearest call as an example. */
import { CODES, FINDINGS, type FindingCode, type FindingKind } from './findings';
import { countBy, groupBy } from './counting';
import type { Found } from './judge';
import { drawLadder, withNames } from './ladder';

export type PassName = 'perfect' | 'faulty';

export interface Example {
  /** `perfect/phone/busy`, `faulty/17` */
  call: string;
  scenario: string;
  pass: PassName;
  text: string;
  /** ms since the call began */
  at: number;
  ladder: string[];
  /** Faults injected into the call, by kind. */
  faults: Record<string, number>;
}

export interface Finding extends FindingKind {
  code: FindingCode;
  count: number;
  /** How many of them happened without injected faults. */
  onPerfectWire: number;
  /** Counts by pass and scenario, like `perfect phone/busy`. */
  scenarios: Record<string, number>;
  /** Missing for findings that belong to no call. */
  example?: Example;
  /** The most frequent descriptions, without ids. */
  texts: string[];
}

export interface PassFound extends Found {
  pass: PassName;
}

const TEXTS_SHOWN = 5;

export function groupFindings(
  found: readonly PassFound[],
  ofApp: ReadonlyMap<FindingCode, readonly string[]>,
): Finding[] {
  const byCode = groupBy(found, ({ code }) => code);
  return CODES.flatMap((code): Finding[] => {
    const ofCalls = byCode.get(code) ?? [];
    const others = ofApp.get(code) ?? [];
    const count = ofCalls.length + others.length;
    if (count === 0) return [];
    const example = exampleOf(ofCalls);
    return [
      {
        code,
        ...FINDINGS[code],
        count,
        onPerfectWire: ofCalls.filter(({ pass }) => pass === 'perfect').length,
        scenarios: countBy(ofCalls, ({ pass, played }) => `${pass} ${played.job.scenario.name}`),
        ...(example && { example }),
        texts: mostFrequent([...ofCalls.map(({ text }) => withoutIds(text)), ...others]),
      },
    ];
  });
}

/** Prefers calls without injected faults, and short ones. */
function exampleOf(found: readonly PassFound[]): Example | undefined {
  const cost = ({ pass, entries }: PassFound): number => (pass === 'perfect' ? 0 : 10_000) + entries;
  const [best] = [...found].sort((a, b) => cost(a) - cost(b));
  if (!best) return undefined;
  const { job, scenario } = best.played;
  return {
    call: job.label,
    scenario: job.scenario.name,
    pass: best.pass,
    text: withNames(best.text),
    at: best.at,
    ladder: drawLadder(scenario.journal.entries.slice(0, best.entries), best.noticed ? undefined : best),
    faults: Object.fromEntries(scenario.journal.faults),
  };
}

const withoutIds = (text: string): string => withNames(text).replace(/\d+\.\d s/, 'seconds');

function mostFrequent(texts: readonly string[]): string[] {
  const counts = Object.entries(countBy(texts, (text) => text)).sort(([, a], [, b]) => b - a);
  return counts.slice(0, TEXTS_SHOWN).map(([text]) => text);
}
