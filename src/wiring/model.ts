// Tested by test/unit/app.test.ts
import type { Config } from '../config/config.ts';
import type { Log } from '../core/ports/log.ts';
import type { Metrics } from '../core/ports/metrics.ts';
import type { Model } from '../core/ports/model.ts';
import { demoModel } from '../models/demo/demo-model.ts';
import { failover, type RetryPolicy } from '../models/failover.ts';
import { defaultModel, openAiModel } from '../models/openai-client.ts';
import { type Server, warnOfWrongSettings } from '../models/doctor/settings-check.ts';

/** Tries and patience for a model that is followed by others; the last one is worth a longer wait. */
const triesOfSeveral = 2;
const patienceOfSeveralMs = 3_000;

/** Whether the demo model answers: without a key and without a server. */
export function isDemo({ OPENAI_API_KEY, OPENAI_BASE_URL }: Config): boolean {
  return OPENAI_API_KEY === undefined && OPENAI_BASE_URL === undefined;
}

/** Logs warnings about a key, a model or a base URL that cannot work; never throws. */
export async function checkModelSettings(
  config: Config,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  if (isDemo(config)) return;
  const models = modelNames(config);
  await warnOfWrongSettings({ server: serverOf(config), models, log }, signal);
}

/** Names of the configured models, or of the default one. */
export function modelNames({ MODEL }: Config): readonly string[] {
  return MODEL ?? [defaultModel];
}

function serverOf({ OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: baseUrl }: Config): Server {
  return {
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(baseUrl === undefined ? {} : { baseUrl }),
  };
}

/** The configured models as one, in their order. */
export function configuredModel(config: Config, metrics: Metrics, log: Log): Model {
  if (isDemo(config)) return demoModel({ metrics });
  const names = modelNames(config);
  const retriesAt = (at: number): Partial<RetryPolicy> => ({
    ...(names.length > 1 ? { tries: triesOfSeveral } : {}),
    ...(at < names.length - 1 ? { patienceMs: patienceOfSeveralMs } : {}),
  });
  const models = names.map((model, at) =>
    openAiModel({
      ...serverOf(config),
      ...(config.OPENAI_API === undefined ? {} : { api: config.OPENAI_API }),
      model,
      timeouts: {
        firstTokenMs: config.MODEL_FIRST_TOKEN_SECONDS * 1_000,
        stallMs: config.MODEL_STALL_SECONDS * 1_000,
      },
      retries: retriesAt(at),
      metrics,
      log,
    }),
  );
  return failover(models, { metrics, log });
}

/** Instructions for the model without SYSTEM_PROMPT. */
export const helpfulInstructions =
  'You are a helpful assistant in a chat. Be brief: answer first, explain only as far as it ' +
  'helps. Where several people talk, each message begins with its author’s name; yours never do.';

/** A line about that model for people. */
export const helpfulTagline = 'A helpful assistant that keeps it brief.';
