/** How many calls each endpoint makes at once: one phone, or whoever has its password, shall not take every RTP port. */
export interface CallsPerEndpoint {
  /** @returns to be called when the call is over, once; undefined: the endpoint makes as many as it may already */
  begin(endpointId: string): (() => void) | undefined;
}

/** @param most 0: any number */
export function createCallsPerEndpoint(most: number): CallsPerEndpoint {
  const calls = new Map<string, number>();
  return {
    begin(endpointId) {
      const before = calls.get(endpointId) ?? 0;
      if (most > 0 && before >= most) return undefined;
      calls.set(endpointId, before + 1);
      return () => {
        const left = (calls.get(endpointId) ?? 1) - 1;
        if (left > 0) calls.set(endpointId, left);
        else calls.delete(endpointId);
      };
    },
  };
}
