import { printParams } from '../../../src/sip/grammar';
import type { Via } from '../../../src/sip/header-values';
import { printHostPort } from '../../../src/addresses/host-port';

/** Prints the input of `parseVia`. */
export function printVia(via: Via): string {
  return `SIP/2.0/${via.transport} ${printHostPort(via)}${printParams(via.params)}`;
}
