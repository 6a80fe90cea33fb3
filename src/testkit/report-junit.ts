/** The report as JUnit XML: a suite for each pass, a test case for each scenario and kind of finding. */
import { CODES, FINDINGS, ofCalls, type FindingCode } from './findings';
import type { Finding } from './group';
import type { PassResult, RunResult } from './run';

export function toJunit({ passes, findings, seed }: RunResult): string {
  const suites = [...passes.map((pass) => suiteOf(pass, findings, seed)), suiteOfApp(findings, seed)];
  const [tests, failures] = [sum(suites, 'tests'), sum(suites, 'failures')];
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="tandem-testkit" tests="${tests}" failures="${failures}">`,
    ...suites.map(({ xml }) => xml),
    '</testsuites>\n',
  ].join('\n');
}

interface Suite {
  xml: string;
  tests: number;
  failures: number;
}

interface Case {
  name: string;
  code: FindingCode;
  failure: Finding | undefined;
}

function suiteOf({ name, seconds, played }: PassResult, findings: readonly Finding[], seed: number): Suite {
  const scenarios = new Set(played.map(({ job }) => job));
  const cases = [...scenarios, 'unknown'].flatMap((scenario) =>
    CODES.filter(ofCalls).map((code): Case => {
      const finding = findings.find((each) => each.code === code);
      const counted = finding !== undefined && Object.hasOwn(finding.scenarios, `${name} ${scenario}`);
      return { name: scenario, code, failure: counted ? finding : undefined };
    }),
  );
  return suite(name, cases, seed, seconds);
}

function suiteOfApp(findings: readonly Finding[], seed: number): Suite {
  const cases = CODES.filter((code) => !ofCalls(code)).map((code): Case => {
    const failure = findings.find((each) => each.code === code);
    return { name: 'app', code, failure };
  });
  return suite('app', cases, seed, 0);
}

function suite(name: string, cases: readonly Case[], seed: number, seconds: number): Suite {
  const written = cases.map((each) => caseOf(name, each, seed));
  const failures = written.filter((xml) => xml.includes('<failure')).length;
  const xml = [
    `  <testsuite name="${name}" tests="${cases.length}" failures="${failures}" errors="0" skipped="0" time="${seconds.toFixed(3)}">`,
    `    <properties><property name="seed" value="${seed}"/></properties>`,
    ...written,
    '  </testsuite>',
  ].join('\n');
  return { xml, tests: cases.length, failures };
}

function caseOf(suiteName: string, { name, code, failure }: Case, seed: number): string {
  const attributes = `classname="${escape(`testkit.${suiteName}.${name}`)}" name="${escape(`${code}: ${FINDINGS[code].title}`)}"`;
  if (!failure) return `    <testcase ${attributes}/>`;
  const { severity, why, remedy, example, texts } = failure;
  const body = [
    ...texts,
    `why: ${why}`,
    `remedy: ${remedy}`,
    `seed: ${seed}`,
    ...(example ? [`for example ${example.call} (${example.scenario}): ${example.text}`, ...example.ladder] : []),
  ].join('\n');
  // Notes are no failures, as for the exit code.
  if (severity === 'note') return `    <testcase ${attributes}><system-out>${escape(body)}</system-out></testcase>`;
  const message = escape(texts[0] ?? code);
  return `    <testcase ${attributes}><failure type="${severity}" message="${message}">${escape(body)}</failure></testcase>`;
}

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&apos;'],
]);

/** Escapes text for XML 1.0, which forbids most control characters, even as entities. */
function escape(text: string): string {
  return text
    .replace(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '\u{fffd}')
    .replace(/[&<>"']/g, (character) => ENTITIES.get(character) ?? character);
}

const sum = (suites: readonly Suite[], key: 'tests' | 'failures'): number =>
  suites.reduce((total, each) => total + each[key], 0);
