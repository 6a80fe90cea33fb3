/** The account: what clients of v1 ask to try their credentials. Nothing here costs anything. */
import { Router } from 'express';
import { pageQuery, sendPage } from './paging';
import { parseQuery } from './parse';

/** Amounts are text, in dollars with five decimals. */
const ACCOUNT = { balance: '0.00000', accountType: 'pre-pay' };

export function accountRoutes(): Router {
  const router = Router();

  router.get('/', (_request, response) => {
    response.json(ACCOUNT);
  });

  // Filters are accepted: of nothing, nothing is left.
  router.get('/transactions', (request, response) => {
    sendPage(request, response, [], parseQuery(pageQuery, request.query), (transaction) => transaction);
  });

  return router;
}
