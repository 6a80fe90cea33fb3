/** Tandem and its platform over real HTTP, in this process, with far ends that take milliseconds. */
import { createApiHttp } from '../../src/providers/bandwidth-v1/http';
import { loadConfig, type Config } from '../../src/config/config';
import { createSandbox, createTandemApi, type Sandbox, type TandemApi } from '../../src/demo/clients';
import type { CallView } from '../../src/api/schemas';
import { startPlatform, type Platform, type PlatformOptions } from '../../src/platform';
import { provision } from '../../src/providers/bandwidth-v1/provisioning/provision';
import { startServer, type TandemServer } from '../../src/server/server';
import { recordingLog, type RecordingLog } from './builders';

export const ACCOUNT = { userId: 'u-1', token: 't-1', secret: 's-1' };

const FAST = {
  ringAfterMs: 5,
  answerAfterMs: 10,
  pickUpMs: 10,
  hangUpAfterMs: 5_000,
  slowAnswerAfterMs: 2_000,
  minimumSpeechMs: 20,
  speechCharactersPerSecond: 1_000,
};

export function testConfig(env: Record<string, string> = {}): Config {
  return loadConfig({
    HOST: '127.0.0.1',
    PORT: '0',
    LOG_LEVEL: 'silent',
    CALL_TIMEOUT_SECONDS: '2',
    BANDWIDTH_USER_ID: ACCOUNT.userId,
    BANDWIDTH_API_TOKEN: ACCOUNT.token,
    BANDWIDTH_API_SECRET: ACCOUNT.secret,
    BANDWIDTH_API_URL: 'http://127.0.0.1:1', // given to startServer as it is
    ...env,
  });
}

export function fastPlatform(options: Partial<PlatformOptions> = {}): Promise<Platform> {
  return startPlatform({
    host: '127.0.0.1',
    port: 0,
    userId: ACCOUNT.userId,
    apiToken: ACCOUNT.token,
    apiSecret: ACCOUNT.secret,
    log: recordingLog().log,
    ...options,
    timing: { ...FAST, ...options.timing },
  });
}

export interface RunningTandem extends RecordingLog {
  config: Config;
  server: TandemServer;
  platform: Platform;
  sandbox: Sandbox;
  tandem: TandemApi;
  /** Attaches a simulated phone that behaves as given. */
  phone(sipUri: string, behaviour?: object): Promise<void>;
  /** The flow, when it has ended. */
  ended(flowId: string): Promise<CallView>;
  close(): Promise<void>;
}

/**
 * @param options of the platform, as `sip`
 * @param embedded as if the platform were in Tandem's own process, so that its end cuts the calls
 */
export async function runTandem(
  env: Record<string, string> = {},
  options: Partial<PlatformOptions> = {},
  embedded = false,
): Promise<RunningTandem> {
  const given = testConfig({ DRAIN_SECONDS: '0', ...env });
  const config = embedded ? { ...given, api: { ...given.api, url: undefined } } : given;
  const recording = recordingLog();
  const platform = await fastPlatform(options);
  const server = await startServer(config, platform.url, recording.log);
  const http = createApiHttp({ ...config.api, url: platform.url });
  const { lines, sipPasswords } = config;
  await provision(http, { lines, sipPasswords, webhookUrl: server.webhookUrl });
  http.close();
  const tandem = createTandemApi(server.url, config.apiToken);
  return {
    ...recording,
    config,
    server,
    platform,
    tandem,
    sandbox: createSandbox({ ...ACCOUNT, url: platform.url }),
    async phone(sipUri, behaviour = {}) {
      const authorization = `Basic ${Buffer.from(`${ACCOUNT.token}:${ACCOUNT.secret}`).toString('base64')}`;
      const { status } = await fetch(`${platform.url}/sandbox/phones`, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify({ sipUri, ...behaviour }),
      });
      if (status !== 201) throw new Error(`the phone ${sipUri} could not be attached: ${status}`);
    },
    async ended(flowId) {
      await recording.line(({ event, sessionId }) => event === 'session.ended' && sessionId === flowId);
      const call = await tandem.call(flowId);
      if (!call) throw new Error(`${flowId} ended and was forgotten`);
      return call;
    },
    async close() {
      await server.close();
      await platform.close();
    },
  };
}
