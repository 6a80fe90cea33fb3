/**
 * The platform's telephones without its API: every call of an endpoint is put through to one phone in this process, so no
 * callback and no command is in the way. What a prototype of the signalling was measured with, beside `--app bench`.
 *
 *   node switch.mjs <dist> <domain> <password> <sip port> <caller> <callee>
 *
 * Prints `ready` when phones can register.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [dist, domainName, password, port, ...users] = process.argv.slice(2);
const load = (name) => createRequire(import.meta.url)(join(dist, name));
const { startTelephony } = load('platform/telephony.js');
const { createDomains } = load('platform/resources/domains.js');
const { createTimers } = load('support/timers.js');
const { createInternalErrors } = load('support/internal-errors.js');
const { createLogger } = load('support/logger.js');

const log = createLogger({ level: 'warn', pretty: false });
const internalErrors = createInternalErrors(log);
const domains = createDomains((endpointId, why) => telephony.registrar.forget(endpointId, why));
const domain = domains.create(domainName.split('.')[0]);
const endpoints = users.map((name) => domains.addEndpoint(domain, { name, enabled: true, password }));
const callee = endpoints.at(-1);
const noSound = { playStarted() {}, playDone() {}, playFailed() {}, dtmf() {} };
let ids = 0;

function receive({ from }, caller) {
  const callId = `c-${++ids}`;
  const [contact] = telephony.registrar.contactsOf(callee.id);
  if (!contact) return void caller.hangUp('NORMAL_TEMPORARY_FAILURE');
  caller.ring();
  const called = telephony.calls.dialContact(
    contact,
    callee,
    { callId: `${callId}-b`, from, to: callee.sipUri },
    {
      ...noSound,
      ringing() {},
      answered: () => caller.answer(),
      ended: (cause) => caller.hangUp(cause),
    },
  );
  return {
    callId,
    listener: {
      ...noSound,
      ringing() {},
      answered: () => caller.connect(called),
      ended: (cause) => called.hangUp(cause),
    },
  };
}

const telephony = await startTelephony(
  { host: '127.0.0.1', port: Number(port), maxLines: 20_000 },
  {
    domains,
    timers: createTimers(internalErrors),
    receive,
    intake: { open: true },
    ownMedia: () => undefined,
    errors: { record() {} },
    internalErrors,
    metrics: { sipAuthFailed() {}, rtpEnded() {} },
    log,
  },
);
process.on('SIGTERM', () => void telephony.close().then(() => process.exit()));
console.log('ready');
