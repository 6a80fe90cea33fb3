import { CODES, FINDINGS, ofCalls } from '../../src/testkit/findings';
import type { Finding } from '../../src/testkit/group';
import { toJunit } from '../../src/testkit/report-junit';
import type { RunResult } from '../../src/testkit/run';
import { expectWellFormed } from './xml';

const finding = (code: Finding['code'], texts: string[], scenarios: Record<string, number> = {}): Finding => ({
  code,
  ...FINDINGS[code],
  count: 1,
  onPerfectWire: 1,
  scenarios,
  texts,
});

const resultOf = (findings: Finding[]): RunResult => ({
  seed: 3,
  url: 'http://127.0.0.1/',
  passes: [
    {
      name: 'perfect',
      calls: 1,
      outcomes: {},
      faults: {},
      commands: {},
      seconds: 1.5,
      played: [
        {
          label: 'perfect/phone/busy',
          job: 'phone/busy',
          script: { farEnd: 'busy', farEndAfterMs: 1, endsBy: 'caller', talkMs: 1 },
          drawn: {},
        },
      ],
    },
  ],
  events: { sent: 0, accepted: 0, slowestMs: 0, refused: 0 },
  findings,
  remarks: [],
  interrupted: false,
});

describe('the JUnit report', () => {
  it('has a test case for each scenario and each kind of finding, and no failures without findings', () => {
    const xml = toJunit(resultOf([]));
    expectWellFormed(xml);
    // Played calls, calls that the app started, and findings that belong to no call.
    const ofApp = CODES.length - CODES.filter(ofCalls).length;
    expect(xml.match(/<testcase /g)).toHaveLength(2 * CODES.filter(ofCalls).length + ofApp);
    expect(xml).toContain('failures="0"');
    expect(xml).not.toContain('<failure');
  });

  it('is well-formed for any answer of the app', () => {
    const nasty = 'answered <b class="x">&amp;\' ]]> \u0000\u001b[31m \ud800 \uffff ▶';
    const xml = toJunit(resultOf([finding('speak-refused', [nasty], { 'perfect phone/busy': 1 })]));
    expectWellFormed(xml);
    expect(xml.match(/<failure /g)).toHaveLength(1);
  });

  it('does not fail for notes', () => {
    const xml = toJunit(resultOf([finding('unknown-route', ['GET /x'])]));
    expectWellFormed(xml);
    expect(xml).not.toContain('<failure');
    expect(xml).toContain('<system-out>GET /x');
  });
});
