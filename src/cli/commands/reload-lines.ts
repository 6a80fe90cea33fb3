/** Reloads LINES_FILE. Active calls continue. A file with faults changes nothing. */
import { createApiHttp } from '../../providers/bandwidth-v1/http';
import { ConfigError, type Config } from '../../config/config';
import { createSandbox } from '../../demo/clients';
import { lineChanges, type LineChanges, type LineSet } from '../../config/line-changes';
import type { Logger } from '../../support/logger';
import { provision, type Provisioned, type SipSettings } from '../../providers/bandwidth-v1/provisioning/provision';
import { retire } from '../../providers/bandwidth-v1/provisioning/retire';
import type { TandemServer } from '../../server/server';

export interface LineReload {
  /** The configuration at start. */
  config: Config;
  /** Reads the same settings again. @throws ConfigError */
  readAgain: () => Config;
  server: Pick<TandemServer, 'webhookUrl' | 'replaceLines'>;
  /** undefined: another platform, for which the operator runs `npm run provision` */
  embedded: { url: string; provisioned: Provisioned; onProvisioned: (provisioned: Provisioned) => void } | undefined;
  log: Logger;
}

/** @returns the callback of SIGHUP */
export function createLineReload(reload: LineReload): () => Promise<void> {
  const { config, server, embedded, log } = reload;
  let current: LineSet = config;
  let sip = embedded?.provisioned.sip ?? [];

  async function setUp(url: string, changes: LineChanges): Promise<Provisioned> {
    const http = createApiHttp({ ...config.api, url });
    const { changed: lines, passwords: sipPasswords, goneNumbers: numbers, goneEndpoints: endpoints } = changes;
    const { webhookUrl } = server;
    const request = { lines, sipPasswords, webhookUrl, webhookMethod: config.webhookMethod };
    try {
      const provisioned = await provision(http, request);
      if (config.platform.sandbox) {
        const sandbox = createSandbox({ ...config.api, url });
        for (const endpoint of changes.newEndpoints) await sandbox.attachPhone(endpoint);
      }
      // Stops calls to removed lines before they are deleted.
      server.replaceLines(changes.next.lines);
      await retire(http, { numbers, endpoints });
      return provisioned;
    } finally {
      http.close();
    }
  }

  return async () => {
    if (config.linesFile === undefined) return;
    let read: Config;
    try {
      read = reload.readAgain();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      for (const fault of error.faults) log.error({ event: 'lines-fault', fault }, `lines unchanged: ${fault}`);
      return;
    }
    const changes = lineChanges(current, read);
    if (embedded) {
      const provisioned = await setUp(embedded.url, changes);
      const numbers = new Set(changes.next.lines.map(({ number }) => number));
      const renewed = new Set(provisioned.sip.map(({ number }) => number));
      const kept = sip.filter(({ number }) => numbers.has(number) && !renewed.has(number));
      sip = [...kept, ...provisioned.sip.map((entry) => withPassword(entry, sip))];
      embedded.onProvisioned({ ...provisioned, sip });
    } else server.replaceLines(changes.next.lines);
    current = changes.next;
    const { changed, goneNumbers, newEndpoints, goneEndpoints } = changes;
    log.info(
      {
        event: 'lines-reloaded',
        lines: current.lines.length,
        changed: changed.map(({ number }) => number),
        removed: goneNumbers,
        newEndpoints,
        goneEndpoints,
      },
      'lines reloaded',
    );
  };
}

/** An unchanged endpoint keeps its generated password. */
function withPassword(entry: SipSettings, known: readonly SipSettings[]): SipSettings {
  const before = known.find(({ sipUri }) => sipUri === entry.sipUri);
  return entry.passwordFrom === 'unchanged' && before ? { ...before, number: entry.number } : entry;
}
