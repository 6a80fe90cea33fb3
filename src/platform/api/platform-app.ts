/** The platform's HTTP app: v1 below `/v1`, the sandbox below `/sandbox`. It does not listen. */
import express, { Router, type Express, type RequestHandler } from 'express';
import { createAuthLimit } from '../../http/auth/auth-limit';
import { jsonOnly } from '../../http/json-only';
import { cors, sameOrigin, type OriginPolicy, type OriginRefusal } from '../../http/same-origin';
import { ForeignOriginError, UnknownRouteError, UnsupportedMediaTypeError, UserAccessDeniedError } from '../errors';
import type { PlatformMetrics } from '../platform-metrics';
import { accountRoutes } from './account';
import { applicationRoutes } from './applications';
import { authenticate } from './authenticate';
import { availableNumberRoutes } from './available-numbers';
import { bridgeRoutes } from './bridges';
import { callRoutes } from './calls';
import type { ApiContext } from './context';
import { domainRoutes } from './domains';
import { answerErrors } from './error-middleware';
import { errorRoutes } from './errors';
import { mediaRoutes, uploadRoutes } from './media';
import { phoneNumberRoutes } from './phone-numbers';
import { plainJson } from './plain-json';
import { limitRequests, REQUESTS_PER_SECOND } from './rate-limit';
import { recordingRoutes } from './recordings';
import { sandboxRoutes } from './sandbox';

const BODY_LIMIT = '64kb';

export interface AppOptions {
  apiToken: string;
  apiSecret: string;
  rateLimits: boolean;
  sandbox: boolean;
  originPolicy: OriginPolicy;
  metrics: Pick<PlatformMetrics, 'countReplies' | 'render' | 'contentType'>;
}

export function createPlatformApp(context: ApiContext, options: AppOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag'); // saves CPU, as clients do not cache
  app.use(plainJson());
  const { metrics } = options;
  app.use(metrics.countReplies);
  // Without credentials, for load balancers and Prometheus. Operators must not expose these paths to the public.
  app.get('/healthz', (_request, response) => void response.json({ status: 'alive' }));
  app.get(
    '/metrics',
    async (_request, response) => void response.type(metrics.contentType).send(await metrics.render()),
  );
  const refuse = ({ code, message }: OriginRefusal) => new ForeignOriginError(code, message);
  app.use(cors(options.originPolicy), sameOrigin(options.originPolicy, { refuse }));
  app.use(authenticate(options.apiToken, options.apiSecret, createAuthLimit({ realm: 'platform', log: context.log })));
  if (options.rateLimits) app.use('/v1', limitRequests(REQUESTS_PER_SECOND));
  // Before the JSON parser, as an upload may have any type.
  app.use('/v1/users/:userId/media', onlyUser(context.userId), uploadRoutes(context));
  app.use(jsonOnly((type) => new UnsupportedMediaTypeError(type)));
  // Not strict, as the SDK sends `null` for an empty body.
  app.use(express.json({ limit: BODY_LIMIT, type: () => true, strict: false }));
  app.use('/v1/users/:userId', onlyUser(context.userId), userRoutes(context));
  app.use('/v1/availableNumbers', availableNumberRoutes(context));
  if (options.sandbox) app.use('/sandbox', sandboxRoutes(context));
  app.use((request) => {
    throw new UnknownRouteError(`${request.method} ${request.path} does not exist`);
  });
  app.use(answerErrors(context.internalErrors));
  return app;
}

function onlyUser(userId: string): RequestHandler<{ userId: string }> {
  return (request, _response, next) => {
    const asked = request.params.userId;
    if (asked !== userId) throw new UserAccessDeniedError(`The credentials do not belong to the user ${asked}`);
    next();
  };
}

function userRoutes(context: ApiContext): Router {
  const router = Router();
  router.use('/account', accountRoutes());
  router.use('/applications', applicationRoutes(context));
  router.use('/phoneNumbers', phoneNumberRoutes(context));
  router.use('/domains', domainRoutes(context));
  router.use('/calls', callRoutes(context));
  router.use('/bridges', bridgeRoutes(context));
  router.use('/recordings', recordingRoutes(context));
  router.use('/media', mediaRoutes(context));
  router.use('/errors', errorRoutes(context));
  return router;
}
