/** The report as text. */
import { FINDINGS, type Severity } from './findings';
import { sumOf } from './counting';
import { type Finding } from './group';
import type { Options } from './options';
import type { PassResult, RunResult } from './run';

const MARKS: Record<Severity, string> = { error: '✘', warning: '▲', note: '·' };
const PASSES: Record<PassResult['name'], string> = { perfect: 'without faults', faulty: 'with faults' };

export function describeRun(result: RunResult, options: Options): string {
  const { findings, remarks, interrupted, events } = result;
  const lines = [
    '',
    `${result.url}, seed ${result.seed}`,
    ...result.passes.map(describePass),
    `  events: ${events.sent} sent, ${events.refused} failed, slowest answer after ${events.slowestMs} ms`,
    ...(options.speak ? [] : ['  left out: speak scenarios, which need --speak-url']),
    ...remarks.map((remark) => `  note: ${remark}`),
    ...(interrupted ? ['  interrupted: partial results'] : []),
    ...findings.flatMap(describeFinding),
    '',
    verdict(result, options),
  ];
  return lines.join('\n');
}

function describePass({ name, calls, faults, seconds }: PassResult): string {
  const injected = Object.entries(faults).map(([kind, count]) => `${count} ${kind}`);
  const total = Object.values(faults).reduce((sum, count) => sum + count, 0);
  const about = total === 0 ? '' : `, ${several(total, 'fault')} (${injected.join(', ')})`;
  return `  ${PASSES[name]}: ${several(calls, 'call')} in ${seconds.toFixed(1)} s${about}`;
}

const several = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

function describeFinding(finding: Finding): string[] {
  const { severity, code, title, count, onPerfectWire, why, remedy, scenarios, example, texts } = finding;
  const often = count === 1 ? 'once' : `${count} times`;
  const where = Object.entries(byName(scenarios)).map(([name, each]) => `${name}${each > 1 ? ` ${each}×` : ''}`);
  const wire = onPerfectWire > 0 ? `${onPerfectWire} without faults` : 'only with faults';
  return [
    '',
    `${MARKS[severity]} ${code}, ${often}: ${title}`,
    `    what   ${texts.join('\n           ')}`,
    ...(where.length > 0 ? [`    where  ${wire}: ${shortened(where)}`] : []),
    `    why    ${why}`,
    `    remedy ${remedy}`,
    ...(example
      ? [
          `    for example ${example.call} (${example.scenario}), ${(example.at / 1000).toFixed(3)} s after it began: ${example.text}`,
          '',
          ...example.ladder.map((line) => `    ${line}`),
        ]
      : []),
  ];
}

function byName(scenarios: Record<string, number>): Record<string, number> {
  return sumOf(Object.entries(scenarios).map(([key, count]) => [key.slice(key.indexOf(' ') + 1), count] as const));
}

const WHERE_SHOWN = 8;
const shortened = (names: readonly string[]): string =>
  names.length > WHERE_SHOWN
    ? `${names.slice(0, WHERE_SHOWN).join(', ')} and ${names.length - WHERE_SHOWN} more`
    : names.join(', ');

function verdict({ findings, seed, passes, interrupted }: RunResult, options: Options): string {
  const calls = passes.reduce((sum, pass) => sum + pass.calls, 0);
  const counted = findings.filter(({ code }) => FINDINGS[code].severity !== 'note');
  if (counted.length === 0)
    return interrupted ? `no faults so far, in ${calls} calls` : `✔ no faults in ${calls} calls`;
  const all = counted.reduce((sum, { count }) => sum + count, 0);
  const simple = counted.filter(({ onPerfectWire }) => onPerfectWire > 0).length;
  const kinds = counted.length === 1 ? 'one kind of fault' : `${counted.length} kinds of fault`;
  const split = `${simple} without injected faults, ${counted.length - simple} only with them`;
  return (
    `✘ ${kinds}, found ${all === 1 ? 'once' : `${all} times`}; ${split}.\n` +
    `  Repeat the same calls and faults: --seed ${seed} --calls ${options.calls} --faults ${options.faultsText}; a single call: --call NUMBER`
  );
}
