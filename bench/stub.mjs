/**
 * A stub of the v1 platform that costs little and keeps every call's books: who answered, who hung up, when.
 * Its own process (`fork`): sends { url } once it listens, then answers what servers.mjs asks of `run` with a report.
 *
 * A call, as the stub sees it:
 *   incomingcall ▶   ◀ create call   … the callee rings …   answer (callee) ▶   ◀ active   answer (caller) ▶   ◀ bridge
 *   … they talk …   hangup (callee) ▶   ◀ completed (caller)   hangup (caller) ▶
 */
import http from 'node:http';

const RING_MS = 5;
const TALK_MS = 5;
/** A round in which no call ends for so long has hung. */
const STALLED_MS = 15_000;

const CALLER = 'sip:jsmith_mobile@xyz-corp-testing.bwapp.bwsip.io';
const DIALLED = '+15552223333';
const EVENT_HEADERS = { 'Content-Type': 'application/json', 'User-Agent': 'BandwidthAPI/v1' };
const agent = new http.Agent({ keepAlive: true });

const [userId, token, secret] = process.argv.slice(2);
const authorization = `Basic ${Buffer.from(`${token}:${secret}`).toString('base64')}`;
const root = `/v1/users/${userId}`;

let origin;
let lastId = 0;
/** Legs by call id; gone from here once their whole call is over. */
const legs = new Map();
/** What the running round counts. */
let round;

const newRound = ({ targets = [], talkMs = TALK_MS } = {}) => ({
  targets,
  talkMs,
  turn: 0,
  done: 0,
  faults: new Map(),
  events: 0,
  commands: 0,
  latencies: [],
  lastProgress: Date.now(),
});

function fault(what) {
  round.faults.set(what, (round.faults.get(what) ?? 0) + 1);
}

// ---- events out ----

/** Where the next event goes: to any of several instances, whoever asked for it. */
function placeOf({ callbackUrl }) {
  const { targets } = round;
  if (targets.length < 2) return callbackUrl;
  return targets[round.turn++ % targets.length] + callbackUrl.slice(callbackUrl.indexOf('/', 'https://'.length));
}

function sendEvent(leg, eventType, fields = {}) {
  round.events++;
  const body = JSON.stringify({
    eventType,
    callId: leg.id,
    callUri: `${origin}${root}/calls/${leg.id}`,
    from: leg.from,
    to: leg.to,
    time: new Date().toISOString(),
    ...(leg.tag !== undefined && { tag: leg.tag }),
    ...fields,
  });
  return new Promise((resolve) => {
    const request = http.request(placeOf(leg), {
      agent,
      method: 'POST',
      headers: { ...EVENT_HEADERS, 'Content-Length': Buffer.byteLength(body) },
    });
    request.on('response', (response) => {
      response.resume();
      response.on('end', resolve);
      if (response.statusCode >= 300) fault(`${eventType} answered with ${response.statusCode}`);
    });
    request.on('error', (error) => {
      fault(`${eventType} not delivered: ${error.code}`);
      resolve();
    });
    request.end(body);
  });
}

function runCall(target) {
  return new Promise((resolve) => {
    const caller = {
      id: `c-caller${++lastId}`,
      direction: 'in',
      from: CALLER,
      to: DIALLED,
      state: 'started',
      callbackUrl: `${target}/webhooks/voice`,
      over: resolve,
    };
    legs.set(caller.id, caller);
    void sendEvent(caller, 'incomingcall', { callState: 'active', applicationId: 'a-bench' });
  });
}

async function hangUp(leg) {
  leg.state = 'completed';
  await sendEvent(leg, 'hangup', { cause: 'NORMAL_CLEARING' });
  leg.gone = true;
  const { partner } = leg;
  if (!partner?.gone) return;
  legs.delete(leg.id);
  legs.delete(partner.id);
  round.done++;
  round.lastProgress = Date.now();
  (leg.over ?? partner.over)();
}

// ---- commands in ----

const refuse = (status, code, message) => {
  fault(`${status} ${code}: ${message}`);
  return { status, body: { category: 'error', code, message } };
};

function createCall({ from, to, callbackUrl, tag }) {
  if (!from || !to || !callbackUrl) return refuse(400, 'validation-error', 'from, to and callbackUrl are needed');
  const callee = { id: `c-callee${++lastId}`, direction: 'out', from, to, state: 'started', callbackUrl, tag };
  legs.set(callee.id, callee);
  setTimeout(() => {
    if (callee.state !== 'started') return;
    callee.state = 'active';
    callee.answeredAt = performance.now();
    void sendEvent(callee, 'answer', { callState: 'active' });
  }, RING_MS);
  return { status: 201, location: `${root}/calls/${callee.id}` };
}

