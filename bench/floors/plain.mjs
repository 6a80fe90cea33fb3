/** The flow as a good sample app would have it: Express, axios, zod and pino as they come, and a Map of calls. */
import http from 'node:http';
import axios from 'axios';
import express from 'express';
import { pino } from 'pino';
import { z } from 'zod';

const env = process.env;
const [number] = env.LINES.split('=');
const log = pino({ level: env.LOG_LEVEL });

const bandwidth = axios.create({
  baseURL: `${env.BANDWIDTH_API_URL}/v1/users/${env.BANDWIDTH_USER_ID}`,
  auth: { username: env.BANDWIDTH_API_TOKEN, password: env.BANDWIDTH_API_SECRET },
  timeout: 9_000,
  httpAgent: new http.Agent({ keepAlive: true }),
});

const common = {
  callId: z.string(),
  callUri: z.string().optional(),
  time: z.string().optional(),
  tag: z.string().optional(),
};
const voiceEvent = z.discriminatedUnion('eventType', [
  z.object({ eventType: z.literal('incomingcall'), ...common, from: z.string(), to: z.string() }),
  z.object({ eventType: z.literal('answer'), ...common, from: z.string(), to: z.string() }),
  z.object({ eventType: z.literal('timeout'), ...common, from: z.string(), to: z.string() }),
  z.object({ eventType: z.literal('hangup'), ...common, cause: z.string() }),
]);

/** The two legs of a call, found by the id of either. */
const pairs = new Map();
let callbackUrl;

async function post(path, body) {
  const { status, headers } = await bandwidth.post(path, body);
  log.info({ path, body, status }, 'command');
  return headers.location?.split('/').pop();
}

async function handle(event) {
  const pair = pairs.get(event.tag ?? event.callId);
  switch (event.eventType) {
    case 'incomingcall': {
      const created = { caller: event.callId, callee: undefined };
      pairs.set(event.callId, created);
      created.callee = await post('/calls', { from: number, to: event.to, callbackUrl, tag: event.callId });
      pairs.set(created.callee, created);
      break;
    }
    case 'answer':
      if (!pair) return;
      if (event.callId === pair.caller) await post('/bridges', { callIds: [pair.caller, pair.callee] });
      else await post(`/calls/${pair.caller}`, { state: 'active' });
      break;
    case 'hangup': {
      if (!pair) return;
      pairs.delete(event.callId);
      const other = event.callId === pair.caller ? pair.callee : pair.caller;
      if (pairs.has(other)) await post(`/calls/${other}`, { state: 'completed' });
    }
  }
}

const app = express();
app.use(express.json());
app.post('/webhooks/voice', (req, res) => {
  const parsed = voiceEvent.safeParse(req.body);
  if (!parsed.success) {
    res.status(400).json({ error: z.prettifyError(parsed.error) });
    return;
  }
  const event = parsed.data;
  log.info({ event }, 'event');
  res.sendStatus(200);
  handle(event).catch((err) => log.error({ err, callId: event.callId }, 'event failed'));
});

const server = app.listen(Number(env.PORT), env.HOST, () => {
  const url = `http://${env.HOST}:${server.address().port}`;
  callbackUrl = `${url}/webhooks/voice`;
  log.info({ event: 'listening', url }, 'listening');
});
