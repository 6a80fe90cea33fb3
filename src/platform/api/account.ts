/** The account, which clients of v1 read to test their credentials. The platform charges nothing. */
import { Router } from 'express';
import { pageQuery, sendPage } from './paging';
import { parseQuery } from './parse';

/** Amounts are text, in US dollars with five decimals. */
const ACCOUNT = { balance: '0.00000', accountType: 'pre-pay' };

export function accountRoutes(): Router {
  const router = Router();

  router.get('/', (_request, response) => {
    response.json(ACCOUNT);
  });

  // Accepts and ignores filters, as the list is always empty.
  router.get('/transactions', (request, response) => {
    sendPage(request, response, [], parseQuery(pageQuery, request.query), (transaction) => transaction);
  });

  return router;
}
