/** What tests ask again and again of phones and of calls. */
import { toneSeconds } from './analysis';
import type { Phone } from './baresip';
import type { Stage } from './stage';
import { eventually } from './waiting';

/** Waits until a phone has heard so much of a tone, while the call goes on. */
export async function hears(phone: Phone, hz: number, seconds = 1): Promise<void> {
  const heard = async () => (await phone.heard()).reduce((sum, wav) => sum + toneSeconds(wav, hz), 0) >= seconds;
  await eventually(`${phone.name} to hear ${hz} Hz for ${seconds} s`, heard, 15_000);
}

export async function isUp(...phones: readonly Phone[]): Promise<void> {
  await Promise.all(phones.map((phone) => phone.events.next('CALL_ESTABLISHED')));
}

/** Why the newest call of a direction ended, in the platform's words. */
export async function hangupOf(stage: Stage, direction: 'in' | 'out'): Promise<unknown> {
  const call = (await stage.calls()).find((one) => one.direction === direction);
  if (!call) throw new Error(`there is no call ${direction}`);
  return (await stage.events(call.id)).find(({ name }) => name === 'hangup')?.data;
}
