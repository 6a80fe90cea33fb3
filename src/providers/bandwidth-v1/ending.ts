/** Ends calls of the v1 API. A call that is over already counts as ended. */
import type { RejectCause } from '../../v1-wire/commands';
import { RefusedError } from '../errors';
import { isOver, type SeenCall } from './seen-call';

type EndState = 'completed' | 'rejected';

export interface EndingDeps {
  setState: (callId: string, state: string, cause?: RejectCause) => Promise<unknown>;
  look: (callId: string) => Promise<SeenCall>;
}

export interface Ending {
  reject(callId: string, cause: RejectCause | undefined): Promise<void>;
  /** @returns one attempt; the next one may end the call in another way */
  hangingUp(callId: string): () => Promise<void>;
}

export function createEnding({ setState, look }: EndingDeps): Ending {
  /** The platform refused a reject with a cause and took the same one without. */
  let refusesCauses = false;

  /** Asks for a call's end; undefined where it is over. A refusal is no failure then: that is what was wanted. */
  async function end(
    callId: string,
    state: EndState,
    cause?: RejectCause,
  ): Promise<{ refused: RefusedError; seen: SeenCall } | undefined> {
    try {
      await setState(callId, state, cause);
      return undefined;
    } catch (error) {
      if (!(error instanceof RefusedError) || error.status === 429 || error.status === 503) throw error;
      if (error.status === 404) return undefined;
      const seen = await look(callId);
      return isOver(seen) ? undefined : { refused: error, seen };
    }
  }

  async function reject(callId: string, wanted: RejectCause | undefined): Promise<void> {
    const cause = refusesCauses ? undefined : wanted;
    const still = await end(callId, 'rejected', cause);
    if (!still) return;
    // A platform that checks its bodies strictly may refuse the extension; the call still rings then.
    if (cause === undefined || still.refused.status !== 400 || still.seen.state !== 'started') throw still.refused;
    const stillThere = await end(callId, 'rejected');
    if (stillThere) throw stillThere.refused;
    refusesCauses = true;
  }

  /** A call that was not answered may have to be rejected: some platforms refuse to complete it. */
  function hangingUp(callId: string): () => Promise<void> {
    let state: EndState = 'completed';
    return async () => {
      const still = await end(callId, state);
      if (!still) return;
      state = still.seen.state === 'started' && state === 'completed' ? 'rejected' : 'completed';
      throw still.refused;
    };
  }

  return { reject, hangingUp };
}
