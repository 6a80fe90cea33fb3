/** Bandwidth's retired v1 API as a provider: the embedded platform, and any other that speaks it. */
import { DEFAULT_CAPABILITIES } from '../../calls/capabilities';
import type { Logger } from '../../support/logger';
import type { Provider } from '../provider';
import { createCallControl } from './control';
import { createApiHttp, type ApiSettings } from './http';
import { createPlatformCheck } from './platform-check';
import { createV1Webhook, type V1WebhookOptions } from './webhook';

export interface BandwidthV1Options {
  api: ApiSettings;
  webhook: V1WebhookOptions;
  /** `incomingCallUrl` and `callbackUrl`, with credentials; known once the server listens. */
  webhookUrl: () => string;
  /** Whether this process has set the platform up, so that there is nothing to check. */
  embedded: boolean;
  log: Logger;
}

export function createBandwidthV1({ api, webhook, webhookUrl, embedded, log }: BandwidthV1Options): Provider {
  const http = createApiHttp(api);
  return {
    name: 'bandwidth-v1',
    capabilities: { calls: DEFAULT_CAPABILITIES, listLive: true },
    webhook: createV1Webhook(webhook),
    control: createCallControl({ http, callbackUrl: webhookUrl, callbackHttpMethod: webhook.method }),
    ...(!embedded && { check: createPlatformCheck({ http, webhookUrl, log }) }),
  };
}
