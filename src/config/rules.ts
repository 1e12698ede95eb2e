// Tested by test/unit/config/config.test.ts
import { type Config, problem, type Values } from './variables.ts';

/** A rule about several variables together. */
export interface Rule {
  readonly of: readonly (keyof Values)[];
  readonly broken: (values: Config) => string[];
}

export const rules: readonly Rule[] = [
  {
    of: ['WEB', 'SLACK_BOT_TOKEN', 'DISCORD_BOT_TOKEN'],
    broken: ({ WEB, SLACK_BOT_TOKEN, DISCORD_BOT_TOKEN }) =>
      WEB || SLACK_BOT_TOKEN !== undefined || DISCORD_BOT_TOKEN !== undefined
        ? []
        : [problem('WEB', 'is off, and no other platform is configured', 'on')],
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

/** Whether an address is OpenAI's, including its regional hosts. */
function isOpenAi(baseUrl: string | undefined): boolean {
  return baseUrl !== undefined && /^(.+\.)?api\.openai\.com$/.test(new URL(baseUrl).hostname);
}
