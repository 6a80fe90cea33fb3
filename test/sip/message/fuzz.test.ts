import { parseAuthParams, parseNameAddr, parseVia } from '../../../src/sip/header-values';
import { parseMessage } from '../../../src/sip/parse';
import { printMessage } from '../../../src/sip/print';
import { responseTo } from '../../../src/sip/respond';
import { parseUri } from '../../../src/addresses/uri';
import { fastestMs } from '../../helpers/fastest';
import { randomFrom } from '../../helpers/random-from';
import { mutate } from './mutations';

/** Most messages take 0.1 ms. */
const LIMIT_MS = 250;
const ROUNDS = process.env['CI'] ? 100_000 : 10_000;

it(`never throws for ${ROUNDS} mutated messages, and is fast`, () => {
  const random = randomFrom(4475);
  const seen = { message: 0, malformed: 0, dropped: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    const data = mutate(random);
    const from = round % 2 === 0 ? 'datagram' : 'stream';
    const start = performance.now();
    const parsed = parseMessage(data, from);
    // A single slow run may be caused by the machine.
    if (performance.now() - start > LIMIT_MS) expect(fastestMs(() => parseMessage(data, from))).toBeLessThan(LIMIT_MS);
    seen[parsed.kind]++;
    if (parsed.kind === 'malformed') {
      // The response can be parsed, unless it copies the defect.
      printMessage(responseTo(parsed.request, parsed.status, { reason: parsed.reason }));
    } else if (parsed.kind === 'message') {
      const { message } = parsed;
      // An accepted message is accepted again after printing.
      expect(parseMessage(printMessage(message), 'datagram').kind).toBe('message');
      for (const [, value] of message.headers) {
        parseNameAddr(value);
        parseVia(value);
        parseAuthParams(value);
        parseUri(value);
      }
    }
  }
  expect(Object.values(seen).every((count) => count > ROUNDS / 50)).toBe(true);
}, 120_000);
