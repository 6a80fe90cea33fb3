import { Router, json } from 'express';
import type { z } from 'zod';
import type { AuthLimit } from '../http/auth/auth-limit';
import { requireBearer } from '../http/auth/authentication';
import { numberFor, type DialPlan } from '../dial-plan/dial-plan';
import type { Engine } from '../engine/engine';
import type { Flow } from '../flows/flow';
import { StoreUnavailableError } from '../store/errors';
import type { FlowStore } from '../store/store';
import { jsonOnly } from '../http/json-only';
import {
  BadRequestError,
  DrainingError,
  MaybePlacedError,
  NotFoundError,
  UnsupportedMediaTypeError,
} from '../http/problems';
import { isE164, toE164 } from '../addresses/e164';
import { describeFault } from '../v1-wire/events';
import { newId } from '../support/ids';
import { normaliseSipUri, parseSipUri } from '../addresses/sip-uri';
import { toCallView } from './call-view';
import { fingerprintOf, mustBeSameRequest, readIdempotencyKey, sessionIdOf } from './idempotency';
import { openApiDocument } from './openapi';
import { callFilter, newCall } from './schemas';

export interface ApiDeps {
  engine: Engine;
  store: FlowStore;
  plan: DialPlan;
  /** Why the platform's voices cannot speak a sentence, where that is known before the call. */
  sentenceFault?: ((sentence: string) => string | undefined) | undefined;
  /** Bearer token of `/calls`; undefined: open to all. */
  token: string | undefined;
  authLimit: AuthLimit;
}

/** Tandem's own API: start a spoken call, look at calls, end one. */
export function apiRoutes({ engine, store, plan, sentenceFault, token, authLimit }: ApiDeps): Router {
  const router = Router();
  const view = (flow: Flow) => toCallView(flow, (at) => store.wallTime(at));
  router.get('/openapi.json', (_req, res) => void res.json(openApiDocument()));
  router.use(
    '/calls',
    requireBearer(token, authLimit),
    jsonOnly((type) => new UnsupportedMediaTypeError(type)),
  );

  router.post('/calls', json({ limit: '64kb', type: () => true }), async (req, res) => {
    const { to, from, ...speech } = parse(newCall, req.body);
    const key = readIdempotencyKey(req.get('idempotency-key'));
    const id = key === undefined ? newId('flow') : sessionIdOf(key);
    const fingerprint = key === undefined ? undefined : fingerprintOf({ to, from, ...speech });
    const answer = (status: 200 | 201, flow: Flow): void => {
      if (status === 200 && fingerprint !== undefined) mustBeSameRequest(flow, fingerprint);
      res.status(status).location(`/calls/${id}`).json(view(flow));
    };
    const first = key === undefined ? undefined : await store.get(id);
    if (first) return answer(200, first);

    if (engine.draining) throw new DrainingError();
    const fault = sentenceFault?.(speech.sentence);
    if (fault !== undefined) throw new BadRequestError(`sentence: ${fault}`);
    const callee = calleeOf(to, plan);
    const number = from ?? numberFor(callee, plan.lines);
    if (number === undefined || !isE164(number))
      throw new BadRequestError('from: is not E.164; write it as +15551234567');
    const { flow, started } = await engine
      .speak({ id, from: number, to: callee, callTimeout: plan.callTimeout, speech, fingerprint })
      .catch((error: unknown) => {
        throw error instanceof StoreUnavailableError ? new MaybePlacedError(key !== undefined) : error;
      });
    answer(started ? 201 : 200, flow);
  });

  router.get('/calls', async (req, res) => {
    const flows = await store.list(parse(callFilter, req.query));
    res.json({ calls: flows.map(view) });
  });

  router.get('/calls/:id', async (req, res) => {
    res.json(view((await store.get(req.params.id)) ?? missing(req.params.id)));
  });

  router.delete('/calls/:id', async (req, res) => {
    res.status(202).json(view((await engine.end(req.params.id)) ?? missing(req.params.id)));
  });
  return router;
}

function parse<T extends z.ZodType>(schema: T, input: unknown): z.infer<T> {
  const parsed = schema.safeParse(input ?? {});
  if (!parsed.success) throw new BadRequestError(describeFault(parsed.error));
  return parsed.data;
}

/** A SIP URI, the user name of one of our endpoints, or a phone number. */
function calleeOf(to: string, { lines, defaultCountry }: DialPlan): string {
  const uri = normaliseSipUri(to);
  const endpoint = lines.find((line) => line.endpoint === uri || parseSipUri(line.endpoint)?.user === to)?.endpoint;
  const callee = endpoint ?? uri ?? toE164(to, defaultCountry);
  if (callee === undefined) {
    throw new BadRequestError(`to: "${to}" is neither a SIP URI, nor an endpoint of LINES, nor a phone number`);
  }
  return callee;
}

function missing(id: string): never {
  throw new NotFoundError(`there is no call ${id}; calls that ended a while ago are forgotten`);
}
