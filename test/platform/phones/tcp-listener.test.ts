/** A phone that registers over TCP, closes the connection, and listens at its contact (RFC 3261 18.1.1). */
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { ENDPOINT, world, type World } from '../support/harness';
import { softphone } from '../support/softphone';

let w: World;
let listener: net.Server;
afterEach(async () => {
  await w.close();
  await new Promise((resolve) => listener.close(resolve));
});

it('is called over a new connection', async () => {
  w = await world({ sip: { host: '127.0.0.1', port: 0 } });
  listener = net.createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;

  const phone = await softphone({ server: w.platform.sip!.phones, tcp: true });
  await phone.register({ contacts: [`<sip:jsmith_mobile@127.0.0.1:${port};transport=tcp>`] });
  const connected = once(listener, 'connection') as Promise<[net.Socket]>;
  phone.close();
  const [socket] = await connected;
  const said = once(socket, 'data') as Promise<[Buffer]>;
  // The platform has accepted the connection before it answers the next request.
  await w.dial(ENDPOINT);
  const [invite] = await said;
  expect(String(invite)).toMatch(
    new RegExp(`^INVITE sip:jsmith_mobile@127\\.0\\.0\\.1:${port};transport=tcp SIP/2\\.0`),
  );
  expect((await w.sandbox.get('/registrations')).body).toMatchObject([{ transport: 'TCP' }]);
  socket.destroy();
});
