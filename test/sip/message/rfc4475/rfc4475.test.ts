import { parseAuthParams, parseCSeq, parseNameAddr, parseVia } from '../../../../src/sip/header-values';
import type { SipMessage } from '../../../../src/sip/message';
import { parseMessage } from '../../../../src/sip/parse';
import { parseUri } from '../../../../src/addresses/uri';
import { INVALID } from './invalid';
import { SEMANTIC } from './semantic';
import { VALID } from './valid';

const MESSAGES = { ...VALID, ...INVALID, ...SEMANTIC };
type Name = keyof typeof MESSAGES;
type Verdict = 'accepted' | 'dropped' | number;

/** The parser's verdict on each message as a datagram, and the reason. Upper layers handle accepted messages. */
const VERDICTS: [name: Name, verdict: Verdict, why: string][] = [
  // 3.1.1: well-formed
  ['wsinv', 'accepted', 'folding, white space and spelling may vary'],
  ['intmeth', 'accepted', 'every token character is allowed, others are in quoted pairs'],
  ['esc01', 'accepted', 'escapes in URIs are equal to the characters that they encode'],
  ['escnull', 'accepted', 'an escaped NUL is a character like others'],
  ['esc02', 'accepted', 'outside of URIs, % is not an escape: an unknown method, an unknown header'],
  ['lwsdisp', 'accepted', 'no space is needed between display name and <'],
  ['longreq', 'accepted', 'long, but within the limits'],
  ['dblreq', 'accepted', 'a datagram ends where Content-Length says; the rest is ignored (18.3)'],
  ['semiuri', 'accepted', 'semicolons are allowed in the user part'],
  ['transports', 'accepted', 'unknown transports in Via'],
  ['mpart01', 'accepted', 'bodies are bytes'],
  ['unreason', 'accepted', 'the reason phrase is any UTF-8'],
  ['noreason', 'accepted', 'the reason phrase may be empty'],
  // 3.1.2: malformed
  ['badinv01', 400, 'empty parameters and list elements in Via and Contact'],
  ['clerr', 400, 'Content-Length beyond the end of the datagram'],
  ['ncl', 400, 'negative Content-Length'],
  ['scalar02', 400, 'CSeq, Max-Forwards and expiry out of range'],
  ['scalarlg', 'dropped', 'a response with CSeq out of range; responses are not answered'],
  ['quotbal', 'accepted', 'an unterminated quoted string: the name in To is not used'],
  ['ltgtruri', 400, 'angle brackets around the Request-URI'],
  ['lwsruri', 400, 'white space in the Request-URI'],
  ['lwsstart', 'accepted', 'several spaces in the request line are accepted'],
  ['trws', 'accepted', 'spaces after the request line, too'],
  ['escruri', 400, 'headers in the Request-URI'],
  ['baddate', 'accepted', 'a time zone other than GMT: Date is not used (RFC 3261 8.2.2)'],
  ['regbadct', 400, 'a Contact with ? and no angle brackets'],
  ['badaspec', 'accepted', 'spaces within the angle brackets are ignored'],
  ['baddn', 'accepted', 'a comma in a display name without quotes: there is one URI only'],
  ['badvers', 505, 'SIP/7.0'],
  ['mismatch01', 400, 'CSeq names another method'],
  ['mismatch02', 400, 'CSeq names another method, and the method is unknown'],
  ['bigcode', 'dropped', 'a response with a status out of range'],
  // 3.2: transactions
  ['badbranch', 400, 'a branch that is only the magic cookie does not identify a transaction'],
  // 3.3: application layer
  ['insuf', 400, 'no Call-ID, From or To; the response has the other headers'],
  ['unkscm', 'accepted', 'unknown URI scheme: the user agent responds with 416'],
  ['novelsc', 'accepted', 'a known but unsupported scheme: the same'],
  ['unksm2', 'accepted', 'unknown schemes in To, From, Contact: the registrar decides'],
  ['bext01', 'accepted', 'unknown required extensions: the user agent responds with 420'],
  ['invut', 'accepted', 'unknown content: the user agent responds with 415'],
  ['regaut01', 'accepted', 'unknown authorization scheme: the registrar responds with 401'],
  ['multi01', 400, 'two values of single-value headers'],
  ['mcl01', 400, 'two Content-Lengths'],
  ['bcast', 'accepted', 'two Vias in a response: it matches no transaction'],
  ['zeromf', 'accepted', 'Max-Forwards 0 matters to proxies only'],
  ['cparam01', 'accepted', 'without angle brackets the parameter is the header’s'],
  ['cparam02', 'accepted', 'with angle brackets it is the URI’s'],
  ['regescrt', 'accepted', 'headers in a Contact URI are allowed'],
  ['sdp01', 'accepted', 'no acceptable answer type: the user agent decides'],
  // 3.4: RFC 2543
  ['inv2543', 'accepted', 'no branch, no tag, no Max-Forwards, no Content-Length'],
];

