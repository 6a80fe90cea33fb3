import type { LineListener } from '../../../src/platform/lines/line';

/** Records notifications of a line as texts. */
export function tellingListener(): { listener: LineListener; told: string[] } {
  const told: string[] = [];
  const listener: LineListener = {
    ringing: () => told.push('ringing'),
    answered: () => told.push('answered'),
    ended: (cause) => told.push(`ended ${cause}`),
    playStarted: () => told.push('playStarted'),
    playDone: () => told.push('playDone'),
    playFailed: () => told.push('playFailed'),
    dtmf: (digit) => told.push(`dtmf ${digit}`),
  };
  return { listener, told };
}

/** A listener for keys only. */
export function quietListener(dtmf: LineListener['dtmf'] = () => undefined): LineListener {
  return {
    ringing: () => undefined,
    answered: () => undefined,
    ended: () => undefined,
    playStarted: () => undefined,
    playDone: () => undefined,
    playFailed: () => undefined,
    dtmf,
  };
}
