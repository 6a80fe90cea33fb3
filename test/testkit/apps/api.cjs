/** What the three apps share: a server for events, and the v1 API with as little care as samples take of it. */
const { createServer } = require('node:http');

const { API_TOKEN, API_SECRET, NUMBER, ENDPOINT } = process.env;
const authorization = `Basic ${Buffer.from(`${API_TOKEN}:${API_SECRET}`).toString('base64')}`;

/** Taken from the first event, so that nobody has to set it. */
let api = '';

async function post(path, body) {
  const reply = await fetch(`${api}/${path}`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return reply.headers.get('location')?.split('/').pop();
}

/** @param handle one event; what it throws is the app's end, as in any program that has no handler for it */
function listen(handle) {
  const server = createServer((req, res) => {
    let text = '';
    req.on('data', (chunk) => (text += chunk));
    req.on('end', () => {
      const event = JSON.parse(text);
      api = event.callUri.replace(/\/calls\/.*/, '');
      handle(event, `http://${req.headers.host}/callback`, res);
    });
  });
  server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
    process.stdout.write(`http://127.0.0.1:${server.address().port}/callback\n`);
  });
}

const calleeOf = (event) => (event.to === NUMBER ? ENDPOINT : event.to);

module.exports = { post, listen, calleeOf, NUMBER };
