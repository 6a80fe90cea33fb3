/** Where a call that came in goes to. */
import type { RejectCause } from './causes';

export const DIRECTIONS = ['sip-to-pstn', 'pstn-to-sip', 'sip-to-sip', 'unroutable', 'unknown'] as const;
/** `unknown`: one leg alone was found, or its caller had left before the call began. */
export type Direction = (typeof DIRECTIONS)[number];

export type Route =
  | {
      direction: Exclude<Direction, 'unroutable' | 'unknown'>;
      from: string;
      /** What is shown instead where the platform does not accept `from`. */
      fallbackFrom?: string;
      to: string;
      callTimeout: number;
    }
  | Refusal;

export interface Refusal {
  /** Why there is no route, for the log and the timeline. */
  refused: string;
  /** What the caller hears. */
  cause: RejectCause;
}
