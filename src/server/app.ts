import { randomUUID } from 'node:crypto';
import express, { type Express, type RequestHandler } from 'express';
import helmet from 'helmet';
import { createAuthLimit } from '../http/auth/auth-limit';
import { apiRoutes } from '../api/routes';
import type { Engine } from '../engine/engine';
import type { DialPlan } from '../dial-plan/dial-plan';
import type { FlowStore } from '../store/store';
import type { InternalErrors } from '../support/internal-errors';
import type { Logger } from '../support/logger';
import type { Provider } from '../providers/provider';
import { readiness } from './readiness';
import type { Metrics } from '../engine/metrics';
import { ForbiddenError, notFound, problemHandler } from '../http/problems';
import { cors, createOriginPolicy, sameOrigin, type OriginRefusal, type OriginSettings } from '../http/same-origin';
import { webhookRoutes } from '../webhooks/routes';

export interface AppDeps {
  engine: Engine;
  store: FlowStore;
  metrics: Metrics;
  log: Logger;
  /** A new name for every process: who finds the server by a file can tell whether it is still that one. */
  instance?: string | undefined;
  internalErrors?: InternalErrors | undefined;
  plan: DialPlan;
  /** Why the platform's voices cannot speak a sentence, where that is known before the call. */
  sentenceFault?: ((sentence: string) => string | undefined) | undefined;
  apiToken: string | undefined;
  provider: Pick<Provider, 'webhook' | 'check'>;
  /** Own origins, and those of other sites whose pages may use the API. */
  origins: Pick<OriginSettings, 'own' | 'allowed'>;
}

/** Tandem's HTTP side. Builds it; never listens. */
export function createApp(deps: AppDeps): Express {
  const { engine, store, metrics, log, internalErrors, plan, provider, apiToken } = deps;
  // What is open to every program must not be open to every web page.
  const checkHost = provider.webhook.open || apiToken === undefined;
  const policy = createOriginPolicy({ ...deps.origins, checkHost });
  const refuse = (refusal: OriginRefusal) => new ForbiddenError(refusal);
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.use(metrics.countReplies, helmet(), requestId);
  // Before the others: nearly every request is an event. A GET of an event changes state too.
  app.use('/webhooks', sameOrigin(policy, { everyMethod: true, refuse }));
  // Apart, so that failures with one kind of credentials do not lock out the other.
  const limitOf = (realm: string) => createAuthLimit({ realm, log });
  app.use(webhookRoutes({ adapter: provider.webhook, engine, log, metrics, authLimit: limitOf('webhooks') }));
  app.use(cors(policy), sameOrigin(policy, { refuse }));

  app.get('/healthz', (_req, res) => void res.json({ status: 'alive', instance: deps.instance }));
  app.get('/readyz', readiness({ engine, store, check: provider.check, log }));
  app.get('/metrics', async (_req, res) => void res.type(metrics.contentType).send(await metrics.render()));

  app.use(
    apiRoutes({ engine, store, plan, sentenceFault: deps.sentenceFault, token: apiToken, authLimit: limitOf('api') }),
  );
  app.use(notFound, problemHandler(log, internalErrors));
  return app;
}

/** The caller's own request id where it has one that is fit for a log, else a new one; the answer carries it. */
const requestId: RequestHandler = (req, res, next) => {
  const given = req.headers['x-request-id'];
  const id = typeof given === 'string' && /^[\w.:-]{1,64}$/.test(given) ? given : randomUUID();
  res.locals['requestId'] = id;
  res.setHeader('x-request-id', id);
  next();
};
