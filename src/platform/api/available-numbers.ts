import { Router } from 'express';
import { z } from 'zod';
import { searchInventory, type AvailableNumber, type InventorySearch } from '../resources/inventory';
import { nationalNumber } from '../resources/numbers';
import type { ApiContext } from './context';
import { integer, parseQuery, text } from './parse';

const MAX_QUANTITY = 5_000;

const common = {
  quantity: integer(1, MAX_QUANTITY).default(10),
  pattern: z
    .string()
    // Runs of * would make matching slow, and mean the same as a single *.
    .regex(/^(?!.*\*\*)[0-9A-Za-z?*]{1,16}$/, 'Invalid input: expected digits, letters, ? and *')
    .refine((pattern) => pattern.split('*').length <= 5, 'Invalid input: at most four *')
    .optional(),
};

const localSearch = z
  .object({
    ...common,
    areaCode: z
      .string()
      .regex(/^[2-9]\d\d$/, 'Invalid input: expected three digits')
      .optional(),
    city: text(64, 1).optional(),
    state: z
      .string()
      .regex(/^[A-Za-z]{2}$/, 'Invalid input: expected two letters')
      .optional(),
    zip: z
      .string()
      .regex(/^\d{5}$/, 'Invalid input: expected five digits')
      .optional(),
    localNumber: z
      .string()
      .regex(/^[2-9]\d{0,6}$/, 'Invalid input: expected the first digits of a local number')
      .optional(),
  })
  .refine(({ areaCode, city, state, zip }) => areaCode ?? city ?? state ?? zip, {
    path: ['areaCode'],
    error: 'areaCode, city, state or zip is required',
  });

const tollFreeSearch = z.object(common);

/** Mounted outside of a user, as all users share the inventory. */
export function availableNumberRoutes({ numbers, uris }: ApiContext): Router {
  const router = Router();
  const isTaken = (number: string): boolean => numbers.find(number) !== undefined;

  const show = (found: AvailableNumber) => ({ ...found, nationalNumber: nationalNumber(found.number) });

  const order = ({ number, city, state, price }: AvailableNumber) => {
    const { id } = numbers.create({ number, city, state, price });
    return { number, nationalNumber: nationalNumber(number), price, location: uris.absolute(`phoneNumbers/${id}`) };
  };

  const searches: [path: string, read: (query: object) => InventorySearch][] = [
    ['/local', (query) => ({ kind: 'local', ...parseQuery(localSearch, query) })],
    ['/tollFree', (query) => ({ kind: 'tollFree', ...parseQuery(tollFreeSearch, query) })],
  ];
  for (const [path, read] of searches) {
    router.get(path, (request, response) => {
      response.json(searchInventory(read(request.query), isTaken).map(show));
    });
    // Searches numbers and orders the results.
    router.post(path, (request, response) => {
      response.json(searchInventory(read(request.query), isTaken).map(order));
    });
  }
  return router;
}
