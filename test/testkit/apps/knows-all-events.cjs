/** Handles calls carefully, but crashes on undocumented events. */
const { post, listen, calleeOf, NUMBER } = require('./api.cjs');

const callees = new Map();
const handlers = {
  async incomingcall(event, callbackUrl) {
    const call = { from: NUMBER, to: calleeOf(event), callbackUrl, callTimeout: 10, tag: event.callId };
    const callee = await post('calls', call);
    if (callee) callees.set(event.callId, callee);
    else await post(`calls/${event.callId}`, { state: 'rejected' });
  },
  async answer({ callId, tag }) {
    if (tag) callees.set(tag, callId);
    if (tag) await post(`calls/${tag}`, { state: 'active' });
    else await post('bridges', { callIds: [callId, callees.get(callId)] });
  },
  async hangup({ callId, tag }) {
    if (tag) await post(`calls/${tag}`, { state: 'rejected' });
    const partner = tag ?? callees.get(callId);
    if (partner) await post(`calls/${partner}`, { state: 'completed' });
  },
  async timeout() {},
  async dtmf() {},
};

listen((event, callbackUrl, res) => {
  handlers[event.eventType](event, callbackUrl).catch(() => undefined);
  res.end();
});
