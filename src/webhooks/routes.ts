import { Router, json, type RequestHandler } from 'express';
import type { AuthLimit } from '../http/auth/auth-limit';
import { requireBasic } from '../http/auth/authentication';
import type { Engine } from '../engine/engine';
import { cutCode } from '../support/codes';
import type { Logger } from '../support/logger';
import type { Metrics } from '../engine/metrics';
import { jsonOnly } from '../http/json-only';
import { BadRequestError, DrainingError, MethodNotAllowedError, UnsupportedMediaTypeError } from '../http/problems';
import { toCallEvent } from '../providers/bandwidth-v1/events';
import { parseEvent } from '../v1-wire/events';

export interface WebhookDeps {
  engine: Engine;
  log: Logger;
  metrics: Metrics;
  credentials: { username: string; password: string } | undefined;
  authLimit: AuthLimit;
  /** Whether events may come by GET. */
  acceptGet: boolean;
}

/**
 * `/webhooks/voice`, incomingCallUrl and callbackUrl in one: authenticate → parse → dispatch → acknowledge. A 2xx says
 * that the event is stored; what could not be stored is a 5xx, so that the platform turns to its fallback URL.
 */
export function webhookRoutes({ engine, log, metrics, credentials, authLimit, acceptGet }: WebhookDeps): Router {
  const receive =
    (source: 'body' | 'query'): RequestHandler =>
    async (req, res) => {
      const parsed = parseEvent(req[source]);
      if (parsed.known === undefined) throw new BadRequestError(parsed.fault);
      if (!parsed.known) {
        metrics.eventReceived('unknown');
        log.warn({ event: 'event-type-unknown', eventType: cutCode(parsed.eventType) }, 'event of an unknown type');
      } else {
        const event = toCallEvent(parsed.event);
        if (!(await engine.accepts(event))) throw new DrainingError();
        await engine.receive(event, res.locals['requestId'] as string | undefined);
      }
      res.status(200).end();
    };

  const router = Router();
  router.use('/webhooks', requireBasic(credentials, authLimit));
  const readJson = [jsonOnly((type) => new UnsupportedMediaTypeError(type)), json({ limit: '64kb', type: () => true })];
  router.post('/webhooks/voice', readJson, receive('body'));
  const methods = acceptGet ? ['POST', 'GET'] : ['POST'];
  const notAllowed: RequestHandler = (req) => {
    throw new MethodNotAllowedError(req.method, methods);
  };
  // Express answers HEAD with the handler of GET, which takes in the event.
  router.head('/webhooks/voice', notAllowed);
  if (acceptGet) router.get('/webhooks/voice', receive('query'));
  router.all('/webhooks/voice', notAllowed);
  return router;
}
