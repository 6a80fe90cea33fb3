import { Router } from 'express';
import { z } from 'zod';
import type { PhoneNumberResource } from '../../v1-wire/resources';
import { wireTime } from '../../v1-wire/times';
import { NotFoundError } from '../errors';
import { placeOf } from '../resources/inventory';
import { nationalNumber, type PhoneNumber } from '../resources/numbers';
import type { ApiContext } from './context';
import { created } from './links';
import { pageQuery, sendPage } from './paging';
import { e164, optionalText, parse, parseQuery, text } from './parse';

/** An empty text counts as missing. */
const noneIfEmpty = (value: string): string | undefined => value || undefined;

const changes = z.object({
  name: text(256).optional(),
  applicationId: optionalText(256),
  fallbackNumber: z.union([z.literal('').transform(noneIfEmpty), e164]).optional(),
});

const newNumber = changes.extend({ number: e164 });

const listQuery = pageQuery.extend({
  applicationId: text(256).optional(),
  name: text(256).optional(),
  city: text(256).optional(),
  state: text(256).optional(),
  numberState: text(256).optional(),
});

export function phoneNumberRoutes({ applications, numbers, uris }: ApiContext): Router {
  const router = Router();

  const get = (idOrNumber: string): PhoneNumber => {
    const number = numbers.find(idOrNumber);
    if (!number) throw new NotFoundError('number', idOrNumber);
    return number;
  };
  const mustExist = (applicationId: string | undefined): void => {
    if (applicationId !== undefined && !applications.get(applicationId))
      throw new NotFoundError('application', applicationId);
  };
  const show = ({ createdTime, ...number }: PhoneNumber): PhoneNumberResource => ({
    ...number,
    nationalNumber: nationalNumber(number.number),
    application: number.applicationId === undefined ? undefined : uris.absolute(`applications/${number.applicationId}`),
    createdTime: wireTime(createdTime),
    numberState: 'enabled',
  });

  router.post('/', (request, response) => {
    const fields = parse(newNumber, request.body);
    mustExist(fields.applicationId);
    const { id } = numbers.create({ ...fields, ...placeOf(fields.number) });
    created(request, response, uris.location(`phoneNumbers/${id}`)).end();
  });

  router.get('/', (request, response) => {
    const { applicationId, name, city, state, numberState, ...page } = parseQuery(listQuery, request.query);
    const wanted = { applicationId, name, city, state, numberState };
    const fields = ['applicationId', 'name', 'city', 'state', 'numberState'] as const;
    const matching = numbers.list().filter((number) => {
      const shown = { ...number, numberState: 'enabled' };
      return fields.every((field) => wanted[field] === undefined || shown[field] === wanted[field]);
    });
    sendPage(request, response, matching, page, show);
  });

  router.get('/:id', (request, response) => {
    response.json(show(get(request.params.id)));
  });

  router.post('/:id', (request, response) => {
    const number = get(request.params.id);
    const fields = parse(changes, request.body);
    mustExist(fields.applicationId);
    Object.assign(number, fields);
    response.status(200).end();
  });

  router.delete('/:id', (request, response) => {
    numbers.delete(get(request.params.id));
    response.status(200).end();
  });

  return router;
}
