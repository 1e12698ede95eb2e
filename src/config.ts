import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { z } from 'zod';
import { BadConfiguration } from './core/errors.ts';

/** What each variable is, as `.env.example` and the error messages show it. */
interface Variable {
  readonly schema: z.ZodType;
  /** A value that would be accepted. */
  readonly example: string;
  /** Its value must never reach a log. */
  readonly secret?: true;
}

function wholeNumber(least: number, most: number, fallback: number): z.ZodType<number> {
  const range = `a whole number from ${least} to ${most}`;
  return z
    .string()
    .regex(/^\d+$/, `must be ${range}`)
    .transform(Number)
    .refine((value) => value >= least && value <= most, `must be ${range}`)
    .default(fallback);
}

const url = z.url({ protocol: /^https?$/, error: 'must be an http or https address' });

function token(prefix: string): z.ZodType<string | undefined> {
  return z.string().trim().startsWith(prefix, `must begin with ${prefix}`).optional();
}

const variables = {
  SLACK_BOT_TOKEN: { schema: token('xoxb-'), example: 'xoxb-…', secret: true },
  SLACK_APP_TOKEN: { schema: token('xapp-'), example: 'xapp-…', secret: true },
  SLACK_SIGNING_SECRET: { schema: z.string().optional(), example: '8f742231b10e…', secret: true },
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
  THREAD_FOLLOWUPS: {
    schema: z
      .enum(['auto', 'always', 'mention'], 'must be auto, always or mention')
      .default('auto'),
    example: 'auto',
  },
  OPENAI_API_KEY: { schema: z.string().optional(), example: 'sk-…', secret: true },
  OPENAI_BASE_URL: { schema: url.optional(), example: 'http://127.0.0.1:11434/v1' },
  OPENAI_API: {
    schema: z.enum(['responses', 'chat'], 'must be responses or chat').optional(),
    example: 'chat',
  },
  MODEL: { schema: z.string().optional(), example: 'gpt-5-mini' },
  SYSTEM_PROMPT: { schema: z.string().optional(), example: 'You are helpful and brief.' },
  MODEL_FIRST_TOKEN_SECONDS: { schema: wholeNumber(1, 3_600, 60), example: '60' },
  MODEL_STALL_SECONDS: { schema: wholeNumber(1, 3_600, 30), example: '30' },
  MODEL_CONCURRENCY: { schema: wholeNumber(1, 10_000, 50), example: '50' },
  MAX_REPLY_CHARS: { schema: wholeNumber(100, 1_000_000, 50_000), example: '50000' },
  MAX_TURN_SECONDS: { schema: wholeNumber(1, 86_400, 600), example: '600' },
  MAX_QUESTION_AGE_MINUTES: { schema: wholeNumber(1, 43_200, 60), example: '60' },
  HISTORY_TOKENS: { schema: wholeNumber(0, 1_000_000, 16_000), example: '16000' },
  HISTORY_DAYS: { schema: wholeNumber(1, 36_500, 30), example: '30' },
  MAX_OPEN_QUESTIONS: { schema: wholeNumber(1, 10_000, 20), example: '20' },
  DATA_DIR: { schema: z.string().default('data'), example: './data' },
  HOST: { schema: z.string().default('127.0.0.1'), example: '127.0.0.1' },
  PORT: { schema: wholeNumber(0, 65_535, 3_000), example: '3000' },
  WEB: {
    schema: z
      .enum(['on', 'off'], 'must be on or off')
      .optional()
      .transform((value) => (value === undefined ? undefined : value === 'on')),
    example: 'on',
  },
  WEB_PASSWORD: {
    schema: z.string().min(8, 'must have at least 8 characters').optional(),
    example: 'a long password',
    secret: true,
  },
  LOG_LEVEL: {
    schema: z
      .enum(
        ['debug', 'info', 'warn', 'error', 'silent'],
        'must be debug, info, warn, error or silent',
      )
      .default('info'),
    example: 'info',
  },
  DRAIN_SECONDS: { schema: wholeNumber(0, 3_600, 8), example: '8' },
} satisfies Record<string, Variable>;

type Values = { [Name in keyof typeof variables]: z.output<(typeof variables)[Name]['schema']> };

/** The configuration as the variables' own names give it, checked, with defaults filled in. */
export interface Config extends Values {
  /** On by default only while no other platform is configured. */
  readonly WEB: boolean;
  /** Values that must never reach a log. */
  readonly secrets: readonly string[];
}

/** The names of all variables, for `.env.example` to be compared with. */
export const variableNames: readonly string[] = Object.keys(variables);

/**
 * Reads the environment, and a `.env` file in the working directory if there is one (what is set
 * in the environment wins). An empty value counts as not set.
 *
 * @throws BadConfiguration that lists every problem, each with the variable and an example
 */
