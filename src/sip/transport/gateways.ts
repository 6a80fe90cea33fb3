/**
 * IPv4 default gateways, from Linux's routing table. Routers and container hosts replace source addresses with theirs.
 */
import { readFileSync } from 'node:fs';

const ROUTES = '/proc/net/route';
/** Destination and gateway of a line: IPv4 addresses in hexadecimal, bytes reversed. */
const DEFAULT_ROUTE = /^\S+\s+00000000\s+([0-9A-F]{8})\s/gim;

/** Returns an empty list on systems without `/proc/net/route`. */
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
  return gateways.filter((address) => address !== '0.0.0.0'); // a link without a gateway
}
