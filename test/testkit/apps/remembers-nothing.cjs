/** Keeps no state: repeats its commands for repeated events. Hangs up the other leg. */
const { post, listen, calleeOf, NUMBER } = require('./api.cjs');

listen((event, callbackUrl, res) => {
  res.end();
  run(event, callbackUrl).catch(() => undefined);
});

const partners = new Map();

async function run({ eventType, callId, tag, ...event }, callbackUrl) {
  if (eventType === 'incomingcall') {
    // Ignores a refused dial.
    await post('calls', { from: NUMBER, to: calleeOf(event), callbackUrl, callTimeout: 10, tag: callId });
  } else if (eventType === 'answer' && tag) {
    partners.set(tag, callId);
    await post(`calls/${tag}`, { state: 'active' });
    await post('bridges', { callIds: [tag, callId] });
  } else if (eventType === 'hangup') {
    const partner = tag ?? partners.get(callId);
    if (partner) await post(`calls/${partner}`, { state: 'completed' });
  }
}
