/** The verification code of docs/call-records.md, run as it stands there. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { recordOf } from '../../../src/engine/call-records/record';
import { signatureOf } from '../../../src/engine/call-records/signature';
import { summaryOf } from '../../../src/engine/summary';
import { CALLER, offerOf, testEngine, willingControl } from '../../helpers/builders';

const SECRET = 'sixteen-characters';
const DOCS = readFileSync(join(__dirname, '../../../docs/call-records.md'), 'utf8');
const codeOf = (language: string) => DOCS.split(`\`\`\`${language}\n`)[1]?.split('```')[0] ?? '';

const body = JSON.stringify({ id: 'r-1', to: 'sip:jürgen@example.com' });
const now = Math.floor(Date.now() / 1_000);
const right = signatureOf(SECRET, body, now);

const CASES: [string, boolean, string, string, string][] = [
  ['right', true, body, right, SECRET],
  ['another body', false, body.replace('r-1', 'r-2'), right, SECRET],
  ['another secret', false, body, right, 'another-secret-16'],
  ['another time', false, body, right.replace(/^t=\d+/, `t=${now - 1}`), SECRET],
  ['an old one', false, body, signatureOf(SECRET, body, now - 301), SECRET],
  ['none', false, body, '', SECRET],
  ['one cut short', false, body, right.slice(0, -2), SECRET],
];

const hasPython = spawnSync('python3', ['--version']).status === 0;
if (!hasPython) process.stderr.write('LEFT OUT: the Python verification of call records needs python3\n');

describe('the documented verification', () => {
  it.each(CASES)('Node, %s: %s', (_, expected, text, header, secret) => {
    const print = `process.stdout.write(String(verify(...${JSON.stringify([text, header, secret])})))`;
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', `${codeOf('js')}\n${print}`], { encoding: 'utf8' });
    expect([stdout, stderr]).toEqual([String(expected), '']);
  });

  (hasPython ? it : it.skip).each(CASES)('Python, %s: %s', (_, expected, text, header, secret) => {
    const script = `${codeOf('python')}\nimport sys\nprint(verify(sys.argv[1].encode(), sys.argv[2], sys.argv[3]))`;
    const { stdout, stderr } = spawnSync('python3', ['-c', script, text, header, secret], { encoding: 'utf8' });
    expect([stdout.trim().toLowerCase(), stderr]).toEqual([String(expected), '']);
  });
});

it('docs/call-records.md has every field of a record, and no other', async () => {
  const { engine, store } = testEngine({ control: willingControl() });
  await engine.receive(offerOf());
  const flow = await store.get(CALLER);
  if (!flow) throw new Error('no session');
  const table = DOCS.split('## Fields')[1]?.split('## File')[0] ?? '';
  const documented = [...table.matchAll(/^\| ((?:`\w+`(?:, )?)+)/gm)].flatMap(([, names = '']) =>
    [...names.matchAll(/\w+/g)].map(([name]) => name),
  );
  expect(documented.sort()).toEqual(Object.keys(recordOf(summaryOf(flow), (at) => at)).sort());
});
