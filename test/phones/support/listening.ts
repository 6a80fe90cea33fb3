/** What tests ask again and again of phones and of calls. */
import { part, rms, soundSpan, toneSeconds } from './analysis';
import type { Phone } from './baresip';
import type { Linphone } from './linphone';
import type { Stage } from './stage';
import { JSMITH } from './tandem';
import { eventually } from './waiting';

/** Waits until a phone has heard so much of a tone, while the call goes on. */
export async function hears(phone: Phone, hz: number, seconds = 1): Promise<void> {
  const heard = async () => (await phone.heard()).reduce((sum, wav) => sum + toneSeconds(wav, hz), 0) >= seconds;
  await eventually(`${phone.name} to hear ${hz} Hz for ${seconds} s`, heard, 40_000);
}

export async function isUp(...phones: readonly Phone[]): Promise<void> {
  await Promise.all(phones.map((phone) => phone.events.next('CALL_ESTABLISHED')));
}

/** Tandem calls jsmith_mobile, whose phone is this one, says something to it, and hangs up. */
export async function hearsSentence(stage: Stage, phone: Linphone): Promise<void> {
  await stage.tandem.own('POST', '/calls', { to: JSMITH.user, sentence: 'Hello sip client, this is a sentence.' });
  await phone.accept();
  await phone.up();
  await phone.ended();
  const heard = phone.heard();
  const { from, to } = soundSpan(heard) ?? { from: 0, to: 0 };
  expect(to - from).toBeGreaterThan(1);
  expect(rms(part(heard, from, to))).toBeGreaterThan(0.02);
}

/** Why the newest call of a direction ended, in the platform's words. */
export async function hangupOf(stage: Stage, direction: 'in' | 'out'): Promise<unknown> {
  const call = (await stage.calls()).find((one) => one.direction === direction);
  if (!call) throw new Error(`there is no call ${direction}`);
  return (await stage.events(call.id)).find(({ name }) => name === 'hangup')?.data;
}
