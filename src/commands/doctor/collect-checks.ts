// Tested by test/integration/doctor.test.ts
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { accessOf } from '../../wiring/chat-platforms.ts';
import type { Config } from '../../config/config.ts';
import type { Check, CheckupGroup, OnClockReading } from '../../core/ports/checkup.ts';
import type { Log } from '../../core/ports/log.ts';

const manifestPath = fileURLToPath(new URL('../../../slack-manifest.yaml', import.meta.url));

/** The checks for a configuration. */
export async function collectChecks(
  config: Config,
  log: Log,
  hear: OnClockReading,
): Promise<Check[]> {
  const groups = await Promise.all([
    slackChecks(config, log, hear),
    discordChecks(config, log, hear),
    modelChecks(config, hear),
    storeChecks(config, log, hear),
  ]);
  return groups.flat();
}

async function slackChecks(config: Config, log: Log, hear: OnClockReading): Promise<Check[]> {
  const { SLACK_BOT_TOKEN: token, SLACK_APP_TOKEN: appToken, SLACK_TRANSPORT } = config;
  const { SLACK_SIGNING_SECRET: signingSecret, SLACK_API_URL: apiUrl } = config;
  if (token === undefined) return [plainCheck('slack', 'Slack', 'not configured')];
  const { slackChecks: slackCheckup } =
    await import('../../platforms/slack/doctor/slack-checks.ts');
  const bySocket = appToken !== undefined && SLACK_TRANSPORT !== 'http';
  return slackCheckup({
    token,
    ...(bySocket ? { appToken } : {}),
    ...(signingSecret === undefined ? {} : { signingSecret }),
    ...(apiUrl === undefined ? {} : { apiUrl }),
    access: accessOf(config, 'slack'),
    manifestPath,
    hear,
    log,
  });
}

async function discordChecks(config: Config, log: Log, hear: OnClockReading): Promise<Check[]> {
  const { DISCORD_BOT_TOKEN: token, DISCORD_API_URL: apiUrl } = config;
  if (token === undefined) return [plainCheck('discord', 'Discord', 'not configured')];
  const { discordChecks: discordCheckup } =
    await import('../../platforms/discord/doctor/discord-checks.ts');
  return discordCheckup({
    token,
    ...(apiUrl === undefined ? {} : { apiUrl: apiUrl.replace(/\/+$/, '') }),
    access: accessOf(config, 'discord'),
    hear,
    log,
  });
}

async function modelChecks(config: Config, hear: OnClockReading): Promise<Check[]> {
  const { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: baseUrl, OPENAI_API: api } = config;
  if (apiKey === undefined && baseUrl === undefined) {
    // A MODEL without effect is a hint of the configuration.
    return [
      plainCheck('model', 'Demo', 'the built-in model answers; README.md says how to set another'),
    ];
  }
  const { modelCheckup } = await import('../../models/doctor/model-check.ts');
  const { modelNames } = await import('../../wiring/model.ts');
  return modelNames(config).map((model) =>
    modelCheckup({
      model,
      ...(apiKey === undefined ? {} : { apiKey }),
      ...(baseUrl === undefined ? {} : { baseUrl }),
      ...(api === undefined ? {} : { api }),
      hear,
    }),
  );
}

async function storeChecks(config: Config, log: Log, hear: OnClockReading): Promise<Check[]> {
  const { REDIS_URL: url, REDIS_PREFIX: prefix, DATA_DIR } = config;
  if (url !== undefined) {
    const { redisChecks } = await import('../../stores/redis/doctor-check.ts');
    return [redisChecks({ url, prefix, hear, log })];
  }
  const { sqliteChecks } = await import('../../stores/sqlite/doctor-check.ts');
  return [sqliteChecks(resolve(DATA_DIR))];
}

/** A check that only states a fact. */
function plainCheck(group: CheckupGroup, what: string, detail: string): Check {
  return {
    id: group,
    group,
    what,
    run: () => Promise.resolve([{ id: group, what, state: 'ok', detail }]),
  };
}
