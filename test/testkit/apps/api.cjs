/** Shared by the three apps: an event server and a careless client of the v1 API, as in sample apps. */
const { createServer } = require('node:http');

const { API_TOKEN, API_SECRET, NUMBER, ENDPOINT } = process.env;
const authorization = `Basic ${Buffer.from(`${API_TOKEN}:${API_SECRET}`).toString('base64')}`;

/** Read from the first event, so that it needs no configuration. */
let api = '';

async function post(path, body) {
  const reply = await fetch(`${api}/${path}`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return reply.headers.get('location')?.split('/').pop();
}

/** @param handle handles one event; an error ends the app, as in any program without an error handler */
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
