import express from 'express';
import request from 'supertest';
import { createInternalErrors } from '../../../src/support/internal-errors';
import { answerErrors } from '../../../src/platform/api/error-middleware';
import { silentLog } from '../../helpers/silent-log';

function app(thrown: unknown) {
  const made = express();
  made.get('/', () => {
    throw thrown;
  });
  made.get('/late', (_request, response) => {
    response.write('x');
    throw thrown;
  });
  made.use(answerErrors(createInternalErrors(silentLog)));
  return made;
}

it('hides details of internal errors', async () => {
  const { status, body, text } = await request(app(new Error('secret path /etc/x'))).get('/');
  expect([status, body.code, body.category]).toEqual([500, 'internal-error', 'unavailable']);
  expect(text).not.toContain('secret');
});

it('answers errors of Express with their status only if the client caused them', async () => {
  const teapot = await request(app(Object.assign(new Error('x'), { status: 418 }))).get('/');
  expect([teapot.status, teapot.body.code]).toEqual([418, 'validation-error']);
  for (const thrown of [Object.assign(new Error('x'), { status: 502 }), { status: '400' }, 'text'])
    expect((await request(app(thrown)).get('/')).status).toBe(500);
});

it('ends a response that has begun', async () => {
  await expect(request(app(new Error('x'))).get('/late')).rejects.toThrow();
});
