import { Router } from 'express';
import { z } from 'zod';
import { MAX_DOMAIN_NAME_LENGTH, type DomainResource } from '../../v1-wire/resources';
import { NotFoundError } from '../errors';
import type { Domain } from '../resources/domains';
import type { ApiContext } from './context';
import { endpointRoutes } from './endpoints';
import { created } from './links';
import { pageQuery, sendPage } from './paging';
import { parse, parseQuery, text } from './parse';

const newDomain = z.object({
  name: z
    .string()
    // The documentation says "under 16 characters", but `xyz-corp-testing` of its tutorial has 16.
    .max(MAX_DOMAIN_NAME_LENGTH)
    .regex(
      /^[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?$/,
      'Invalid input: expected one host-name label: a letter, then letters, digits and dashes',
    ),
  description: text(1024).optional(),
});

export function domainRoutes(context: ApiContext): Router {
  const { domains, uris } = context;
  const router = Router();

  const get = (id: string): Domain => {
    const domain = domains.get(id);
    if (!domain) throw new NotFoundError('domain', id);
    return domain;
  };
  const show = ({ id, name, description }: Domain): DomainResource => ({
    id,
    name,
    description,
    endpoints: uris.absolute(`domains/${id}/endpoints`),
  });

  router.post('/', (request, response) => {
    const { name, description } = parse(newDomain, request.body);
    const { id } = domains.create(name, description);
    created(request, response, uris.location(`domains/${id}`)).end();
  });

  router.get('/', (request, response) => {
    sendPage(request, response, domains.list(), parseQuery(pageQuery, request.query), show);
  });

  router.get('/:domainId', (request, response) => {
    response.json(show(get(request.params.domainId)));
  });

  router.delete('/:domainId', (request, response) => {
    domains.delete(get(request.params.domainId));
    response.status(200).end();
  });

  router.use('/:domainId/endpoints', endpointRoutes(context, get));
  return router;
}
