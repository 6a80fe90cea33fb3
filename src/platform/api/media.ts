/** Media files: recordings and uploads. */
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { Router } from 'express';
import type { MediaFile } from '../recordings/media-store';
import type { ApiContext } from './context';
import { pageQuery, sendPage } from './paging';
import { parseQuery } from './parse';

const UNKNOWN_TYPE = 'application/octet-stream';

export function mediaRoutes({ media, uris, log }: ApiContext): Router {
  const router = Router();

  router.get('/', (request, response) => {
    sendPage(
      request,
      response,
      media.list(),
      parseQuery(pageQuery, request.query),
      ({ name, contentLength }: MediaFile) => ({
        mediaName: name,
        content: uris.absolute(`media/${encodeURIComponent(name)}`),
        contentLength,
      }),
    );
  });

  router.get('/:mediaName', async (request, response) => {
    const { path, contentType, contentLength } = media.get(request.params.mediaName);
    // Not `response.type`, which would add a charset.
    response.setHeader('Content-Type', contentType);
    response.setHeader('Content-Length', contentLength);
    // Prevents a browser from showing an upload as a page of this origin, guessing its type or running its scripts.
    response.setHeader('Content-Disposition', 'attachment');
    response.setHeader('Content-Security-Policy', "sandbox; default-src 'none'");
    response.setHeader('X-Content-Type-Options', 'nosniff');
    // The status has been sent, so an error can only be signalled by closing the connection.
    await pipeline(createReadStream(path), response).catch((error: unknown) => {
      if (!isPremature(error)) log.warn({ event: 'media-not-sent', err: error }, 'media file not sent');
    });
  });

  router.delete('/:mediaName', async (request, response) => {
    await media.delete(request.params.mediaName);
    response.status(200).end();
  });

  return router;
}

/** Mounted before the JSON parser, as the body is the file. */
export function uploadRoutes({ media }: ApiContext): Router {
  const router = Router();

  router.put('/:mediaName', async (request, response) => {
    try {
      await media.upload(request.params.mediaName, request.headers['content-type'] ?? UNKNOWN_TYPE, request);
    } catch (error) {
      if (request.readableAborted) return; // the client has gone
      throw error;
    }
    response.status(200).end();
  });

  return router;
}

/** Whether the client closed the connection before the end. */
function isPremature(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';
}
