import { Router } from 'express';
import { z } from 'zod';
import { wireBoolean } from '../../v1-wire/commands';
import type { EndpointResource } from '../../v1-wire/resources';
import { isSipUser } from '../../addresses/sip-uri';
import { NotFoundError, ValidationError } from '../errors';
import type { Domain, Endpoint } from '../resources/domains';
import type { ApiContext } from './context';
import { created } from './links';
import { pageQuery, sendPage } from './paging';
import { integer, optionalText, parse, parseQuery, text } from './parse';

const credentials = z.object({
  password: z
    .string()
    .min(6)
    .max(256)
    .regex(/^[\x20-\x7e\xa0-\xff]*$/, 'Invalid input: expected Latin 1 characters'),
});

const changes = z.object({
  description: text(1024).optional(),
  applicationId: optionalText(256),
  enabled: wireBoolean.optional(),
  credentials: credentials.optional(),
});

const newEndpoint = changes.extend({
  name: text(128).refine(isSipUser, 'Invalid input: expected the user part of a SIP URI (RFC 3261 19.1.1)'),
  domainId: optionalText(256),
  enabled: wireBoolean.default(true),
  credentials,
});

/** `expires` is in seconds. The documentation gives no bounds: an hour by default, at most a day. */
const newToken = z.object({ expires: integer(1, 86_400).default(3_600) });

/** @param getDomain returns the domain of an id; throws NotFoundError if it is unknown */
export function endpointRoutes({ applications, domains, uris }: ApiContext, getDomain: (id: string) => Domain): Router {
  const router = Router({ mergeParams: true });

  const domainOf = (params: Record<string, string>): Domain => getDomain(params['domainId'] ?? '');
  const get = (params: Record<string, string>): { domain: Domain; endpoint: Endpoint } => {
    const domain = domainOf(params);
    const id = params['endpointId'] ?? '';
    const endpoint = domain.endpoints.get(id);
    if (!endpoint) throw new NotFoundError('endpoint', id);
    return { domain, endpoint };
  };
  const mustExist = (applicationId: string | undefined): void => {
    if (applicationId !== undefined && !applications.get(applicationId))
      throw new NotFoundError('application', applicationId);
  };

  router.post('/', (request, response) => {
    const domain = domainOf(request.params);
    const { domainId, credentials, ...fields } = parse(newEndpoint, request.body);
    if (domainId !== undefined && domainId !== domain.id)
      throw new ValidationError(`domainId: must be ${domain.id}, as in the path`);
    mustExist(fields.applicationId);
    const { id } = domains.addEndpoint(domain, { ...fields, password: credentials.password });
    created(request, response, uris.location(`domains/${domain.id}/endpoints/${id}`)).end();
  });

  router.get('/', (request, response) => {
    const { endpoints } = domainOf(request.params);
    sendPage(request, response, [...endpoints.values()], parseQuery(pageQuery, request.query), show);
  });

  router.get('/:endpointId', (request, response) => {
    response.json(show(get(request.params).endpoint));
  });

  router.post('/:endpointId', (request, response) => {
    const { endpoint } = get(request.params);
    const { credentials, ...fields } = parse(changes, request.body); // ignores a name in the body, as names never change
    mustExist(fields.applicationId);
    domains.updateEndpoint(endpoint, { ...fields, ...(credentials && { password: credentials.password }) });
    response.status(200).end();
  });

  router.delete('/:endpointId', (request, response) => {
    const { domain, endpoint } = get(request.params);
    domains.deleteEndpoint(domain, endpoint);
    response.status(200).end();
  });

  router.post('/:endpointId/tokens', (request, response) => {
    const { endpoint } = get(request.params);
    const { expires } = parse(newToken, request.body);
    response.status(201).json({ token: domains.addToken(endpoint, expires), expires });
  });

  return router;
}

function show({ id, name, description, domainId, applicationId, enabled, sipUri, realm }: Endpoint): EndpointResource {
  const credentials = { realm, username: name };
  return { id, name, description, domainId, applicationId, enabled, sipUri, credentials };
}
