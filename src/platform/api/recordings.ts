import { Router } from 'express';
import type { RecordingResource } from '../../v1-wire/resources';
import { wireTime } from '../../v1-wire/times';
import type { Recording } from '../recordings/recordings';
import type { Uris } from '../uris';
import type { ApiContext } from './context';
import { pageQuery, sendPage } from './paging';
import { parseQuery } from './parse';

export function recordingRoutes({ recordings, uris }: ApiContext): Router {
  const router = Router();

  router.get('/', (request, response) => {
    const page = parseQuery(pageQuery, request.query);
    sendPage(request, response, recordings.list(), page, (recording) => showRecording(recording, uris));
  });

  router.get('/:recordingId', (request, response) => {
    response.json(showRecording(recordings.get(request.params.recordingId), uris));
  });

  return router;
}

export function showRecording(recording: Recording, uris: Uris): RecordingResource {
  const { id, callId, mediaName, startTime, endTime, state } = recording;
  return {
    id,
    startTime: wireTime(startTime),
    endTime: endTime && wireTime(endTime),
    call: uris.absolute(`calls/${callId}`),
    media: state === 'complete' ? uris.absolute(`media/${encodeURIComponent(mediaName)}`) : undefined,
    state,
  };
}
