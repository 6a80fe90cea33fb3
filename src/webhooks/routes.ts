import { Router, raw as rawBody, type Request, type RequestHandler } from 'express';
import type { Engine } from '../engine/engine';
import type { Metrics } from '../engine/metrics';
import type { AuthLimit } from '../http/auth/auth-limit';
import { mustBeAuthentic } from '../http/auth/authentication';
import { jsonOnly } from '../http/json-only';
import { BadRequestError, DrainingError, MethodNotAllowedError, UnsupportedMediaTypeError } from '../http/problems';
import type { RawWebhook, WebhookAdapter } from '../providers/provider';
import { cutCode } from '../support/codes';
import type { Logger } from '../support/logger';

export interface WebhookDeps {
  adapter: WebhookAdapter;
  engine: Pick<Engine, 'accepts' | 'receive'>;
  log: Logger;
  metrics: Pick<Metrics, 'eventReceived'>;
  authLimit: AuthLimit;
}

const NO_BODY = Buffer.alloc(0);

/**
 * The provider's webhooks: read the bytes → verify → parse → dispatch → acknowledge. A 2xx says that the events are stored;
 * what could not be stored is a 5xx, so that the provider delivers it again or turns to its fallback URL.
 */
export function webhookRoutes({ adapter, engine, log, metrics, authLimit }: WebhookDeps): Router {
  const { path, methods } = adapter;

  const verify: RequestHandler = async (request, _response, next) => {
    if (!adapter.open) await mustBeAuthentic(request, adapter.verify(rawOf(request)), adapter.challenge, authLimit);
    next();
  };

  const receive: RequestHandler = async (request, response) => {
    const parsed = adapter.parse(rawOf(request));
    if (parsed.type === 'malformed') throw new BadRequestError(parsed.fault);
    if (parsed.type === 'unknown') {
      metrics.eventReceived('unknown');
      log.warn({ event: 'event-type-unknown', eventType: cutCode(parsed.name) }, 'event of an unknown type');
    } else {
      for (const event of parsed.events) {
        if (!(await engine.accepts(event))) throw new DrainingError();
        await engine.receive(event, response.locals['requestId'] as string | undefined);
      }
    }
    response.status(200).end();
  };

  const notAllowed: RequestHandler = (request) => {
    throw new MethodNotAllowedError(request.method, methods);
  };

  const router = Router();
  const readBody = rawBody({ limit: '64kb', type: () => true });
  router.use('/webhooks', ...(adapter.signsBody ? [readBody, verify] : [verify, readBody]));
  router.post(
    path,
    jsonOnly((type) => new UnsupportedMediaTypeError(type)),
    receive,
  );
  // Express answers HEAD with the handler of GET, which takes in the event.
  router.head(path, notAllowed);
  if (methods.includes('GET')) router.get(path, receive);
  router.all(path, notAllowed);
  return router;
}

function rawOf({ method, headers, query, body }: Request): RawWebhook {
  return { method, headers, query, body: Buffer.isBuffer(body) ? body : NO_BODY };
}
