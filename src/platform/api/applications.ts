import { Router } from 'express';
import { z } from 'zod';
import { wireBoolean } from '../../v1-wire/commands';
import type { ApplicationResource } from '../../v1-wire/resources';
import { NotFoundError, ValidationError } from '../errors';
import type { Application } from '../resources/applications';
import { checkCallbackUrls } from './callback-urls';
import type { ApiContext } from './context';
import { created } from './links';
import { pageQuery, sendPage } from './paging';
import {
  callbackHttpMethod,
  callbackTimeout,
  callbackUrl,
  MAX_CALLBACK_TIMEOUT,
  parse,
  parseQuery,
  text,
} from './parse';

const changes = z.object({
  name: text(256, 1).optional(),
  incomingCallUrl: callbackUrl.optional(),
  incomingCallFallbackUrl: callbackUrl.optional(),
  incomingCallUrlCallbackTimeout: callbackTimeout.optional(),
  incomingMessageUrl: callbackUrl.optional(),
  incomingMessageFallbackUrl: callbackUrl.optional(),
  callbackHttpMethod: callbackHttpMethod.optional(),
  autoAnswer: wireBoolean.optional(),
});

const newApplication = changes.extend({
  name: text(256, 1),
  incomingCallUrlCallbackTimeout: callbackTimeout.default(MAX_CALLBACK_TIMEOUT),
  callbackHttpMethod: callbackHttpMethod.default('POST'),
  autoAnswer: wireBoolean.default(true),
});

type Urls = Pick<Application, 'incomingCallUrl' | 'incomingMessageUrl'>;

export function applicationRoutes({ applications, numbers, domains, callbackRules, uris }: ApiContext): Router {
  const router = Router();

  const get = (id: string): Application => {
    const application = applications.get(id);
    if (!application) throw new NotFoundError('application', id);
    return application;
  };
  // The platform sends no messages, so it does not check incomingMessageUrl.
  const checkUrls = ({ incomingCallUrl, incomingCallFallbackUrl }: z.output<typeof changes>): void =>
    checkCallbackUrls({ incomingCallUrl, incomingCallFallbackUrl }, callbackRules);

  router.post('/', (request, response) => {
    const fields = parse(newApplication, request.body);
    mustHaveUrl(fields);
    checkUrls(fields);
    const { id } = applications.create(fields);
    created(request, response, uris.location(`applications/${id}`)).end();
  });

  router.get('/', (request, response) => {
    sendPage(request, response, applications.list(), parseQuery(pageQuery, request.query), show);
  });

  router.get('/:id', (request, response) => {
    response.json(show(get(request.params.id)));
  });

  router.post('/:id', (request, response) => {
    const application = get(request.params.id);
    const fields = parse(changes, request.body);
    mustHaveUrl({ ...application, ...fields });
    checkUrls(fields);
    Object.assign(application, fields);
    response.status(200).end();
  });

  router.delete('/:id', (request, response) => {
    const { id } = get(request.params.id);
    applications.delete(id);
    numbers.forgetApplication(id);
    domains.forgetApplication(id);
    response.status(200).end();
  });

  return router;
}

function mustHaveUrl({ incomingCallUrl, incomingMessageUrl }: Urls): void {
  if (incomingCallUrl === undefined && incomingMessageUrl === undefined)
    throw new ValidationError('incomingCallUrl: incomingCallUrl or incomingMessageUrl is required');
}

function show(application: Application): ApplicationResource {
  return application;
}
