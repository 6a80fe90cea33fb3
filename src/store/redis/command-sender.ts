import type { Script } from './scripts';

export interface Answer {
  reply: unknown;
  /** No reply came to an earlier one of the same: that may have been carried out. */
  resent: boolean;
}

/** When an operation is given up, on the clock of `performance.now()`, ms. */
export type Deadline = number;

export interface CommandSender {
  /** Sends a command until a reply comes. It must bear being carried out twice. Rejects with StoreUnavailableError. */
  command(key: string, args: string[], until?: Deadline): Promise<Answer>;
  /** The same for a script; the first key says where in a cluster. */
  script(script: Script, keys: string[], args: string[], until?: Deadline): Promise<Answer>;
}

/** What `within` rejects with: no error that Redis may send. */
export const NO_REPLY = Symbol('no reply');

/** Rejects with NO_REPLY when it takes too long. */
export function within<T>(promise: Promise<T>, until: Deadline): Promise<T> {
  return new Promise((resolve, reject) => {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- told from every error that Redis may send
    const timer = setTimeout(() => reject(NO_REPLY), until - performance.now());
    promise.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error: Error) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}
