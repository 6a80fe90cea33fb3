/**
 * Refuses cross-site browser requests (CSRF, DNS rebinding). Used by Tandem and by the platform.
 * Programs send neither `Origin` nor `Sec-Fetch-Site`, so they are not affected.
 */
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { RequestHandler } from 'express';

export interface OriginSettings {
  /** Origins of this server that differ from the Host header, as behind a proxy: `https://voice.example.com`. */
  own: readonly string[];
  /** Origins of other sites whose pages may use this server. */
  allowed: readonly string[];
  /**
   * Whether requests over the loopback interface need a known Host. For the browser a page whose name resolves to
   * 127.0.0.1 is same-origin (DNS rebinding), so this protects routes without credentials.
   */
  checkHost?: boolean;
}

export interface OriginRefusal {
  code: 'cross-site-request' | 'origin-not-allowed' | 'host-not-allowed';
  message: string;
}

export interface OriginPolicy {
  /** Returns the reason to refuse the request; undefined if it is allowed. */
  refusalOf(request: IncomingMessage, changesState: boolean): OriginRefusal | undefined;
  /** Whether the origin is this server's own for a client that sent this Host. */
  isOwn(origin: string, request: IncomingMessage): boolean;
  isAllowed(origin: string): boolean;
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);
/** `Sec-Fetch-Site` of the server's own pages, and of URLs that the user typed. */
const SAFE_SITES = new Set(['same-origin', 'none']);

export function createOriginPolicy({ own, allowed, checkHost = false }: OriginSettings): OriginPolicy {
  const ownOrigins = new Set(own);
  const allowedOrigins = new Set(allowed);
  const knownHosts = new Set(['localhost', ...[...own, ...allowed].map((origin) => new URL(origin).hostname)]);
  // An attacker may own a name that is not configured. An IP address in Host is the one that the client connected to.
  const isKnown = (hostname: string): boolean =>
    knownHosts.has(hostname) || hostname.endsWith('.localhost') || isIP(hostname.replace(/^\[(.*)\]$/, '$1')) !== 0;

  const isOwn = (origin: string, request: IncomingMessage): boolean => {
    if (ownOrigins.has(origin)) return true;
    const seen = originOf(request);
    return seen !== undefined && seen.origin === origin && isKnown(seen.hostname);
  };

  /** Browsers always send a Host; old health checks do not. */
  const hasKnownHost = (request: IncomingMessage): boolean =>
    request.headers.host === undefined || isKnown(originOf(request)?.hostname ?? '');

  return {
    isOwn,
    isAllowed: (origin) => allowedOrigins.has(origin),
    refusalOf(request, changesState) {
      const { origin, 'sec-fetch-site': site } = request.headers;
      if (origin !== undefined && allowedOrigins.has(origin)) return undefined;
      if (checkHost && isLoopback(request.socket.localAddress) && !hasKnownHost(request))
        return hostNotAllowed(request.headers.host);
      if (!changesState) return undefined;
      if (site !== undefined && !SAFE_SITES.has(String(site))) return crossSite(String(site), origin);
      if (origin !== undefined && !isOwn(origin, request)) return originNotAllowed(origin);
      return undefined;
    },
  };
}

export interface OriginGuardOptions {
  /** Whether every request, including GET, counts as one that changes state. */
  everyMethod?: boolean;
  /** Makes the error that answers a refused request. */
  refuse: (refusal: OriginRefusal) => Error;
}

/** Refuses cross-site requests. Mount it before authentication: browsers add remembered credentials. */
export function sameOrigin(policy: OriginPolicy, { everyMethod = false, refuse }: OriginGuardOptions): RequestHandler {
  return (request, _response, next) => {
    const refusal = policy.refusalOf(request, everyMethod || !SAFE_METHODS.has(request.method));
    if (refusal) throw refuse(refusal);
    next();
  };
}

const PREFLIGHT = {
  'access-control-allow-methods': 'GET, POST, PUT, DELETE',
  'access-control-allow-headers': 'authorization, content-type, idempotency-key, x-request-id',
  'access-control-max-age': '600',
};
const EXPOSED = 'link, location, retry-after, x-ratelimit-reset, x-request-id';

/** Answers CORS requests of allowed origins, without browser credentials. Other origins get no CORS headers. */
export function cors(policy: OriginPolicy): RequestHandler {
  return (request, response, next) => {
    const { origin } = request.headers;
    response.vary('Origin');
    if (origin === undefined || !policy.isAllowed(origin)) return next();
    response.set({ 'access-control-allow-origin': origin, 'access-control-expose-headers': EXPOSED });
    if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) return next();
    response.set(PREFLIGHT).status(204).end();
  };
}

export function isLoopback(address: string | undefined): boolean {
  return address !== undefined && /^(::1|(::ffff:)?127\.\d+\.\d+\.\d+)$/i.test(address);
}

/** Returns the origin of this server as the client sees it. */
function originOf({ headers, socket }: IncomingMessage): URL | undefined {
  const url = `${'encrypted' in socket ? 'https' : 'http'}://${headers.host ?? ''}`;
  return URL.canParse(url) ? new URL(url) : undefined;
}

function crossSite(site: string, origin = 'unknown'): OriginRefusal {
  const message = `Refused a ${site} request of a web page (Origin ${shown(origin)}): add its origin to ALLOWED_ORIGINS if it may use this server`;
  return { code: 'cross-site-request', message };
}

function originNotAllowed(origin: string): OriginRefusal {
  const message = `Refused a request of a web page with the Origin ${shown(origin)}: set PUBLIC_BASE_URL if it is this server's own, or add it to ALLOWED_ORIGINS`;
  return { code: 'origin-not-allowed', message };
}

function hostNotAllowed(host = ''): OriginRefusal {
  const message = `Refused a request to the unknown Host ${shown(host)}: use an IP address or localhost, or set PUBLIC_BASE_URL`;
  return { code: 'host-not-allowed', message };
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 128));
}