function updateCall(leg, { state }) {
  if (leg.state === 'completed') return refuse(409, 'call-invalid-state', `${state} on a call that has ended`);
  if (state === 'active' && leg.direction === 'in' && leg.state === 'started') {
    leg.state = 'active';
    return { status: 200, then: () => void sendEvent(leg, 'answer', { callState: 'active' }) };
  }
  if (state === 'completed') return { status: 200, then: () => void hangUp(leg) };
  return refuse(400, 'validation-error', `${state} on a call that is ${leg.state}`);
}

function createBridge({ callIds = [] }) {
  const [one, other] = callIds.map((id) => legs.get(id));
  if (one?.state !== 'active' || other?.state !== 'active') {
    return refuse(400, 'bridge-invalid-state', 'both legs must be active');
  }
  const callee = one.direction === 'out' ? one : other;
  round.latencies.push(performance.now() - callee.answeredAt);
  one.partner = other;
  other.partner = one;
  one.bridgeId = other.bridgeId = `brg-${++lastId}`;
  setTimeout(() => void hangUp(callee), round.talkMs);
  return { status: 201, location: `${root}/bridges/${one.bridgeId}` };
}

const resource = ({ id, direction, from, to, state, tag, callbackUrl, bridgeId }) => ({
  ...{ id, direction, from, to, state, tag, callbackUrl, bridgeId },
});

function handle(method, path, body) {
  if (path === `${root}/calls` && method === 'POST') return createCall(body);
  if (path === `${root}/bridges` && method === 'POST') return createBridge(body);
  if (path.startsWith(`${root}/calls?`) || path === `${root}/calls`) {
    const filter = [...new URL(path, origin).searchParams].filter(([name]) => name === 'from' || name === 'to');
    const found = [...legs.values()].filter((leg) => filter.every(([name, value]) => leg[name] === value));
    return { status: 200, body: found.slice(0, 1000).map(resource) };
  }
  if (path.startsWith(`${root}/calls/`)) {
    const leg = legs.get(path.slice(`${root}/calls/`.length));
    if (!leg) return refuse(404, 'call-not-found', `${method} of a call that is over`);
    return method === 'GET' ? { status: 200, body: resource(leg) } : updateCall(leg, body);
  }
  // Tandem asks once in a while whether an application leads to it.
  if (path.startsWith(`${root}/applications`) && method === 'GET') return { status: 200, body: [] };
  return refuse(404, 'not-found', `${method} ${path}`);
}

function reply(response, { status, location, body, then }) {
  const text = body === undefined ? '' : JSON.stringify(body);
  response.writeHead(status, {
    ...(location && { Location: location }),
    ...(text && { 'Content-Type': 'application/json' }),
    'Content-Length': Buffer.byteLength(text),
  });
  response.end(text, then);
}

const server = http.createServer((request, response) => {
  let text = '';
  request.setEncoding('utf8');
  request.on('data', (chunk) => (text += chunk));
  request.on('end', () => {
    round.commands++;
    const allowed = request.headers.authorization === authorization;
    const outcome = allowed
      ? handle(request.method, request.url, text && JSON.parse(text))
      : refuse(401, 'user-access-denied', 'bad credentials');
    reply(response, outcome);
  });
});

// ---- rounds ----

async function run({ target, targets = [target], calls, concurrency, rate, seconds: forSeconds, talkMs }) {
  round = newRound({ targets, talkMs });
  const { signal, stop } = stalled();
  const began = performance.now();
  const begin = (index) => Promise.race([runCall(targets[index % targets.length]), signal]);
  const all =
    rate === undefined ? inTurn(calls, concurrency, begin) : atRate(Math.round(rate * forSeconds), rate, begin);
  await Promise.race([all, signal]);
  stop();
  const seconds = (performance.now() - began) / 1000;
  const { done, events, commands, latencies, faults } = round;
  legs.clear();
  const wanted = calls ?? Math.round(rate * forSeconds);
  return { calls: wanted, done, seconds, events, commands, latencies, faults: Object.fromEntries(faults) };
}

/** So many at a time. */
function inTurn(calls, concurrency, begin) {
  let next = 0;
  const worker = async () => {
    while (next < calls) await begin(next++);
  };
  return Promise.all(Array.from({ length: concurrency }, worker));
}

/** So many a second, however many there are already. */
async function atRate(calls, rate, begin) {
  const began = performance.now();
  const begun = [];
  while (begun.length < calls) {
    while (begun.length < calls && begun.length < ((performance.now() - began) / 1000) * rate)
      begun.push(begin(begun.length));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return Promise.all(begun);
}

/** Resolves when nothing has ended for too long: the round is then reported as it is, with the calls it lacks. */
function stalled() {
  let timer;
  const signal = new Promise((resolve) => {
    timer = setInterval(() => Date.now() - round.lastProgress > STALLED_MS && resolve(), 1_000);
  });
  return { signal, stop: () => clearInterval(timer) };
}

round = newRound();
process.on('disconnect', () => process.exit());
process.on('message', async (work) => process.send(await run(work)));
server.keepAliveTimeout = 600_000;
server.listen(0, '127.0.0.1', () => {
  origin = `http://127.0.0.1:${server.address().port}`;
  process.send({ url: origin });
});
