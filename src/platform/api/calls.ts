import { Router } from 'express';
import { z } from 'zod';
import { MAX_CALL_TIMEOUT_SECONDS, REJECT_CAUSES, wireBoolean } from '../../v1-wire/commands';
import { CallEndedError, NotFoundError, ShuttingDownError, ValidationError } from '../errors';
import type { Call } from '../calls/call';
import type { CallbackTarget } from '../calls/delivery';
import { transfer } from '../calls/join-legs';
import { audio, playbackOf } from './audio';
import { callMediaRoutes } from './call-media';
import { checkCallbackUrls } from './callback-urls';
import { showCall, showEvent } from './call-resources';
import type { ApiContext } from './context';
import { created } from './links';
import { pageQuery, sendPage } from './paging';
import { showRecording } from './recordings';
import { checkShownNumber, transferredNumber } from './shown-number';
import {
  callbackHttpMethod,
  callbackTimeout,
  callbackUrl,
  integer,
  optionalText,
  MAX_CALLBACK_TIMEOUT,
  parse,
  parseQuery,
  party,
  queriedParty,
  tag,
  text,
  textOf,
  word,
} from './parse';

const sipHeaders = z
  .record(
    z.string().regex(/^X-[A-Za-z0-9-]{1,60}$/i, 'Invalid key: expected a name that begins with X-'),
    textOf(z.string().regex(/^[^\r\n]{0,255}$/, 'Invalid input: expected one line')),
  )
  .refine((headers) => Object.keys(headers).length <= 5, 'Invalid input: at most five headers');

/** One day, longer than any sandbox call. */
const MAX_RECORDING_SECONDS = 86_400;

const recording = {
  recordingEnabled: wireBoolean.optional(),
  recordingMaxDuration: integer(1, MAX_RECORDING_SECONDS).optional(),
  // Accepts both, and records both as WAV.
  recordingFileFormat: word('wav', 'mp3').optional(),
  transcriptionEnabled: wireBoolean.optional(),
};

const callbacks = {
  callbackUrl: callbackUrl.optional(),
  callbackTimeout: callbackTimeout.optional(),
  callbackHttpMethod: callbackHttpMethod.optional(),
  fallbackUrl: callbackUrl.optional(),
};

const newCall = z.object({
  from: party,
  to: party,
  callTimeout: integer(1, MAX_CALL_TIMEOUT_SECONDS).default(60),
  ...callbacks,
  bridgeId: optionalText(256),
  conferenceId: optionalText(256),
  ...recording,
  tag: tag.optional(),
  sipHeaders: sipHeaders.optional(),
  /** Extension of v1: `id` hides `from` from the callee. */
  privacy: word('id').optional(),
});

const changes = z.object({
  state: word('active', 'rejected', 'completed', 'transferring').optional(),
  /** Extension of v1: only valid with `rejected`. */
  cause: z.enum(REJECT_CAUSES).optional(),
  transferTo: party.optional(),
  transferCallerId: optionalText(256),
  whisperAudio: audio.optional(),
  ...callbacks,
  ...recording,
  tag: tag.optional(),
});
type Changes = z.output<typeof changes>;

const listQuery = pageQuery.extend({
  from: queriedParty.optional(),
  to: queriedParty.optional(),
  bridgeId: text(256).optional(),
  conferenceId: text(256).optional(),
  // The documentation names no default. Clients usually look for the newest calls.
  sortOrder: word('asc', 'desc').default('desc'),
});

