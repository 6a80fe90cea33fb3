import { Router } from 'express';
import { z } from 'zod';
import { wireBoolean } from '../../v1-wire/commands';
import { InvalidStateError } from '../errors';
import { parseAudio } from './audio';
import { showBridge, showCall } from './call-resources';
import type { ApiContext } from './context';
import { created } from './links';
import { pageQuery, sendPage } from './paging';
import { parse, parseQuery, text } from './parse';

const callIds = z
  .array(text(256))
  .max(1000)
  .refine((ids) => new Set(ids).size === ids.length, 'Invalid input: expected different calls');

const newBridge = z.object({ callIds: callIds.default([]), bridgeAudio: wireBoolean.default(true) });
const changes = z.object({ callIds: callIds.optional(), bridgeAudio: wireBoolean.optional() });

export function bridgeRoutes({ calls, uris }: ApiContext): Router {
  const router = Router();

  router.post('/', (request, response) => {
    const { callIds, bridgeAudio } = parse(newBridge, request.body);
    const { id } = calls.createBridge(calls.forBridge(callIds), bridgeAudio);
    created(request, response, uris.location(`bridges/${id}`)).end();
  });

  router.get('/', (request, response) => {
    const newestFirst = calls.bridges().reverse();
    sendPage(request, response, newestFirst, parseQuery(pageQuery, request.query), (bridge) =>
      showBridge(bridge, uris),
    );
  });

  router.get('/:bridgeId', (request, response) => {
    response.json(showBridge(calls.bridge(request.params.bridgeId), uris));
  });

  router.post('/:bridgeId', (request, response) => {
    const bridge = calls.bridge(request.params.bridgeId);
    const { callIds, bridgeAudio } = parse(changes, request.body);
    if (callIds) bridge.setCalls(calls.forBridge(callIds));
    if (bridgeAudio !== undefined) bridge.setAudio(bridgeAudio);
    response.status(200).end();
  });

  router.get('/:bridgeId/calls', (request, response) => {
    response.json(calls.bridge(request.params.bridgeId).calls.map((call) => showCall(call, uris)));
  });

  // Plays to every call of the bridge. Each call gets its own events.
  router.post('/:bridgeId/audio', (request, response) => {
    const bridge = calls.bridge(request.params.bridgeId);
    const playback = parseAudio(request.body);
    const listening = bridge.calls.filter((call) => call.up);
    if (listening.length === 0)
      throw new InvalidStateError('bridge-invalid-state', `The bridge ${bridge.id} has no active call`);
    for (const call of listening)
      if (playback) call.play(playback);
      else call.stopPlay();
    response.status(200).end();
  });

  return router;
}
