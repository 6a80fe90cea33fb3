/** Default gateways (IPv4) as Linux lists them: what a router or a container's host puts in place of those behind it. */
import { readFileSync } from 'node:fs';

const ROUTES = '/proc/net/route';
/** Destination and gateway of a line: bytes of an address in reverse, in hexadecimal. */
const DEFAULT_ROUTE = /^\S+\s+00000000\s+([0-9A-F]{8})\s/gim;

/** None where the system has no such list. */
export function defaultGateways(read: () => string = () => readFileSync(ROUTES, 'latin1')): readonly string[] {
  let routes: string;
  try {
    routes = read();
  } catch {
    return [];
  }
  const gateways = [...routes.matchAll(DEFAULT_ROUTE)].map(([, hex = '']) =>
    [...Buffer.from(hex, 'hex')].reverse().join('.'),
  );
  return gateways.filter((address) => address !== '0.0.0.0'); // a link without one
}
