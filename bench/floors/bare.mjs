/** The least possible server that makes the flow happen: node:http, a Map, Node's own client. No checks, no log. */
import http from 'node:http';

const { BANDWIDTH_API_URL, BANDWIDTH_USER_ID, BANDWIDTH_API_TOKEN, BANDWIDTH_API_SECRET, LINES, HOST, PORT } =
  process.env;
const { hostname, port } = new URL(BANDWIDTH_API_URL);
const root = `/v1/users/${BANDWIDTH_USER_ID}`;
const agent = new http.Agent({ keepAlive: true });
const authorization = `Basic ${Buffer.from(`${BANDWIDTH_API_TOKEN}:${BANDWIDTH_API_SECRET}`).toString('base64')}`;
const [number] = LINES.split('=');

/** The other leg of each leg. */
const partners = new Map();
let url;

function command(path, payload, done) {
  const body = JSON.stringify(payload);
  const request = http.request({
    ...{ agent, hostname, port, path: root + path, method: 'POST' },
    headers: {
      Authorization: authorization,
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(body),
    },
  });
  request.on('response', (response) => {
    response.resume();
    done?.(response);
  });
  request.on('error', console.error);
  request.end(body);
}

function handle({ eventType, callId, to, tag }) {
  if (eventType === 'incomingcall') {
    command('/calls', { from: number, to, callbackUrl: `${url}/webhooks/voice`, tag: callId }, ({ headers }) => {
      const callee = headers.location.slice(headers.location.lastIndexOf('/') + 1);
      partners.set(callId, callee).set(callee, callId);
    });
  } else if (eventType === 'answer' && tag) {
    command(`/calls/${tag}`, { state: 'active' });
  } else if (eventType === 'answer') {
    command('/bridges', { callIds: [callId, partners.get(callId)] });
  } else if (eventType === 'hangup') {
    const partner = partners.get(callId);
    partners.delete(callId);
    if (partners.has(partner)) command(`/calls/${partner}`, { state: 'completed' });
  }
}

const server = http.createServer((request, response) => {
  let text = '';
  request.setEncoding('utf8');
  request.on('data', (chunk) => (text += chunk));
  request.on('end', () => {
    response.writeHead(200, { 'Content-Length': 0 });
    response.end();
    handle(JSON.parse(text));
  });
});
server.listen(Number(PORT), HOST, () => {
  url = `http://${HOST}:${server.address().port}`;
  console.log(JSON.stringify({ event: 'listening', url }));
});
