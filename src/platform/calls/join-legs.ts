/** Calls that the platform itself connects: a transfer, and the fallback number of a number whose application is gone. */
import type { Playback } from '../../media/playback';
import type { Call } from './call';

/** Ends a call that may have ended. */
function end(call: Call): void {
  if (!call.over) call.hangUp();
}

/**
 * `POST /calls/{id} {state: transferring}`: the far end of `call` is connected to the far end of `target`, a leg that
 * was just dialled. When one ends so does the other; when the target never answers the call is the application's again.
 * @param whisper what the target hears before it is connected
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

/** The caller is answered when the fallback number answers, and both are connected. */
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
