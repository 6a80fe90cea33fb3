import { randomUUID } from 'node:crypto';
import express, { type Express, type RequestHandler } from 'express';
import helmet from 'helmet';
import { apiRoutes } from './api/routes';
import type { Engine } from './flows/engine';
import type { DialPlan } from './flows/dial-plan';
import type { FlowStore } from './flow-store/store';
import type { Logger } from './logger';
import { messageOf } from './errors';
import type { Metrics } from './metrics';
import { notFound, problemHandler } from './problems';
import { webhookRoutes } from './webhooks/routes';

export interface AppDeps {
  engine: Engine;
  store: FlowStore;
  metrics: Metrics;
  log: Logger;
  plan: DialPlan;
  webhookCredentials: { username: string; password: string } | undefined;
  apiToken: string | undefined;
}

/** Tandem's HTTP side. Builds it; never listens. */
export function createApp({ engine, store, metrics, log, plan, webhookCredentials, apiToken }: AppDeps): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.use(helmet(), requestId);
  // Before the others: nearly every request is an event.
  app.use(webhookRoutes({ engine, log, metrics, credentials: webhookCredentials }));

  app.get('/healthz', (_req, res) => void res.json({ status: 'alive' }));
  app.get('/readyz', async (_req, res) => {
    const fault = engine.draining ? 'draining' : await store.ping().then(() => undefined, messageOf);
    res
      .status(fault === undefined ? 200 : 503)
      .json(fault === undefined ? { status: 'ready' } : { status: 'not ready', fault });
  });
  app.get('/metrics', async (_req, res) => void res.type(metrics.contentType).send(await metrics.render()));

  app.use(apiRoutes({ engine, store, plan, token: apiToken }));
  app.use(notFound, problemHandler(log));
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
