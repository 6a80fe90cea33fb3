/**
 * An application as they were written for the v1 API, with its official SDK: whoever calls is told to wait, the other
 * endpoint is called, and both are bridged. Only `baseUrl` is not the hosted service's.
 */
const http = require('node:http');
const Bandwidth = require('../../sdk/node_modules/node-bandwidth');

const { BASE_URL, USER_ID, API_TOKEN, API_SECRET, NUMBER, CALLER, CALLEE } = process.env;
const client = new Bandwidth({ userId: USER_ID, apiToken: API_TOKEN, apiSecret: API_SECRET, baseUrl: BASE_URL });
let url;

async function handle({ eventType, callId, tag, status }) {
  console.log(eventType, callId, status ?? '', tag ?? '');
  if (eventType === 'incomingcall') await client.Call.answer(callId);
  if (eventType === 'answer' && !tag) await client.Call.speakSentence(callId, 'Please wait.');
  if (eventType === 'speak' && status === 'done')
    await client.Call.create({ from: NUMBER, to: CALLEE, callbackUrl: url, tag: callId });
  if (eventType === 'answer' && tag) await client.Bridge.create({ bridgeAudio: true, callIds: [tag, callId] });
  if (eventType === 'hangup' && tag) await client.Call.hangup(tag);
}

const server = http.createServer((request, response) => {
  let body = '';
  request.on('data', (chunk) => (body += chunk));
  request.on('end', () => {
    response.end();
    handle(JSON.parse(body)).catch((error) => console.log('failed:', error.message));
  });
});

server.listen(0, '127.0.0.1', async () => {
  url = `http://127.0.0.1:${server.address().port}/`;
  const { id: applicationId } = await client.Application.create({
    name: 'old',
    incomingCallUrl: url,
    autoAnswer: false,
  });
  const { domains } = await client.Domain.list({});
  for (const domain of domains) {
    const { endpoints } = await client.Endpoint.list(domain.id);
    const caller = endpoints.find(({ sipUri }) => sipUri === CALLER);
    if (caller) await client.Endpoint.update(domain.id, caller.id, { applicationId });
  }
  console.log('ready');
});