export function readConfig(environment: NodeJS.ProcessEnv = ownEnvironment()): Config {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value.trim() !== ''),
  );
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  const secrets: string[] = [];
  for (const [name, variable] of Object.entries<Variable>(variables)) {
    const result = variable.schema.safeParse(given[name]);
    if (result.success) values[name] = result.data;
    else problems.push(problem(name, result.error.issues[0]?.message ?? 'is not valid'));
    if (variable.secret && given[name] !== undefined) secrets.push(given[name]);
  }
  values['WEB'] ??= given['SLACK_BOT_TOKEN'] === undefined;
  for (const { of, broken } of rules) {
    // What is wrong by itself was told already.
    if (of.every((name) => name in values)) problems.push(...broken(values as unknown as Config));
  }
  if (problems.length > 0) {
    throw new BadConfiguration(
      ['Parley cannot start with this configuration:', ...problems].join('\n  '),
    );
  }
  return { ...(values as Values & { WEB: boolean }), secrets };
}

/** What single variables cannot show to be wrong. */
interface Rule {
  readonly of: readonly (keyof Values)[];
  readonly broken: (values: Config) => string[];
}

const rules: readonly Rule[] = [
  {
    of: ['WEB', 'SLACK_BOT_TOKEN'],
    broken: ({ WEB, SLACK_BOT_TOKEN }) =>
      WEB || SLACK_BOT_TOKEN !== undefined
        ? []
        : [problem('WEB', 'is off, and no other platform is configured', 'on')],
  },
  {
    of: ['WEB', 'HOST', 'WEB_PASSWORD'],
    broken: ({ WEB, HOST, WEB_PASSWORD }) =>
      !WEB || isLoopback(HOST) || WEB_PASSWORD !== undefined
        ? []
        : [problem('WEB_PASSWORD', `must be set while HOST is ${HOST}: others can reach the page`)],
  },
  {
    of: ['OPENAI_API_KEY', 'OPENAI_BASE_URL'],
    broken: ({ OPENAI_API_KEY, OPENAI_BASE_URL }) =>
      OPENAI_API_KEY !== undefined || !isOpenAi(OPENAI_BASE_URL)
        ? []
        : [problem('OPENAI_API_KEY', 'is needed by OpenAI, which OPENAI_BASE_URL names')],
  },
  {
    of: ['SLACK_BOT_TOKEN', 'SLACK_APP_TOKEN', 'SLACK_SIGNING_SECRET', 'SLACK_TRANSPORT'],
    broken: brokenSlack,
  },
];

function brokenSlack(values: Config): string[] {
  const { SLACK_BOT_TOKEN, SLACK_APP_TOKEN, SLACK_SIGNING_SECRET, SLACK_TRANSPORT } = values;
  const partner = SLACK_APP_TOKEN === undefined ? 'SLACK_SIGNING_SECRET' : 'SLACK_APP_TOKEN';
  if (SLACK_BOT_TOKEN === undefined) {
    return SLACK_APP_TOKEN === undefined && SLACK_SIGNING_SECRET === undefined
      ? []
      : [problem('SLACK_BOT_TOKEN', `is needed beside ${partner}`)];
  }
  if (SLACK_TRANSPORT === 'http' && SLACK_SIGNING_SECRET === undefined) {
    return [problem('SLACK_SIGNING_SECRET', 'is needed for SLACK_TRANSPORT=http')];
  }
  const bySocket = SLACK_TRANSPORT === 'socket' || SLACK_SIGNING_SECRET === undefined;
  return SLACK_APP_TOKEN === undefined && bySocket
    ? [problem('SLACK_APP_TOKEN', 'is needed beside SLACK_BOT_TOKEN for Socket Mode')]
    : [];
}

/** OpenAI's regional hosts are OpenAI, too. */
function isOpenAi(baseUrl: string | undefined): boolean {
  return baseUrl !== undefined && /^(.+\.)?api\.openai\.com$/.test(new URL(baseUrl).hostname);
}

/** Whether only this machine can reach what listens there. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function problem(name: string, message: string, example?: string): string {
  const shown = example ?? (variables as Record<string, Variable>)[name]?.example ?? '';
  return `${name} ${message}, such as ${name}=${shown}`;
}

function ownEnvironment(): NodeJS.ProcessEnv {
  for (const name of Object.keys(variables)) {
    // Libraries look into the environment by themselves, and take an empty value for a setting.
    if (process.env[name]?.trim() === '') delete process.env[name];
  }
  return { ...ownFile(), ...process.env };
}

function ownFile(): NodeJS.ProcessEnv {
  if (!existsSync('.env')) return {};
  try {
    return parseEnv(readFileSync('.env', 'utf8'));
  } catch (cause) {
    throw new BadConfiguration(
      `Parley cannot read .env in ${process.cwd()}: make it a file that this user can read, or remove it.`,
      { cause },
    );
  }
}
