import { Router } from 'express';
import { NotFoundError } from '../errors';
import type { ApiContext } from './context';
import { pageQuery, sendPage } from './paging';
import { parseQuery } from './parse';

/** Errors outside of requests, mainly failed callbacks. */
export function errorRoutes({ errors }: ApiContext): Router {
  const router = Router();

  router.get('/', (request, response) => {
    sendPage(request, response, errors.list(), parseQuery(pageQuery, request.query), (error) => error);
  });

  router.get('/:id', (request, response) => {
    const error = errors.get(request.params.id);
    if (!error) throw new NotFoundError('error', request.params.id);
    response.json(error);
  });

  return router;
}
