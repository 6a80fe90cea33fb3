/** What the metrics of Tandem and of the platform have in common: a registry, build info, HTTP statuses. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RequestHandler } from 'express';
import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client';

export interface Instruments {
  registry: Registry;
  /** Counts every reply by the class of its route and its status. */
  countReplies: RequestHandler;
}

/**
 * @param prefix of the names: `tandem`
 * @param routes class of each first path segment; the class of any other path is `other`
 */
export function createInstruments(prefix: string, routes: ReadonlyMap<string, string>): Instruments {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: `${prefix}_build_info`,
    help: 'Always 1; the labels tell what runs',
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

/** Of package.json, which is beside `src` and `dist`. */
function version(): string {
  try {
    const found = JSON.parse(readFileSync(join(__dirname, '../../package.json'), 'utf8')) as { version?: unknown };
    return typeof found.version === 'string' ? found.version : 'unknown';
  } catch {
    return 'unknown';
  }
}
