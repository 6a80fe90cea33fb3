import type { CallState } from '../../v1-wire/commands';

/** A call as a look at it shows it; `gone` where the platform knows no such call any more. */
export interface SeenCall {
  callId: string;
  state: CallState | 'gone';
  bridgeId?: string | undefined;
}

export function isOver({ state }: SeenCall): boolean {
  return state === 'completed' || state === 'rejected' || state === 'gone';
}
