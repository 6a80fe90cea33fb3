/** Audio, dtmf and gather of a call. */
import { Router } from 'express';
import { z } from 'zod';
import { wireBoolean } from '../../v1-wire/commands';
import { wireTime } from '../../v1-wire/times';
import { InvalidStateError, NotFoundError } from '../errors';
import type { Call, GatherOfCall } from '../calls/call';
import { Gather } from '../calls/gather';
import { audio, parseAudio, playbackOf } from './audio';
import type { ApiContext } from './context';
import { created } from './links';
import { integer, parse, tag, textOf, word } from './parse';

const dtmf = z.object({
  dtmfOut: textOf(z.string().regex(/^[A-D0-9#*,wW]{1,92}$/, 'Invalid input: expected 1 to 92 of A-D 0-9 # * , w W')),
});

/** The documentation gives no defaults. The hosted service used five seconds and #. */
const newGather = z.object({
  maxDigits: integer(1, 30).default(30),
  interDigitTimeout: integer(1, 30).default(5),
  terminatingDigits: textOf(z.string().regex(/^[A-D0-9#*]{0,16}$/, 'Invalid input: expected digits')).default('#'),
  tag: tag.optional(),
  prompt: audio.extend({ bargeable: wireBoolean.default(true) }).optional(),
});

const gatherChanges = z.object({ state: word('completed') });

/** Mounted below `/calls/:callId`. */
export function callMediaRoutes({ calls, uris }: ApiContext): Router {
  const router = Router({ mergeParams: true });
  const callOf = (params: Record<string, string>): Call => calls.get(params['callId'] ?? '');
  const gatherOf = (params: Record<string, string>): GatherOfCall => {
    const id = params['gatherId'] ?? '';
    const gather = callOf(params).gathers.get(id);
    if (!gather) throw new NotFoundError('gather', id);
    return gather;
  };

  router.post('/audio', (request, response) => {
    const call = callOf(request.params);
    const playback = parseAudio(request.body);
    if (playback) call.play(playback);
    else call.stopPlay();
    response.status(200).end();
  });

  router.post('/dtmf', (request, response) => {
    const call = callOf(request.params);
    call.sendDtmf(parse(dtmf, request.body).dtmfOut);
    response.status(200).end();
  });

  router.post('/gather', (request, response) => {
    const call = callOf(request.params);
    const { prompt, ...fields } = parse(newGather, request.body);
    if ([...call.gathers.values()].some(({ running }) => running))
      throw new InvalidStateError('call-invalid-state', `The call ${call.id} already gathers digits`);
    const playback = prompt && playbackOf(prompt, 'prompt.');
    const gather = new Gather(call, { ...fields, prompt: playback, bargeable: prompt?.bargeable ?? true });
    created(request, response, uris.location(`calls/${call.id}/gather/${gather.id}`)).end();
  });

  router.get('/gather/:gatherId', (request, response) => {
    const { id, running, reason, digits, createdTime, completedTime } = gatherOf(request.params);
    response.json({
      id,
      state: running ? 'created' : 'completed',
      reason,
      digits,
      createdTime: wireTime(createdTime),
      completedTime: completedTime && wireTime(completedTime),
      call: uris.absolute(`calls/${callOf(request.params).id}`),
    });
  });

  router.post('/gather/:gatherId', (request, response) => {
    const gather = gatherOf(request.params);
    parse(gatherChanges, request.body);
    gather.stop();
    response.status(200).end();
  });

  return router;
}
