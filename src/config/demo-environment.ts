import { SETTING_NAMES } from './settings';

/** The environment of a Tandem with its own platform, for a demo: on free ports of this machine, quick to give up. */
export function demoEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string | undefined> {
  const own = Object.fromEntries(
    SETTING_NAMES.filter((name) => /^(BANDWIDTH|WEBHOOK|PUBLIC|API|ALLOW|LINES|CALL_RECORDS)_/.test(name)).map(
      (name) => [name, ''],
    ),
  );
  return {
    ...env,
    ...own,
    NODE_ENV: '',
    HOST: '127.0.0.1',
    PORT: '0',
    PLATFORM_PORT: '0',
    SIP_HOST: '127.0.0.1',
    SIP_PORT: '0',
    SIP_TLS_CERT: '',
    SIP_TLS_KEY: '',
    RTP_PORTS: '0',
    REDIS_URL: '',
    LINES: '',
    CALL_TIMEOUT_SECONDS: '3',
    DRAIN_SECONDS: '0',
  };
}
