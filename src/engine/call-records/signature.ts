/** `Tandem-Signature: t=<seconds>,v1=<hex>`: HMAC-SHA256 of `<seconds>.<body>`. */
import { createHmac } from 'node:crypto';

export const SIGNATURE_HEADER = 'tandem-signature';

/** @param time when the request is sent, Unix time in seconds */
export function signatureOf(secret: string, body: string, time: number): string {
  const mac = createHmac('sha256', secret).update(`${time}.${body}`).digest('hex');
  return `t=${time},v1=${mac}`;
}
