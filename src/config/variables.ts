// Tested by test/unit/config/config.test.ts
import { z } from 'zod';
import {
  botIds,
  channelIds,
  hostNames,
  modelNames,
  networks,
  peopleIds,
  roleIds,
  workspaceIds,
} from './lists.ts';

/** A variable, as `.env.example` and the error messages show it. */
export interface Variable {
  readonly schema: z.ZodType;
  /** An accepted value. */
  readonly example: string;
  /** Whether the value must never reach a log. */
  readonly secret?: true;
  /** Whether the value is free text, of one or several lines; blanks around it are kept. */
  readonly text?: 'line' | 'lines';
}

function wholeNumber(least: number, most: number, fallback: number): z.ZodType<number> {
  return numberWithin(least, most).default(fallback);
}

function numberWithin(least: number, most: number) {
  const range = `a whole number from ${least} to ${most}`;
  return z
    .string()
    .regex(/^\d+$/, `must be ${range}`)
    .transform(Number)
    .refine((value) => value >= least && value <= most, `must be ${range}`);
}

/** Range of a quota. */
const mostUsed = numberWithin(1, 1_000_000_000_000);

const url = z.url({ protocol: /^https?$/, error: 'must be an http or https address' });

function token(prefix: string): z.ZodType<string | undefined> {
  return z
    .string()
    .trim()
    .regex(/^[\w.-]+$/, 'must be the token alone, without quotes or spaces')
    .startsWith(prefix, `must begin with ${prefix}`)
    .optional();
}

/** The address of a proxy, with any name and password. */
const proxyUrl = z
  .string()
  .trim()
  .refine(isProxyAddress, 'must be the http or https address of a proxy')
  .optional();

function isProxyAddress(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, username, password } = new URL(value);
  try {
    // A literal "%" must be written as %25.
    decodeURIComponent(`${username}:${password}`);
  } catch {
    return false;
  }
  return protocol === 'http:' || protocol === 'https:';
}

