import { createInternalErrors, type InternalErrors } from '../../src/support/internal-errors';

/** For tests in which there shall be no internal error: each is thrown on. */
export const strictErrors: InternalErrors = createInternalErrors({
  error: (fields: object) => {
    throw (fields as { err: Error }).err;
  },
});

export function rethrow(error: unknown): void {
  throw error;
}
