import { Axios, isAxiosError, type AxiosResponse } from 'axios';
import { v1ErrorBody } from '../../v1-wire/errors';
import { messageOf } from '../../support/errors';
import { RefusedError, ReplyLostError, UnreachableError } from '../errors';
import { createLeanAdapter } from './http-adapter';
import { rateLimitReset } from './retry';

export interface ApiSettings {
  /** Origin of the platform, without `/v1`. */
  url: string;
  userId: string;
  token: string;
  secret: string;
  /** How long a command may take, ms. */
  timeoutMs: number;
}

export interface ApiReply {
  status: number;
  location: string | undefined;
  /** Whether the `Link` header of a list names a next page. */
  hasNext: boolean;
  body: unknown;
}

export interface ApiHttp {
  /**
   * Sends one request, once.
   * @param path below `/v1`, beginning with a slash
   * @throws RefusedError, ReplyLostError, UnreachableError
   */
  send(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<ApiReply>;
  /** The path of a resource of the account: `/users/{userId}` and what is given. */
  userPath(path: string): string;
  close(): void;
}

/** Failures of a connection that never stood: the request cannot have been seen. */
const NEVER_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

const NEXT_LINK = /;\s*rel="?next\b/i;

/** The HTTP side of the v1 API: keep-alive, Basic auth, explicit timeout, typed errors. */
export function createApiHttp({ url, userId, token, secret, timeoutMs }: ApiSettings): ApiHttp {
  const { adapter, close } = createLeanAdapter(`${url}/v1`);
  // Not axios.create: an instance without axios' defaults is spared the merging of them into each request.
  const client = new Axios({ adapter, timeout: timeoutMs, auth: { username: token, password: secret } });

  return {
    async send(method, path, body) {
      const response = await client.request<unknown>({ method, url: path, data: body }).catch((error: unknown) => {
        throw toDomainError(error, `${method} ${path}`);
      });
      if (response.status >= 200 && response.status < 300) {
        const hasNext = NEXT_LINK.test(header(response, 'link') ?? '');
        return { status: response.status, location: header(response, 'location'), hasNext, body: response.data };
      }
      throw toRefusal(response, `${method} ${path}`);
    },
    userPath: (path) => `/users/${encodeURIComponent(userId)}${path}`,
    close,
  };
}

function toDomainError(error: unknown, request: string): Error {
  const code = isAxiosError(error) ? error.code : undefined;
  if (code !== undefined && NEVER_SENT.has(code)) {
    return new UnreachableError(`${request}: ${code}, is BANDWIDTH_API_URL right and the platform up?`, {
      cause: error,
    });
  }
  return new ReplyLostError(`${request}: ${messageOf(error)}`, { cause: error });
}

function toRefusal(response: AxiosResponse<unknown>, request: string): RefusedError | ReplyLostError {
  const { status } = response;
  const parsed = v1ErrorBody.safeParse(response.data);
  const code = parsed.success ? parsed.data.code : `http-${status}`;
  const message = parsed.success ? parsed.data.message : request;
  // 503 is how the platform says "not yet"; any other 5xx says that it failed on the way, and not how far it got.
  if (status >= 500 && status !== 503) return new ReplyLostError(`${request}: ${status} ${message}`, { code, status });
  const retryAt = status === 429 ? resetOnOurClock(response) : undefined;
  return new RefusedError(status, code, parsed.success ? parsed.data.category : 'unknown', message, retryAt);
}

type HeaderName = 'date' | 'link' | 'location' | 'x-ratelimit-reset';

function header(response: AxiosResponse<unknown>, name: HeaderName): string | undefined {
  const value: unknown = response.headers[name];
  return typeof value === 'string' ? value : undefined;
}

/** Beyond that a difference is no matter of rounding (the header has whole seconds) or of the way. ms */
const CLOCKS_AGREE_MS = 2_000;

/** The platform names the end of a rate limit on its own clock, which its `Date` header shows; ours may be wrong. */
function resetOnOurClock(response: AxiosResponse<unknown>): number | undefined {
  const reset = rateLimitReset(header(response, 'x-ratelimit-reset'));
  const ahead = Date.parse(header(response, 'date') ?? '') - Date.now();
  return reset === undefined || !(Math.abs(ahead) > CLOCKS_AGREE_MS) ? reset : reset - ahead;
}
