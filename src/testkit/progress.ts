/** Shows the progress of a run: a bar on a terminal, occasional lines elsewhere. */
import type { Progress } from './run';

const BAR_WIDTH = 30;
const SHARES = 4;

/** @param out writes text unchanged */
export function createProgress(out: (text: string) => void, isTerminal: boolean): (progress: Progress) => void {
  let lastLine = '';
  return ({ pass, done, of, faulty }) => {
    const share = of === 0 ? 1 : done / of;
    const about = `${pass}: ${done} of ${of} calls${faulty > 0 ? `, faults in ${faulty}` : ''}`;
    if (isTerminal) {
      const full = Math.round(share * BAR_WIDTH);
      const end = done === of ? '\n' : '';
      return out(`\r\u001b[K${'█'.repeat(full)}${'░'.repeat(BAR_WIDTH - full)} ${about}${end}`);
    }
    const line = `${pass} ${Math.floor(share * SHARES)}`;
    if (line === lastLine) return;
    lastLine = line;
    out(`${about}\n`);
  };
}
