/** The error body of the v1 API. */
import { z } from 'zod';

export const v1ErrorBody = z.object({
  code: z.string(),
  // A client needs the code. Not every platform sends the other fields.
  category: z.string().default('unknown'),
  message: z.string().default(''),
  details: z.array(z.object({ name: z.string(), value: z.unknown() })).nullish(),
});
export type V1ErrorBody = z.infer<typeof v1ErrorBody>;

/** Codes to which a client reacts. */
export const ERROR_CODES = {
  rateLimitReached: 'rate-limit-reached',
  callRateLimit: 'call-rate-limit',
  callUpdateConflict: 'call-update-conflict',
  bridgeUpdateConflict: 'bridge-update-conflict',
  numberAccessDenied: 'number-access-denied',
  callUnavailable: 'call-unavailable',
  bridgeBridgedCall: 'bridge-bridged-callId',
} as const;
