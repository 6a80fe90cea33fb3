/** Calls that the platform connects: transfers, and calls to the fallback number of an unreachable application. */
import type { Playback } from '../../media/playback';
import type { Call } from './call';

/** Ends a call. Idempotent. */
function end(call: Call): void {
  if (!call.over) call.hangUp();
}

/**
 * `POST /calls/{id} {state: transferring}`: connects the far ends of `call` and of `target`, a new outgoing leg.
 * When one ends, so does the other. If the target does not answer, the application controls the call again.
 * @param whisper a playback for the target before the connection
 */
export function transfer(call: Call, target: Call, whisper: Playback | undefined): void {
  const connect = (): void => {
    if (call.over || target.over) return;
    call.connect(target);
    target.connect(call);
  };
  call.watch({ ended: () => end(target) });
  target.watch({
    answered: () => (whisper ? target.play(whisper) : connect()),
    playDone: (playback) => playback === whisper && connect(),
    ended: () => (target.activeTime ? end(call) : call.returned()),
  });
}

/** Answers the caller when the fallback number answers, and connects both. */
export function divert(caller: Call, target: Call): void {
  caller.watch({
    answered() {
      if (target.over) return;
      caller.connect(target);
      target.connect(caller);
    },
    ended: () => end(target),
  });
  target.watch({
    answered: () => !caller.over && caller.answer(),
    ended: (cause) => {
      if (!caller.over) caller.hangUp(target.activeTime ? undefined : cause);
    },
  });
}
