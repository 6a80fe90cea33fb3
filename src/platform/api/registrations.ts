/** `/sandbox/registrations`: the registered phones. */
import { Router } from 'express';
import { printHostPort } from '../../addresses/host-port';
import { wallTime } from '../../support/steady-clock';
import type { Registrar, Registration } from '../../sip/registrar';

/** Lists registrations in the order in which the endpoints came online. */
export function registrationRoutes(registrar: Registrar): Router {
  const router = Router();
  router.get('/', (_request, response) => {
    const now = registrar.now();
    response.json(registrar.list().map((registration) => show(registration, now)));
  });
  return router;
}

function show({ endpointId, sipUri, contact }: Registration, now: number) {
  const { uri, flow, received, instance, userAgent, registeredAt, refreshedAt, expiresAt } = contact;
  return {
    endpointId,
    sipUri,
    contact: uri,
    transport: flow.transport,
    address: printHostPort(received),
    instance,
    userAgent,
    registeredAt: new Date(wallTime(registeredAt.getTime(), now)).toISOString(),
    refreshedAt: new Date(wallTime(refreshedAt.getTime(), now)).toISOString(),
    /** Seconds since the phone came online. */
    age: Math.max(0, Math.floor((now - registeredAt.getTime()) / 1000)),
    /** Seconds. */
    expiresIn: Math.max(0, Math.ceil((expiresAt.getTime() - now) / 1000)),
  };
}