const accepted = (name: Name): SipMessage => {
  const parsed = parseMessage(MESSAGES[name], 'datagram');
  if (parsed.kind !== 'message') throw new Error(`${name}: ${parsed.reason}`);
  return parsed.message;
};
const header = (name: Name, headerName: string): string => accepted(name).headers.get(headerName) ?? '';

it('has a verdict on all 49', () => {
  expect(VERDICTS).toHaveLength(49);
  expect(VERDICTS.map(([name]) => name).sort()).toEqual(Object.keys(MESSAGES).sort());
});

it.each(VERDICTS)('%s: %s, %s', (name, verdict) => {
  const parsed = parseMessage(MESSAGES[name], 'datagram');
  const said = parsed.kind === 'message' ? 'accepted' : parsed.kind === 'malformed' ? parsed.status : 'dropped';
  expect(said).toBe(verdict);
});

it('reproduces the bodies exactly: each has its Content-Length', () => {
  const withLength = VERDICTS.filter(
    ([name, verdict]) => verdict === 'accepted' && name !== 'inv2543' && name !== 'dblreq',
  );
  for (const [name] of withLength) {
    const { headers, body } = accepted(name);
    const head = MESSAGES[name].indexOf('\r\n\r\n') + 4;
    expect([name, body.length, MESSAGES[name].length - head]).toEqual([
      name,
      Number(headers.get('content-length')),
      Number(headers.get('content-length')),
    ]);
  }
});

