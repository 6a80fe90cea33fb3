/** Warns at start about valid settings that are probably a mistake. */
import { isElsewhere } from './access';
import type { Config } from './config';

export interface StartWarning {
  event: string;
  text: string;
  [field: string]: unknown;
}

/** @param url the origin at which Tandem listens */
export function startWarnings(config: Config, url: string): StartWarning[] {
  const { api, open, publicBaseUrl, sharedPassword } = config;
  const warnings: StartWarning[] = [];
  if (open.length > 0)
    warnings.push({
      event: 'open-access',
      open,
      text: `ALLOW_OPEN=on: ${open.join(' and ')} take requests without credentials, so anyone who reaches ${url} can make calls at your expense; set WEBHOOK_USERNAME, WEBHOOK_PASSWORD and API_TOKEN, and remove ALLOW_OPEN`,
    });
  if (publicBaseUrl === undefined && isElsewhere(api.url))
    warnings.push({
      event: 'public-base-url-missing',
      text: `PUBLIC_BASE_URL is not set: callbacks go to ${url}, which the platform at ${api.url} may not reach`,
    });
  if (sharedPassword.length > 0)
    warnings.push({
      event: 'shared-sip-password',
      endpoints: sharedPassword,
      text: `SIP_PASSWORD is shared by ${sharedPassword.length} endpoints; give each its own: number=endpoint=password in LINES or LINES_FILE`,
    });
  return warnings;
}
