/** Metrics that Tandem and the platform share: the registry, build information, HTTP statuses. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RequestHandler } from 'express';
import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client';

export interface Instruments {
  registry: Registry;
  /** Counts each reply by route class and status. */
  countReplies: RequestHandler;
}

/**
 * @param prefix prefix of the metric names, for example `tandem`
 * @param routes route class by first path segment; all other paths have the class `other`
 */
export function createInstruments(prefix: string, routes: ReadonlyMap<string, string>): Instruments {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: `${prefix}_build_info`,
    help: 'Always 1; the labels name the version and the Node release',
    labelNames: ['version', 'node'],
    registers,
  }).set({ version: version(), node: process.version }, 1);
  const replies = new Counter({
    name: `${prefix}_http_replies_total`,
    help: 'HTTP replies by class of route and status',
    labelNames: ['route', 'status'],
    registers,
  });
  return {
    registry,
    countReplies(req, res, next) {
      const route = routes.get(req.path.split('/', 2)[1] ?? '') ?? 'other';
      // eslint-disable-next-line tandem/guarded-callbacks -- the labels are those of the counter
      res.once('finish', () => replies.inc({ route, status: res.statusCode }));
      next();
    },
  };
}

/** The version in package.json, which is next to `src` and `dist`. */
function version(): string {
  try {
    const found = JSON.parse(readFileSync(join(__dirname, '../../package.json'), 'utf8')) as { version?: unknown };
    return typeof found.version === 'string' ? found.version : 'unknown';
  } catch {
    return 'unknown';
  }
}
