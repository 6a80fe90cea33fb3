/** `/sandbox`: simulated phones, and calls that far ends make. Not part of v1, but with the same credentials. */
import { Router } from 'express';
import { z } from 'zod';
import { InvalidStateError, NotFoundError, ShuttingDownError } from '../errors';
import { BEHAVIOURS } from '../lines/behaviour';
import type { FarEnd } from '../lines/far-ends';
import type { Phone } from '../lines/phones';
import { placeSandboxCall } from '../lines/sandbox-call';
import type { ApiContext } from './context';
import { created } from './links';
import { MAX_PAGE_SIZE, pageQuery, sendPage } from './paging';
import { integer, parse, parseQuery, party, text } from './parse';
import { registrationRoutes } from './registrations';
import { showFarEnd } from './sandbox-resources';

/** Upper limit of all times: one day, ms. */
const MAX_MS = 86_400_000;

const newPhone = z.object({
  sipUri: text(512),
  name: text(64, 1).optional(),
  behaviour: z.enum(BEHAVIOURS).default('answer'),
  answerAfterMs: integer(0, MAX_MS).optional(),
  hangUpAfterMs: integer(0, MAX_MS).optional(),
});

const newCall = z.object({
  from: party,
  to: z.string().trim().min(1).max(512),
  giveUpAfterMs: integer(0, MAX_MS).optional(),
  hangUpAfterMs: integer(0, MAX_MS).optional(),
});

const listQuery = pageQuery.extend({
  size: integer(1, MAX_PAGE_SIZE).default(MAX_PAGE_SIZE),
  callId: text(256).optional(),
});

const dtmf = z.object({
  digits: z.string().regex(/^[A-D0-9#*]{1,92}$/, 'Invalid input: expected 1 to 92 of A-D 0-9 # *'),
});

export function sandboxRoutes(context: ApiContext): Router {
  const { domains, phones, farEnds, timing, calls, intake, registrar } = context;
  const router = Router();

  if (registrar) router.use('/registrations', registrationRoutes(registrar));

  router.post('/phones', (request, response) => {
    const { sipUri, name, behaviour: kind, ...times } = parse(newPhone, request.body);
    const endpoint = domains.endpointBySipUri(sipUri);
    if (!endpoint)
      throw new NotFoundError('endpoint', sipUri, 'create it with POST /v1/users/{userId}/domains/{id}/endpoints');
    const behaviour = {
      kind,
      answerAfterMs: times.answerAfterMs ?? timing.answerAfterMs,
      hangUpAfterMs: times.hangUpAfterMs ?? timing.hangUpAfterMs,
    };
    const phone = phones.attach({
      name: name ?? endpoint.name,
      endpointId: endpoint.id,
      sipUri: endpoint.sipUri,
      behaviour,
    });
    created(request, response, `/sandbox/phones/${phone.id}`).json(showPhone(phone));
  });

  router.get('/phones', (_request, response) => {
    response.json(phones.list().map(showPhone));
  });

  router.delete('/phones/:id', (request, response) => {
    if (!phones.detach(request.params.id)) throw new NotFoundError('phone', request.params.id);
    response.status(200).end();
  });

  router.post('/calls', (request, response) => {
    if (!intake.open) throw new ShuttingDownError();
    const farEnd = placeSandboxCall(parse(newCall, request.body), context);
    created(request, response, `/sandbox/calls/${farEnd.id}`).json(showFarEnd(farEnd, calls));
  });

  router.get('/calls', (request, response) => {
    const { callId, ...page } = parseQuery(listQuery, request.query);
    const found = farEnds.list().filter((farEnd) => callId === undefined || farEnd.callId === callId);
    sendPage(request, response, found, page, (farEnd) => showFarEnd(farEnd, calls));
  });

  router.get('/calls/:id', (request, response) => {
    response.json(showFarEnd(get(request.params.id), calls));
  });

  // The far end hangs up, or cancels its call.
  router.delete('/calls/:id', (request, response) => {
    controls(request.params.id).hangUp();
    response.status(200).end();
  });

  router.post('/calls/:id/dtmf', (request, response) => {
    const { digits } = parse(dtmf, request.body);
    const farEnd = get(request.params.id);
    if (farEnd.state !== 'up')
      throw new InvalidStateError('call-invalid-state', `The call ${farEnd.id} must be up (it is ${farEnd.state})`);
    controls(farEnd.id).pressKeys(digits);
    response.status(200).end();
  });

  const get = (id: string): FarEnd => {
    const farEnd = farEnds.find(id);
    if (!farEnd) throw new NotFoundError('sandbox-call', id);
    return farEnd;
  };

  const controls = (id: string) => {
    const farEnd = get(id);
    if (farEnd.controls) return farEnd.controls;
    throw new InvalidStateError(
      'call-invalid-state',
      farEnd.state === 'ended' ? `The call ${id} has ended` : `The call ${id} is between two numbers of the account`,
    );
  };

  return router;
}

function showPhone({ id, name, sipUri, behaviour: { kind, answerAfterMs, hangUpAfterMs } }: Phone) {
  return { id, name, sipUri, behaviour: kind, answerAfterMs, hangUpAfterMs };
}
