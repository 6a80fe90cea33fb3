/** Mutates messages; deterministic for a seed. */
import { INVALID } from './rfc4475/invalid';
import { SEMANTIC } from './rfc4475/semantic';
import { literal } from './rfc4475/literal';
import { VALID } from './rfc4475/valid';

const REGISTER = literal`
REGISTER sip:tandem.example.com SIP/2.0
Via: SIP/2.0/UDP 192.0.2.4:5060;rport;branch=z9hG4bK.1a2b3c
From: "Alice" <sip:alice@tandem.example.com>;tag=9fxced76sl
To: <sip:alice@tandem.example.com>
Call-ID: 3848276298220188511@192.0.2.4
CSeq: 2 REGISTER
Max-Forwards: 70
Contact: <sip:alice@192.0.2.4:5060;transport=udp>;+sip.instance="<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>";expires=3600
Authorization: Digest username="alice", realm="tandem.example.com", nonce="ea9c8e88df84f1cec4341ae6cbe5a359", uri="sip:tandem.example.com", response="dfe56131d1958046689d83306477ecc", algorithm=MD5, qop=auth, nc=00000001, cnonce="0a4f113b"
Expires: 3600
Supported: outbound, path, gruu
Content-Length: 0

`;

const SEEDS: readonly Buffer[] = [...Object.values({ ...VALID, ...INVALID, ...SEMANTIC }), REGISTER];

/** Fragments that often break parsers. */
const CHARACTERS = Buffer.from('\r\n\t\0 ";,<>:@=%\\?/[]()*\x80\xff', 'latin1');

/** A seed message with one to six changes. */
export function mutate(random: () => number, seeds: readonly Buffer[] = SEEDS): Buffer {
  const below = (limit: number): number => Math.floor(random() * limit);
  const any = (): Buffer => seeds[below(seeds.length)] ?? REGISTER;
  let data = Buffer.from(any());
  for (let changes = 1 + below(6); changes > 0; changes--) {
    const at = below(data.length + 1);
    const to = Math.min(data.length, at + 1 + below(random() < 0.2 ? 200 : 8));
    const [before, piece, after] = [data.subarray(0, at), data.subarray(at, to), data.subarray(to)];
    switch (below(7)) {
      case 0: // flip
        if (piece.length > 0) data[at] = (data[at] ?? 0) ^ (1 << below(8));
        break;
      case 1: // insert
        data = Buffer.concat([before, Buffer.from([CHARACTERS[below(CHARACTERS.length)] ?? 0]), data.subarray(at)]);
        break;
      case 2: // delete
        data = Buffer.concat([before, after]);
        break;
      case 3: // duplicate
        data = Buffer.concat([before, piece, piece, after]);
        break;
      case 4: {
        // splice
        const other = any();
        data = Buffer.concat([before, other.subarray(below(other.length))]);
        break;
      }
      case 5: // truncate
        if (random() < 0.3) data = Buffer.from(before);
        break;
      default: // repeat many times
        if (random() < 0.3) data = Buffer.concat([before, ...Array<Buffer>(below(300)).fill(piece), after]);
    }
  }
  return data.subarray(0, 65_000);
}
