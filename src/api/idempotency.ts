/**
 * Idempotent starts (draft-ietf-httpapi-idempotency-key-header). The id of the session is made from the key, so the
 * store's create-if-absent is the claim: one session for each key, across all instances.
 */
import { createHash } from 'node:crypto';
import type { Flow } from '../flows/flow';
import { BadRequestError, KeyReusedError } from '../http/problems';

/** One to 255 printable ASCII characters. */
const KEY = /^[\x20-\x7e]{1,255}$/;

/** @throws BadRequestError */
export function readIdempotencyKey(header: string | undefined): string | undefined {
  if (header === undefined || KEY.test(header)) return header;
  throw new BadRequestError('Idempotency-Key: must be 1 to 255 printable ASCII characters');
}

/** A hash, so that the key is in no log, no tag and no URL. */
export function sessionIdOf(key: string): string {
  return `f-${createHash('sha256').update(`idempotency ${key}`).digest('hex').slice(0, 32)}`;
}

/** Identifies a request body: its parsed fields, regardless of their order. */
export function fingerprintOf(body: Readonly<Record<string, unknown>>): string {
  const fields = Object.entries(body).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(fields)).digest('base64url');
}

/** @throws KeyReusedError where the session was started by another body */
export function mustBeSameRequest(flow: Flow, fingerprint: string): void {
  if (flow.kind !== 'speak-and-hang-up' || flow.fingerprint !== fingerprint) throw new KeyReusedError();
}
