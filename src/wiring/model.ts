import type { Config } from '../config/config.ts';
import type { Log } from '../core/ports/log.ts';
import type { Metrics } from '../core/ports/metrics.ts';
import type { Model } from '../core/ports/model.ts';
import { demoModel } from '../models/demo/demo-model.ts';
import { failover } from '../models/failover.ts';
import { defaultModel, openAiModel } from '../models/openai-model.ts';
import type { RetryPolicy } from '../models/retrying.ts';
import { warnOfWrongSettings, type Server } from '../models/doctor/settings-check.ts';

/** Where another one can be asked, nobody waits long for a model; the last one is worth a wait. */
const triesOfSeveral = 2;
const patienceOfSeveralMs = 3_000;

/** Whether there is neither a key nor a server: the built-in model answers, and says that it is one. */
export function isDemo({ OPENAI_API_KEY, OPENAI_BASE_URL }: Config): boolean {
  return OPENAI_API_KEY === undefined && OPENAI_BASE_URL === undefined;
}

/** Warns of a key, a model or a base URL that cannot work, when the server answers; never throws. */
export async function checkModelSettings(
  config: Config,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  if (isDemo(config)) return;
  const models = config.MODEL ?? [defaultModel];
  await warnOfWrongSettings({ server: serverOf(config), models, log }, signal);
}

function serverOf({ OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: baseUrl }: Config): Server {
  return {
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(baseUrl === undefined ? {} : { baseUrl }),
  };
}

/** The models that are named, in the order in which they are tried. */
export function configuredModel(config: Config, metrics: Metrics, log: Log): Model {
  if (isDemo(config)) return demoModel({ metrics });
  const names = config.MODEL ?? [defaultModel];
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

/** What the model is told before a conversation while no `SYSTEM_PROMPT` is set, wherever people talk. */
export const helpfulInstructions =
  'You are a helpful assistant in a chat. Be brief: answer first, explain only as far as it ' +
  'helps. Where several people talk, each message begins with its author’s name; yours never do.';

/** Who that is, in a line for people. */
export const helpfulTagline = 'A helpful assistant that keeps it brief.';
