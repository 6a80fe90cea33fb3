/** Answers the caller at once, dials, bridges, and never hangs up. */
const { post, listen, calleeOf, NUMBER } = require('./api.cjs');

listen((event, callbackUrl, res) => {
  res.end();
  run(event, callbackUrl).catch(() => undefined);
});

async function run(event, callbackUrl) {
  if (event.eventType === 'incomingcall') {
    await post(`calls/${event.callId}`, { state: 'active' });
    await post('calls', { from: NUMBER, to: calleeOf(event), callbackUrl, callTimeout: 10, tag: event.callId });
  } else if (event.eventType === 'answer' && event.tag) {
    await post('bridges', { callIds: [event.tag, event.callId] });
  }
  // ignores hangup
}
