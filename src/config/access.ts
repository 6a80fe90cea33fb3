/**
 * Access is closed by default: routes that can cost money need credentials if other machines can reach them, or if the
 * platform is not the embedded one. Pure.
 */
import { randomText } from '../support/ids';

export interface Credentials {
  username: string;
  password: string;
}

/** The settings that decide who can reach Tandem. */
export interface Reach {
  production: boolean;
  /** The address on which Tandem listens. */
  host: string;
  publicBaseUrl: string | undefined;
  /** undefined: the embedded platform */
  apiUrl: string | undefined;
}

type Given = Readonly<Record<string, string | undefined>>;

export function reachOf(given: Given): Reach {
  const production = given['NODE_ENV'] === 'production';
  return {
    production,
    host: given['HOST'] ?? defaultHost(production),
    publicBaseUrl: given['PUBLIC_BASE_URL'],
    apiUrl: given['BANDWIDTH_API_URL'],
  };
}

/** In production other machines must reach Tandem. */
export const defaultHost = (production: boolean): string => (production ? '0.0.0.0' : '127.0.0.1');

export function accessSettings(given: Given): AccessSettings {
  const { WEBHOOK_USERNAME: username, WEBHOOK_PASSWORD: password } = given;
  return {
    webhooks: username !== undefined && password !== undefined ? { username, password } : undefined,
    apiToken: given['API_TOKEN'],
    allowOpen: given['ALLOW_OPEN'] === 'on',
  };
}

/** Returns why credentials are required; undefined if only this machine can reach Tandem and its platform. */
export function whyClosed({ production, host, publicBaseUrl, apiUrl }: Reach): string | undefined {
  if (production) return 'NODE_ENV is production';
  if (isElsewhere(apiUrl)) return `BANDWIDTH_API_URL ${originOf(apiUrl)} is not on this machine`;
  if (!isLoopback(host)) return `HOST ${host} lets other machines in`;
  if (isElsewhere(publicBaseUrl)) return `PUBLIC_BASE_URL ${originOf(publicBaseUrl)} lets other machines in`;
  return undefined;
}

export interface AccessSettings {
  webhooks: Credentials | undefined;
  apiToken: string | undefined;
  allowOpen: boolean;
}

export interface Access {
  webhooks: Credentials | undefined;
  apiToken: string | undefined;
  /** Which of them this process generated. */
  generated: { webhooks: boolean; apiToken: boolean };
  /** Paths that accept requests without credentials because of ALLOW_OPEN. */
  open: readonly string[];
}

/** Whether Tandem generates missing credentials. In production and for another platform they must be set. */
const mayGenerate = ({ production, apiUrl }: Reach): boolean => !production && apiUrl === undefined;

/** Returns a fault for each required credential that is missing. */
export function faultsOfAccess({ webhooks, apiToken, allowOpen }: AccessSettings, reach: Reach): string[] {
  const why = whyClosed(reach);
  if (why === undefined || allowOpen || mayGenerate(reach)) return [];
  const remedy = 'set them, or ALLOW_OPEN=on to go without';
  return [
    ...(webhooks === undefined
      ? [`WEBHOOK_USERNAME and WEBHOOK_PASSWORD are missing; ${why}, so webhooks need credentials: ${remedy}`]
      : []),
    ...(apiToken === undefined
      ? [`API_TOKEN is missing; ${why}, so /calls needs a bearer token: ${remedy.replace('them', 'it')}`]
      : []),
  ];
}

/** Returns the configured credentials, and generates missing ones if allowed. */
export function accessOf({ webhooks, apiToken, allowOpen }: AccessSettings, reach: Reach): Access {
  const generate = mayGenerate(reach) && !allowOpen;
  const generated = {
    webhooks: webhooks === undefined && generate,
    apiToken: apiToken === undefined && generate && whyClosed(reach) !== undefined,
  };
  return {
    webhooks: generated.webhooks ? { username: 'tandem', password: randomText(24) } : webhooks,
    apiToken: generated.apiToken ? `a-${randomText(24)}` : apiToken,
    generated,
    open: allowOpen
      ? [...(webhooks === undefined ? ['/webhooks/voice'] : []), ...(apiToken === undefined ? ['/calls'] : [])]
      : [],
  };
}

/** Whether the URL leads to another machine. False for an invalid URL, which the schema reports. */
export function isElsewhere(url: string | undefined): url is string {
  return url !== undefined && URL.canParse(url) && !isLoopback(new URL(url).hostname);
}

/** Shows the origin only: a URL may contain a password. */
const originOf = (url: string): string => new URL(url).origin;

/** Whether a host is a loopback address or name; IPv6 with or without brackets. */
export function isLoopback(host: string): boolean {
  const bare = host.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  return /^(localhost|127(\.\d{1,3}){3}|::1|(0{1,4}:){7}0{0,3}1|::ffff:(127(\.\d{1,3}){3}|7f[0-9a-f]{2}:[0-9a-f]{1,4}))$/.test(
    bare,
  );
}
