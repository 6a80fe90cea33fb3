/** The least application that connects two endpoints: it dials, answers, bridges and hangs up, and counts what was refused. */
import { once } from 'node:events';
import http from 'node:http';

export async function startBridgingApp({ userId, token, secret, domain, callee }) {
  const agent = new http.Agent({ keepAlive: true });
  const headers = {
    authorization: `Basic ${Buffer.from(`${token}:${secret}`).toString('base64')}`,
    'content-type': 'application/json',
  };
  /** By the id of either leg: the other. */
  const partner = new Map();
  /** `answer 409 call-invalid-state` → how often */
  const refusals = new Map();
  const count = (what) => refusals.set(what, (refusals.get(what) ?? 0) + 1);
  let base = '';
  let own = '';

  const send = (method, path, body) =>
    new Promise((resolve, reject) => {
      const request = http.request(`${base}/v1/users/${userId}${path}`, { method, agent, headers }, (response) => {
        let text = '';
        response.on('data', (chunk) => (text += chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode, location: response.headers.location ?? '', text }),
        );
      });
      request.on('error', reject);
      request.end(body && JSON.stringify(body));
    });

  /** What the next step of each event is; the tag of the callee's leg is the caller's call id. */
  const steps = {
    incomingcall: ({ callId }) =>
      send('POST', '/calls', {
        from: callee.number,
        to: `sip:${callee.user}@${domain}`,
        callbackUrl: own,
        tag: callId,
      }),
    answer({ callId, tag }) {
      if (tag === undefined) {
        return send('POST', '/bridges', { callIds: [callId, partner.get(callId)] });
      }
      partner.set(callId, tag).set(tag, callId);
      return send('POST', `/calls/${tag}`, { state: 'active' });
    },
    hangup({ callId, tag }) {
      const other = partner.get(callId) ?? tag;
      partner.delete(callId);
      if (other === undefined || !partner.delete(other)) return undefined;
      return send('POST', `/calls/${other}`, { state: 'completed' });
    },
  };

  const server = http.createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => (text += chunk));
    request.on('end', () => {
      response.writeHead(200, { 'content-length': 0 }).end();
      const event = JSON.parse(text);
      count(`(${event.eventType} came)`);
      steps[event.eventType]?.(event)?.then(
        ({ status, text: reply }) => {
          if (status >= 300) count(`${event.eventType}: ${status} ${/"code":"([^"]*)"/.exec(reply)?.[1] ?? ''}`);
        },
        (error) => count(`${event.eventType}: ${error.message}`),
      );
    });
  });
  server.keepAliveTimeout = 600_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  own = `http://127.0.0.1:${server.address().port}/`;

  return {
    /** What came and what was refused since the last time. */
    takeCounts() {
      const counts = Object.fromEntries(refusals);
      refusals.clear();
      return counts;
    },
    /** Application, numbers, domain and endpoints. */
    async provision(platformUrl, lines, password) {
      base = platformUrl;
      const create = async (path, body) => {
        const { status, location, text } = await send('POST', path, body);
        if (status !== 201) throw new Error(`POST ${path}: ${status} ${text}`);
        return location.split('/').at(-1);
      };
      const applicationId = await create('/applications', { name: 'bench', incomingCallUrl: own, autoAnswer: false });
      const domainId = await create('/domains', { name: domain.split('.')[0] });
      for (const { user, number } of lines) {
        await create('/phoneNumbers', { number, applicationId });
        await create(`/domains/${domainId}/endpoints`, { name: user, applicationId, credentials: { password } });
      }
    },
    async close() {
      agent.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
