/** What Tandem's own API takes and gives. The OpenAPI document is made from these. */
import { z } from 'zod';
import { LOCALES, MAX_SENTENCE_LENGTH, voiceLocale, VOICES } from '../v1-wire/commands';
import { DIRECTIONS } from '../calls/route';
import { PHASES, REASONS } from '../flows/flow';

const lowerCase = (names: readonly string[]) => new Set(names.map((name) => name.toLowerCase()));
const voices = lowerCase(VOICES.map(({ name }) => name));

export const newCall = z
  .strictObject({
    to: z
      .string()
      .min(1)
      .max(256)
      .describe('Whom to call: a SIP URI, the user name of an endpoint of LINES, or a phone number'),
    sentence: z.string().trim().min(1).max(MAX_SENTENCE_LENGTH).describe('What is spoken'),
    voice: z
      .string()
      .refine(
        (name) => voices.has(name.toLowerCase()),
        `is no known voice; there are ${VOICES.map((v) => v.name).join(', ')}`,
      )
      .optional(),
    gender: z.enum(['female', 'male']).optional(),
    locale: z
      .string()
      .refine((name) => voiceLocale(name) !== undefined, `must be one of ${[...LOCALES.keys()].join(', ')}`)
      .optional(),
    from: z
      .string()
      .max(32)
      .describe('The number that is shown, E.164; the line of the callee, or the first line, where it is left out')
      .optional(),
  })
  .meta({ id: 'NewCall' });

export const leg = z
  .object({
    role: z.enum(['caller', 'callee']),
    callId: z.string().optional(),
    state: z.enum(['new', 'ringing', 'answered', 'gone']),
    cause: z.string().optional().describe("The platform's hangup cause"),
  })
  .meta({ id: 'Leg' });

export const timelineEntry = z
  .object({
    time: z.iso.datetime(),
    what: z.string().describe('An event, a command with its result, a deadline'),
    leg: z.enum(['caller', 'callee', 'stray']).optional(),
    callId: z.string().optional(),
    phase: z.enum(PHASES).describe('The phase it led to'),
    outcome: z.string().optional(),
    tookMs: z.number().optional(),
  })
  .meta({ id: 'TimelineEntry' });

export const callView = z
  .object({
    id: z.string(),
    kind: z.enum(['bridge-legs', 'speak-and-hang-up']),
    direction: z.enum(DIRECTIONS).optional(),
    phase: z.enum(PHASES),
    reason: z.enum(REASONS).optional().describe('Why it ended; completed: as planned, and a party hung up'),
    from: z.string().optional(),
    to: z.string().optional(),
    bridgeId: z.string().optional(),
    legs: z.array(leg),
    createdAt: z.iso.datetime(),
    endedAt: z.iso.datetime().optional(),
    timeline: z.array(timelineEntry),
  })
  .meta({ id: 'Call' });
export type CallView = z.infer<typeof callView>;

export const callList = z.object({ calls: z.array(callView) }).meta({ id: 'CallList' });

export const callFilter = z.strictObject({
  phase: z.enum(PHASES).optional(),
  kind: z.enum(['bridge-legs', 'speak-and-hang-up']).optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
});

export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number(),
    detail: z.string(),
    code: z.string(),
  })
  .meta({ id: 'Problem' });
