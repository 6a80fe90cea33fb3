/** Limits the concurrent calls of an endpoint, so that one phone or a stolen password cannot use up all RTP ports. */
export interface CallsPerEndpoint {
  /** @returns a function to call once at the end of the call; undefined if the endpoint has reached the limit */
  begin(endpointId: string): (() => void) | undefined;
}

/** @param most 0: no limit */
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
