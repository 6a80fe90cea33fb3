/** The schema of the environment variables: name, type, default and error message of each setting. */
import { isIP } from 'node:net';
import { z } from 'zod';
import { nearMiss } from './near-miss';
import { sipPasswordFault, SIP_PASSWORD_RULE } from './lines';
import { MAX_CALL_TIMEOUT_SECONDS } from '../v1-wire/commands';
import {
  country,
  flag,
  integer,
  oneOf,
  origin,
  origins,
  portRange,
  recordsUrl,
  redisUrl,
  shown,
} from './setting-kinds';

const NODE_ENVS = ['development', 'test', 'production'] as const;
const nodeEnv = z.enum(NODE_ENVS, {
  error: ({ input }) => {
    const meant = nearMiss(String(input), NODE_ENVS);
    const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
    return `must be development, test or production, in lower case (got ${shown(input)})${hint}`;
  },
});

const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** Expects that the caller has removed empty variables. */
export const settings = z.object({
  NODE_ENV: nodeEnv.default('development'),
  PORT: integer(0, 65_535, 3_000),
  HOST: z.string().optional(),
  PUBLIC_BASE_URL: origin('WEBHOOK_USERNAME and WEBHOOK_PASSWORD').optional(),
  BANDWIDTH_API_URL: origin('BANDWIDTH_API_TOKEN and BANDWIDTH_API_SECRET').optional(),
  BANDWIDTH_USER_ID: z.string().optional(),
  BANDWIDTH_API_TOKEN: z.string().optional(),
  BANDWIDTH_API_SECRET: z.string().optional(),
  LINES: z.string().optional(),
  LINES_FILE: z.string().optional(),
  DEFAULT_COUNTRY: country.prefault('US'),
  WEBHOOK_USERNAME: z.string().optional(),
  WEBHOOK_PASSWORD: z.string().optional(),
  WEBHOOK_METHOD: oneOf(['POST', 'GET']).default('POST'),
  API_TOKEN: z.string().optional(),
  ALLOW_OPEN: flag,
  ALLOWED_ORIGINS: origins.prefault(''),
  CALL_TIMEOUT_SECONDS: integer(1, MAX_CALL_TIMEOUT_SECONDS, 30),
  MAX_CALL_SECONDS: integer(1, 86_400, 14_400),
  COMMAND_TIMEOUT_MS: integer(50, 60_000, 5_000),
  LEG_CHECK_SECONDS: integer(0, 3_600, 5),
  DRAIN_SECONDS: integer(0, 3_600, 8),
  CALLER_ID: z.enum(['line', 'caller'], 'must be line or caller').default('line'),
  RECOVERY_SECONDS: integer(0, 86_400, 60),
  REDIS_URL: redisUrl.optional(),
  REDIS_PREFIX: z
    .string()
    .regex(/^[\w.:-]{1,64}$/, {
      error: ({ input }) => `must be 1 to 64 letters, digits and . _ : - (got ${shown(input)})`,
    })
    .default('tandem'),
  REDIS_CLUSTER: flag,
  LOG_LEVEL: oneOf(levels).default('info'),
  LOG_NUMBERS: oneOf(['full', 'masked']).optional(),
  CALL_RECORDS_FILE: z.string().optional(),
  CALL_RECORDS_URL: recordsUrl.optional(),
  CALL_RECORDS_SECRET: z.string().min(16, 'is too short; give 16 characters or more').optional(),
  PLATFORM_PORT: integer(0, 65_535, 3_001),
  PLATFORM_RATE_LIMITS: flag,
  PLATFORM_SANDBOX: flag,
  SIP_PORT: integer(0, 65_535, 5_060),
  SIP_HOST: z.string().default('0.0.0.0'),
  SIP_PUBLIC_ADDRESS: z
    .string()
    .refine((text) => isIP(text) !== 0, {
      error: ({ input }) => `must be the IP address that phones reach, like 203.0.113.7 (got ${shown(input)})`,
    })
    .optional(),
  SIP_WS_ORIGINS: z.union([z.literal('*'), origins]).prefault(''),
  SIP_TLS_PORT: integer(0, 65_535, 5_061),
  SIP_TLS_CERT: z.string().optional(),
  SIP_TLS_KEY: z.string().optional(),
  SIP_DIAL_URIS: flag,
  SIP_FORWARD: oneOf(['off', 'endpoints', 'all']).default('endpoints'),
  SIP_CALLS_PER_ENDPOINT: integer(0, 100_000, 400),
  SIP_PASSWORD: z
    .string()
    .refine((text) => sipPasswordFault(text) === undefined, SIP_PASSWORD_RULE)
    .optional(),
  RTP_PORTS: portRange.prefault('10000-10999'),
  RTP_SILENCE_SECONDS: integer(0, 86_400, 60),
  AUDIO_PRIVATE_HOSTS: flag,
  SPEECH_LANGUAGES_DIR: z.string().optional(),
  RECORDINGS_DIR: z.string().optional(),
});

export type Settings = z.infer<typeof settings>;

/** The names of all settings: `.env.example` must have each. */
export const SETTING_NAMES = Object.keys(settings.shape);
