import type { LineListener } from '../../../src/platform/lines/line';

/** Records notifications of a line as texts. */
export function recordingListener(): { listener: LineListener; notifications: string[] } {
  const notifications: string[] = [];
  const listener: LineListener = {
    ringing: () => notifications.push('ringing'),
    answered: () => notifications.push('answered'),
    ended: (cause) => notifications.push(`ended ${cause}`),
    playStarted: () => notifications.push('playStarted'),
    playDone: () => notifications.push('playDone'),
    playFailed: () => notifications.push('playFailed'),
    dtmf: (digit) => notifications.push(`dtmf ${digit}`),
  };
  return { listener, notifications };
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