describe('contents of accepted messages', () => {
  it('wsinv', () => {
    const { headers } = accepted('wsinv');
    expect(headers.all('via').map((via) => parseVia(via))).toEqual([
      { transport: 'UDP', host: '192.0.2.2', params: new Map([['branch', '390skdjuw']]) },
      { transport: 'TCP', host: 'spindle.example.com', params: new Map([['branch', 'z9hG4bK9ikj8']]) },
      { transport: 'UDP', host: '192.168.255.111', params: new Map([['branch', 'z9hG4bK30239']]) },
    ]);
    expect(parseNameAddr(header('wsinv', 'from'))).toEqual({
      displayName: 'J Rosenberg \\"',
      uri: 'sip:jdrosen@example.com',
      params: new Map([['tag', '98asjd8']]),
    });
    expect(parseNameAddr(header('wsinv', 'to'))?.params.get('tag')).toBe('1918181833n');
    expect(parseNameAddr(header('wsinv', 'contact'))).toEqual({
      displayName: 'Quoted string ""',
      uri: 'sip:jdrosen@example.com',
      params: new Map([
        ['newparam', 'newvalue'],
        ['secondparam', undefined],
        ['q', '0.33'],
      ]),
    });
    expect(parseCSeq(header('wsinv', 'cseq'))).toEqual({ number: 9, method: 'INVITE' });
    expect(header('wsinv', 'subject')).toBe('');
    expect(header('wsinv', 'newfangledheader')).toBe('newfangled value continued newfangled value');
    expect(header('wsinv', 'UnknownHeaderWithUnusualValue')).toBe(';;,,;;,;');
  });

  it('intmeth', () => {
    const message = accepted('intmeth');
    if (message.kind !== 'request') throw new Error('a request');
    expect(message.method).toBe("!interesting-Method0123456789_*+`.%indeed'~");
    expect(parseUri(message.uri)).toMatchObject({
      user: "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*",
      password: "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)",
      host: 'example.com',
    });
    expect(parseNameAddr(header('intmeth', 'to'))?.displayName).toBe('BEL:\x07 NUL:\0 DEL:\x7f');
    expect(parseNameAddr(header('intmeth', 'from'))).toMatchObject({
      displayName: "token1~` token2'+_ token3*%!.-",
      params: new Map([
        ["fromparam''~+*_!.-%", 'работающий'],
        ['tag', "_token~1'+`*%!-."],
      ]),
    });
    expect(header('intmeth', 'call-id')).toBe('intmeth.word%ZK-!.*_+\'@word`~)(><:\\/"][?}{');
    expect(parseVia(header('intmeth', 'via'))?.params.get('branch')).toBe("z9hG4bK-.!%66*_+`'~");
  });

  it('esc01, esc02 and escnull', () => {
    const message = accepted('esc01');
    if (message.kind !== 'request') throw new Error('a request');
    expect(parseUri(message.uri)).toMatchObject({ user: 'sips:user@example.com', host: 'example.net' });
    expect(parseUri(header('esc01', 'to'))?.user).toBe('user');
    expect(parseUri(parseNameAddr(header('esc01', 'contact'))?.uri ?? '')).toMatchObject({
      user: 'caller',
      params: new Map([
        ['lr', undefined],
        ['name', 'value%41'],
      ]),
    });
    expect(accepted('esc02')).toMatchObject({ method: 'RE%47IST%45R' });
    expect(accepted('esc02').headers.all('contact')).toEqual([
      '<sip:alias1@host1.example.com>',
      '<sip:alias3@host3.example.com>',
    ]);
    expect(parseUri(header('escnull', 'to'))?.user).toBe('null-\0-null');
  });

  it('lists, parameters and authorization', () => {
    expect(accepted('semiuri')).toMatchObject({ uri: 'sip:user;par=u%40example.net@example.com' });
    expect(accepted('semiuri').headers.all('accept')).toEqual([
      'application/sdp',
      'application/pkcs7-mime',
      'multipart/mixed',
      'multipart/signed',
      'message/sip',
      'message/sipfrag',
    ]);
    expect(
      accepted('transports')
        .headers.all('via')
        .map((via) => parseVia(via)?.transport),
    ).toEqual(['UDP', 'SCTP', 'TLS', 'UNKNOWN', 'TCP']);
    expect(accepted('longreq').headers.all('via')).toHaveLength(34);
    expect(parseNameAddr(header('cparam01', 'contact'))).toEqual({
      uri: 'sip:+19725552222@gw1.example.net',
      params: new Map([['unknownparam', undefined]]),
    });
    expect(parseNameAddr(header('cparam02', 'contact'))).toEqual({
      uri: 'sip:+19725552222@gw1.example.net;unknownparam',
      params: new Map(),
    });
    expect(parseAuthParams(header('regaut01', 'authorization'))).toEqual({
      scheme: 'NoOneKnowsThisScheme',
      params: new Map([['opaque-data', 'here']]),
    });
    expect(parseUri(parseNameAddr(header('regescrt', 'contact'))?.uri ?? '')?.headers).toBe(
      'Route=%3Csip:sip.example.com%3E',
    );
    expect(accepted('unreason')).toMatchObject({
      status: 200,
      reason: '= 2**3 * 5**2 но сто девяносто девять - простое',
    });
    expect(accepted('noreason')).toMatchObject({ status: 100, reason: '' });
  });
});
