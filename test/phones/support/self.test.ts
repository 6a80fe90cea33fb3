/** The harness itself: phones that talk to each other and to sipp, with no product between. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dominantHz, part, rms, soundSpan, toneSeconds, toneSpans } from './analysis';
import { startBaresip, type Phone } from './baresip';
import { hears } from './listening';
import { startLossyProxy } from './lossy-proxy';
import { runSipp, startSipp } from './sipp';
import { joined, parseWav, silence, tone, writeWav, readWav } from './wav';

const folder = mkdtempSync(join(tmpdir(), 'tandem-self-'));
const low = join(folder, '440.wav');
const high = join(folder, '1000.wav');
beforeAll(() => {
  writeWav(low, tone(440, 60));
  writeWav(high, tone(1_000, 60));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('analysis', () => {
  const recorded = joined(silence(1), tone(440, 2), silence(1), tone(1_000, 1));

  it('finds the frequency of a tone to a hertz', () => {
    expect(dominantHz(tone(440, 2))).toBeCloseTo(440, 0);
    expect(dominantHz(tone(1_013, 0.5))).toBeCloseTo(1_013, 0);
    expect(dominantHz(silence(1))).toBeUndefined();
  });

  it('says from when to when a tone is there', () => {
    const [span, ...more] = toneSpans(recorded, 440);
    expect(more).toEqual([]);
    expect(span?.from).toBeCloseTo(1, 1);
    expect(span?.to).toBeCloseTo(3, 1);
    expect(toneSeconds(recorded, 1_000)).toBeCloseTo(1, 1);
    expect(toneSeconds(recorded, 600)).toBe(0);
  });

  it('says from when to when there is any sound, and how loud', () => {
    const span = soundSpan(recorded);
    expect([span?.from, span?.to]).toEqual([expect.closeTo(1, 1), expect.closeTo(5, 1)]);
    expect(rms(part(recorded, 1, 3))).toBeCloseTo(0.3 / Math.SQRT2, 3);
    expect(soundSpan(silence(1))).toBeUndefined();
  });

  it('reads what it wrote, and a file that is still being written', () => {
    const path = join(folder, 'short.wav');
    writeWav(path, tone(440, 0.1));
    expect(readWav(path).seconds).toBeCloseTo(0.1);
    const open = Buffer.concat([header(0), Buffer.alloc(1_600)]);
    expect(parseWav(open).seconds).toBeCloseTo(0.1);
  });
});

describe.each(['udp', 'tcp'] as const)('two phones over %s', (transport) => {
  let alice: Phone;
  let bob: Phone;
  beforeEach(async () => {
    const options = { domain: 'unused.invalid', transport };
    alice = await startBaresip({ ...options, name: 'alice', user: 'alice', play: low });
    bob = await startBaresip({ ...options, name: 'bob', user: 'bob', play: high });
  });
  afterEach(async () => {
    await alice.kill();
    await bob.kill();
  });

  it('each hears the tone of the other', async () => {
    await talk();
    await Promise.all([hears(alice, 1_000, 1.2), hears(bob, 440, 1.2)]);
    await bob.hangup();
    await alice.events.next('CALL_CLOSED');
    const [byAlice, byBob] = [await alice.heardLast(), await bob.heardLast()];
    expect(dominantHz(byAlice)).toBeCloseTo(1_000, 0);
    expect(dominantHz(byBob)).toBeCloseTo(440, 0);
    expect(toneSeconds(byAlice, 1_000)).toBeGreaterThan(1);
    expect(toneSeconds(byBob, 440)).toBeGreaterThan(1);
  });

  it('the keys of one are events of the other', async () => {
    await talk();
    await alice.dtmf('19*#');
    for (const digit of '19*#') expect((await bob.events.next('CALL_DTMF_START')).param).toBe(digit);
  });

  it('a phone that refuses is busy, one that gives up cancels', async () => {
    await alice.dial(bob.uri);
    await bob.events.next('CALL_INCOMING');
    await bob.hangup();
    expect((await alice.events.next('CALL_CLOSED')).param).toMatch(/^486/);
    await alice.dial(bob.uri);
    await bob.events.next('CALL_INCOMING');
    await alice.hangup();
    await bob.events.next('CALL_CLOSED');
  });

  async function talk(): Promise<void> {
    await alice.dial(bob.uri);
    await bob.events.next('CALL_INCOMING');
    await bob.accept();
    await Promise.all([alice.events.next('CALL_ESTABLISHED'), bob.events.next('CALL_ESTABLISHED')]);
  }
});

it('a phone that has ended says so, with what it printed', async () => {
  const phone = await startBaresip({ name: 'gone', user: 'gone', domain: 'unused.invalid' });
  await phone.quit();
  await expect(phone.dial('sip:x@127.0.0.1')).rejects.toThrow(/baresip gone has ended.*baresip is ready/s);
  await expect(phone.events.next('CALL_ESTABLISHED')).rejects.toThrow('CALL_ESTABLISHED will not come');
  await phone.kill();
});

describe.each(['udp', 'tcp'] as const)('sipp over %s', (transport) => {
  it('calls itself, and counts', async () => {
    const callee = await startSipp({ scenario: 'answer', transport, calls: 10 });
    const remote = `127.0.0.1:${callee.port}`;
    const caller = await runSipp({ scenario: 'uac', remote, transport, calls: 10, rate: 50 });
    expect(caller).toMatchObject({ exit: 'exit code 0', successful: 10, failed: 0 });
    expect(await callee.result).toMatchObject({ exit: 'exit code 0', successful: 10 });
  });

  it('is called by a phone', async () => {
    const callee = await startSipp({ scenario: 'answer', transport });
    const phone = await startBaresip({ name: 'caller', user: 'caller', domain: 'unused.invalid', transport });
    await phone.dial(`sip:service@127.0.0.1:${callee.port};transport=${transport}`);
    await phone.events.next('CALL_ESTABLISHED');
    await phone.hangup();
    expect(await callee.result).toMatchObject({ exit: 'exit code 0', successful: 1 });
    await phone.kill();
  });
});

it('says in the errors what went against the scenario', async () => {
  const nobody = await startSipp({ scenario: 'uas', calls: 1 });
  await nobody.kill();
  const result = await runSipp({ scenario: 'uac', remote: `127.0.0.1:${nobody.port}`, timeoutMs: 5_000 });
  expect(result.exit).not.toBe('exit code 0');
  expect(result.errors).not.toBe('');
});

describe('the lossy proxy', () => {
  it.each([
    ['the first packet of every kind', 'first' as const],
    ['30 % at random', { share: 0.3, seed: 7 }],
  ])('loses %s, and phones get through', async (_what, loss) => {
    const bob = await startBaresip({ name: 'bob', user: 'bob', domain: 'unused.invalid' });
    const proxy = await startLossyProxy({ host: '127.0.0.1', port: bob.sipPort }, loss);
    const alice = await startBaresip({ name: 'alice', user: 'alice', domain: 'unused.invalid' });
    await alice.dial(`sip:bob@${proxy.address}`);
    await bob.events.next('CALL_INCOMING', 60_000);
    await bob.accept();
    await alice.events.next('CALL_ESTABLISHED', 60_000);
    expect(proxy.lost.length).toBeGreaterThan(0);
    if (loss === 'first') expect(proxy.lost).toEqual(expect.arrayContaining(['up INVITE', 'down 200 INVITE']));
    await alice.kill();
    await bob.kill();
    await proxy.close();
  });
});

function header(dataBytes: number): Buffer {
  const path = join(folder, 'header.wav');
  writeWav(path, silence(0));
  const written = Buffer.from(readFileSync(path));
  written.writeUInt32LE(dataBytes, 40);
  return written;
}