/** A key that fits into a header; quotes around it are a mistake. */
const key = z
  .string()
  .trim()
  .regex(/^(?!["'])[!-~]+(?<!["'])$/, 'must be the key alone, without quotes or spaces')
  .optional();

export const variables = {
  SLACK_BOT_TOKEN: { schema: token('xoxb-'), example: 'xoxb-…', secret: true },
  SLACK_APP_TOKEN: { schema: token('xapp-'), example: 'xapp-…', secret: true },
  SLACK_SIGNING_SECRET: {
    schema: z.string().trim().optional(),
    example: '8f742231b10e…',
    secret: true,
  },
  SLACK_TRANSPORT: {
    schema: z.enum(['socket', 'http'], 'must be socket or http').optional(),
    example: 'http',
  },
  SLACK_API_URL: { schema: url.optional(), example: 'http://127.0.0.1:4002/api/' },
  SLACK_OUTSIDERS: {
    schema: z
      .enum(['on', 'off'], 'must be on or off')
      .default('off')
      .transform((value) => value === 'on'),
    example: 'off',
  },
  SLACK_STREAMING: {
    schema: z.enum(['auto', 'edit', 'native'], 'must be auto, edit or native').default('auto'),
    example: 'auto',
  },
  DISCORD_BOT_TOKEN: {
    schema: z
      .string()
      .trim()
      .regex(
        /^[\w.-]+$/,
        'must be the token alone, without "Bot" before it: letters, digits, dots, dashes and underscores',
      )
      .optional(),
    example: 'MTA5…',
    secret: true,
  },
  DISCORD_REPLY_IN: {
    schema: z.enum(['thread', 'channel'], 'must be thread or channel').default('thread'),
    example: 'thread',
  },
  DISCORD_API_URL: {
    schema: url
      .regex(/^(?!.*\/v\d+\/*$)/, 'must end before the version, with /api as a rule')
      .optional(),
    example: 'http://127.0.0.1:4010/api',
  },
  THREAD_FOLLOWUPS: {
    schema: z
      .enum(['auto', 'always', 'mention'], 'must be auto, always or mention')
      .default('auto'),
    example: 'auto',
  },
  LONG_ANSWER_NOTICE_SECONDS: { schema: numberWithin(1, 3_600).optional(), example: '60' },
  ALLOW_WORKSPACES: workspaceIds,
  DENY_WORKSPACES: workspaceIds,
  ALLOW_CHANNELS: channelIds,
  DENY_CHANNELS: channelIds,
  ALLOW_PEOPLE: peopleIds,
  DENY_PEOPLE: peopleIds,
  ALLOW_ROLES: roleIds,
  DENY_ROLES: roleIds,
  DIRECT_MESSAGES: {
    schema: z
      .enum(['members', 'everyone', 'off'], 'must be members, everyone or off')
      .default('members'),
    example: 'members',
  },
  ALLOW_BOTS: botIds,
  MAX_BOT_TURNS: { schema: wholeNumber(1, 100, 3), example: '3' },
  OPENAI_API_KEY: { schema: key, example: 'sk-…', secret: true },
  OPENAI_BASE_URL: { schema: url.optional(), example: 'http://127.0.0.1:11434/v1' },
  OPENAI_API: {
    schema: z.enum(['responses', 'chat'], 'must be responses or chat').optional(),
    example: 'chat',
  },
  MODEL: modelNames,
  SYSTEM_PROMPT: {
    schema: z.string().optional(),
    example: 'You are helpful and brief.',
    text: 'lines',
  },
  MODEL_FIRST_TOKEN_SECONDS: { schema: wholeNumber(1, 3_600, 60), example: '60' },
  MODEL_STALL_SECONDS: { schema: wholeNumber(1, 3_600, 30), example: '30' },
  MODEL_CONCURRENCY: { schema: wholeNumber(1, 10_000, 50), example: '50' },
  MAX_REPLY_CHARS: { schema: wholeNumber(100, 1_000_000, 50_000), example: '50000' },
  MAX_TURN_SECONDS: { schema: wholeNumber(1, 86_400, 600), example: '600' },
  MAX_QUESTION_AGE_MINUTES: { schema: wholeNumber(1, 43_200, 60), example: '60' },
  HISTORY_TOKENS: { schema: wholeNumber(0, 1_000_000, 16_000), example: '16000' },
  HISTORY_DAYS: { schema: wholeNumber(1, 36_500, 30), example: '30' },
  MAX_OPEN_QUESTIONS: { schema: wholeNumber(1, 10_000, 20), example: '20' },
  QUESTIONS_PER_PERSON: { schema: mostUsed.optional(), example: '50' },
  QUESTIONS_PER_WORKSPACE: { schema: mostUsed.optional(), example: '2000' },
  TOKENS_PER_PERSON: { schema: mostUsed.optional(), example: '200000' },
  TOKENS_PER_WORKSPACE: { schema: mostUsed.optional(), example: '10000000' },
  QUOTA_HOURS: { schema: wholeNumber(1, 744, 24), example: '24' },
  USAGE_DAYS: { schema: wholeNumber(1, 3_660, 90), example: '90' },
  REDIS_URL: {
    schema: z
      .string()
      .trim()
      .regex(/^rediss?(\+sentinel|\+cluster)?:\/\//i, 'must be an address of Redis')
      .optional(),
    example: 'redis://127.0.0.1:6379',
    secret: true,
  },
  REDIS_PREFIX: {
    schema: z
      .string()
      .regex(/^[\w.-]{1,64}$/, 'must be 1 to 64 letters, digits, dots, dashes and underscores')
      .default('parley'),
    example: 'parley',
  },
  DATA_DIR: { schema: z.string().default('data'), example: './data', text: 'line' },
  HOST: { schema: z.string().default('127.0.0.1'), example: '127.0.0.1' },
  PORT: { schema: wholeNumber(0, 65_535, 3_000), example: '3000' },
  WEB: {
    schema: z
      .enum(['on', 'off'], 'must be on or off')
      .optional()
      .transform((value) => (value === undefined ? undefined : value === 'on')),
    example: 'on',
  },
  WEB_HOSTS: hostNames,
  TRUSTED_PROXIES: networks,
  WEB_PASSWORD: {
    schema: z.string().min(8, 'must have at least 8 characters').optional(),
    example: 'a long password',
    secret: true,
    text: 'line',
  },
  HEALTH_PORT: { schema: numberWithin(1, 65_535).optional(), example: '3001' },
  HEALTH_HOST: { schema: z.string().default('127.0.0.1'), example: '127.0.0.1' },
  METRICS_PORT: { schema: numberWithin(1, 65_535).optional(), example: '9464' },
  METRICS_HOST: { schema: z.string().default('127.0.0.1'), example: '127.0.0.1' },
  HTTPS_PROXY: { schema: proxyUrl, example: 'http://proxy.example.com:3128', secret: true },
  HTTP_PROXY: { schema: proxyUrl, example: 'http://proxy.example.com:3128', secret: true },
  NO_PROXY: { schema: z.string().optional(), example: 'intranet.example.com,10.0.0.7' },
  LOG_LEVEL: {
    schema: z
      .enum(
        ['debug', 'info', 'warn', 'error', 'silent'],
        'must be debug, info, warn, error or silent',
      )
      .default('info'),
    example: 'info',
  },
  DRAIN_SECONDS: { schema: numberWithin(0, 3_600).optional(), example: '8' },
} satisfies Record<string, Variable>;

export type Values = {
  [Name in keyof typeof variables]: z.output<(typeof variables)[Name]['schema']>;
};

/** A setting that may not have the meant effect. */
export interface Hint {
  /** Source: a line such as `.env:12`, or `environment`. */
  readonly where: string;
  /** A sentence with the setting's name, never with its value. */
  readonly message: string;
  /** Whether only the doctor shows it, as it may well be intended. */
  readonly quiet?: true;
}

/** The checked configuration under the variables' names, with defaults. */
export interface Config extends Values {
  /** On by default only without another platform. */
  readonly WEB: boolean;
  /** Default 8; 0 with Redis, where another instance takes over at once. */
  readonly DRAIN_SECONDS: number;
  /** Values that must never reach a log. */
  readonly secrets: readonly string[];
  /** For the log and the doctor. */
  readonly hints: readonly Hint[];
}

/** A sentence about a wrong variable, with an accepted value. */
export function problem(name: string, message: string, example?: string): string {
  return `${name} ${message}, ${suchAs(name, example)}`;
}

/** A variable with an accepted value, as the end of a sentence. */
export function suchAs(name: string, example?: string): string {
  const shown = example ?? (variables as Record<string, Variable>)[name]?.example ?? '';
  return `such as ${name}=${shown}`;
}

/** Least length of a removed secret: shorter ones occur in log lines by chance. */
const minChars = 8;

/** The parts of a value that are removed from every log line. */
export function secretsIn(name: string, value: string): string[] {
  return secretParts(name, value).filter((part) => part.length >= minChars);
}

/** A hint about a secret that is too short to be removed; undefined for others. */
export function shortSecretHint(name: string, value: string): string | undefined {
  const part = secretParts(name, value).at(-1);
  if (part === undefined || part.length >= minChars) return undefined;
  const what = part === value.trim() ? name : `the password in ${name}`;
  return `${what} has fewer than ${minChars} characters: it is not struck out of the log`;
}

/** The secrets of a value: itself, and its password; an address without a password has none. */
function secretParts(name: string, untrimmed: string): string[] {
  if (!(variables as Readonly<Record<string, Variable>>)[name]?.secret) return [];
  const value = untrimmed.trim();
  if (!/^[a-z+]+:\/\//i.test(value)) return [value];
  const [, user = '', password = user] = /^[a-z+]+:\/\/([^/@:]*)(?::([^/@]+))?@/i.exec(value) ?? [];
  return password === '' ? [] : [value, password];
}