export function callRoutes(context: ApiContext): Router {
  const { calls, intake, callRate, callbackRules, uris } = context;
  const router = Router();
  const checkUrls = ({ callbackUrl, fallbackUrl }: Pick<Changes, 'callbackUrl' | 'fallbackUrl'>): void =>
    checkCallbackUrls({ callbackUrl, fallbackUrl }, callbackRules);

  router.post('/', (request, response) => {
    const fields = parse(newCall, request.body);
    if (!intake.open) throw new ShuttingDownError();
    checkUrls(fields);
    const { from, to, bridgeId, conferenceId, callTimeout, tag, sipHeaders } = fields;
    checkShownNumber(fields, context);
    if (conferenceId !== undefined) throw new NotFoundError('conference', conferenceId); // conferences are not supported
    const bridge = bridgeId === undefined ? undefined : calls.bridge(bridgeId);
    callRate.take(from);
    const callback = updatedCallback(undefined, fields);
    const { recordingEnabled, recordingMaxDuration } = fields;
    const settings = {
      from,
      to,
      callback,
      callTimeout,
      tag,
      sipHeaders,
      privacy: fields.privacy === 'id',
      recordingEnabled,
      recordingMaxDuration,
    };
    const { id } = calls.dial(settings, bridge);
    created(request, response, uris.location(`calls/${id}`)).end();
  });

  router.get('/', (request, response) => {
    const { from, to, bridgeId, conferenceId, sortOrder, ...page } = parseQuery(listQuery, request.query);
    const found = conferenceId === undefined ? calls.list({ from, to, bridgeId }) : [];
    if (sortOrder === 'desc') found.reverse();
    sendPage(request, response, found, page, (call) => showCall(call, uris));
  });

  router.get('/:callId', (request, response) => {
    response.json(showCall(calls.get(request.params.callId), uris));
  });

  router.post('/:callId', (request, response) => {
    const call = calls.get(request.params.callId);
    const fields = parse(changes, request.body);
    checkUrls(fields);
    if (fields.cause !== undefined && fields.state !== 'rejected')
      throw new ValidationError(`cause: ${fields.cause} is only valid with the state rejected`);
    if (call.over) throw new CallEndedError(call.id);
    if (fields.state === 'transferring') {
      const { id } = transferCall(call, fields);
      created(request, response, uris.location(`calls/${id}`)).end();
      return;
    }
    change(call, fields);
    response.status(200).end();
  });

  const change = (call: Call, fields: Changes): void => {
    const { settings } = call;
    settings.callback = updatedCallback(settings.callback, fields);
    settings.tag = fields.tag ?? settings.tag;
    call.setRecording(fields);
    if (fields.state === 'active') call.answer();
    else if (fields.state === 'rejected') call.reject(fields.cause);
    else if (fields.state === 'completed') call.hangUp();
  };

  const transferCall = (call: Call, fields: Changes): Call => {
    const { transferTo: to, whisperAudio } = fields;
    if (to === undefined) throw new ValidationError('transferTo: required with the state transferring');
    const shown = transferredNumber(call, fields.transferCallerId, context);
    const whisper = whisperAudio && playbackOf(whisperAudio, 'whisperAudio.');
    call.transferred();
    call.bridge?.remove(call);
    const { settings } = call;
    const callback = updatedCallback(settings.callback, fields);
    const tag = fields.tag ?? settings.tag;
    const target = calls.dial({ ...shown, to, callback, callTimeout: 60, tag });
    transfer(call, target, whisper);
    return target;
  };

  router.get('/:callId/events', (request, response) => {
    response.json(calls.get(request.params.callId).events.map(showEvent));
  });

  router.get('/:callId/events/:eventId', (request, response) => {
    const { callId, eventId } = request.params;
    const event = calls.get(callId).events.find(({ id }) => id === eventId);
    if (!event) throw new NotFoundError('event', eventId);
    response.json(showEvent(event));
  });

  router.get('/:callId/recordings', (request, response) => {
    const { id } = calls.get(request.params.callId);
    response.json(context.recordings.ofCall(id).map((recording) => showRecording(recording, uris)));
  });

  // Transcriptions are not supported, so the list is empty.
  router.get('/:callId/transcriptions', (request, response) => {
    calls.get(request.params.callId);
    response.json([]);
  });

  router.use('/:callId', callMediaRoutes(context));
  return router;
}

function updatedCallback(
  current: CallbackTarget | undefined,
  { callbackUrl, fallbackUrl, callbackHttpMethod, callbackTimeout }: Partial<Changes>,
): CallbackTarget | undefined {
  const url = callbackUrl ?? current?.url;
  if (url === undefined) return undefined;
  return {
    url,
    fallbackUrl: fallbackUrl ?? current?.fallbackUrl,
    method: callbackHttpMethod ?? current?.method ?? 'POST',
    timeoutMs: callbackTimeout ?? current?.timeoutMs ?? MAX_CALLBACK_TIMEOUT,
  };
}
