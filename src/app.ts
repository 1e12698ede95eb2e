import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { accessOf, botAuthors } from './access-of.ts';
import { type Config } from './config.ts';
import { createCore } from './core/core.ts';
import { withDeadline } from './core/deadline.ts';
import { Operator } from './core/operator.ts';
import { partsOf } from './core/conversation.ts';
import type { Log } from './core/ports/log.ts';
import type { Model } from './core/ports/model.ts';
import type { Platform } from './core/ports/platform.ts';
import type { Depth, Store } from './core/ports/store.ts';
import { type Metrics, noMetrics } from './core/ports/metrics.ts';
import type { MetricsService } from './metrics/metrics-service.ts';
import { demoModel } from './models/demo.ts';
import { dudeInstructions, dudeTagline } from './models/dude.ts';
import { failover } from './models/failover.ts';
import { defaultModel, openAiModel } from './models/openai.ts';
import type { RetryPolicy } from './models/retrying.ts';
import { discordFormat } from './platforms/discord/format.ts';
import { slackFormat } from './platforms/slack/format.ts';
import type { SlackPlatform } from './platforms/slack/slack-platform.ts';
import { webPlatform } from './platforms/web/web-platform.ts';
import { openStore } from './open-store.ts';
import { quotasOf } from './quotas-of.ts';
import { Control } from './server/control.ts';
import { createServer } from './server/http-server.ts';

const pauseMs = 3_000;
const sweepEveryMs = 60 * 60 * 1_000;
/** Attempts at a turn that keeps killing the process. */
const maxAttempts = 3;
/** Without a sign of life for so long an owner counts as gone; three calls to a platform fit. */
const leaseMs = 15_000;
/** Another instance listens to Discord at most a quarter later than this when one dies. */
const listenerLeaseMs = 10_000;

/** Where another one can be asked, nobody waits long for a model; the last one is worth a wait. */
const triesOfSeveral = 2;
const patienceOfSeveralMs = 3_000;

const helpfulInstructions =
  'You are a helpful assistant in a chat. Be brief: answer first, explain only as far as it ' +
  'helps. Where several people talk, each message begins with its author’s name; yours never do.';

/** The running service. */
export interface App {
  /** Why the service cannot go on; whoever runs it stops it then, for a supervisor to start anew. */
  readonly failed: Promise<Error>;
  /** Begins to listen and to work. Throws `BadConfiguration` if it cannot. */
  start(): Promise<void>;
  /**
   * Takes nothing more in, lets answers end until the deadline, keeps the rest for the next
   * start, and lets go of everything. Once; later calls resolve with the first.
   */
  stop(): Promise<void>;
}

/**
 * Builds the service from its parts: the only place that names concrete ones. Waits for a store
 * that is away until the signal aborts, and then throws its reason.
 */
export async function createApp(config: Config, log: Log, signal: AbortSignal): Promise<App> {
  const { store, storeName, budgets, meters, usage } = await openStore(config, log, signal);
  const lease = { owner: ownerName(), leaseMs };
  const demo = config.OPENAI_API_KEY === undefined && config.OPENAI_BASE_URL === undefined;
  const watched = await configuredMetrics(config, log);
  const metrics = watched?.metrics ?? noMetrics;
  const model = demo ? demoModel({ metrics }) : configuredModel(config, metrics, log);

  const failure = Promise.withResolvers<Error>();
  let stopping: Promise<void> | undefined;
  const server = createServer({
    host: config.HOST,
    port: config.PORT,
    log,
    health: {
      check: async () => {
        if (stopping !== undefined) throw new Error('the service is stopping');
        await store.check();
      },
    },
  });
  const platforms: Platform[] = [];
  const personas = new Map<string, string>();
  if (config.WEB) {
    const web = webPlatform({
      store,
      log,
      host: config.HOST,
      ...(config.WEB_PASSWORD === undefined ? {} : { password: config.WEB_PASSWORD }),
      demo,
      modelName: model.name,
      ...(config.SYSTEM_PROMPT === undefined ? { persona: dudeTagline } : {}),
      formats: { slack: slackFormat, discord: discordFormat },
    });
    server.mount(web.routes);
    platforms.push(web);
    personas.set(web.name, dudeInstructions);
  }

  const slack = await configuredSlack(config, store, metrics, log);
  if (slack !== undefined) {
    if (slack.http !== undefined) server.mountListener(slack.http.path, slack.http.listener);
    platforms.push(slack);
  }

  const discord = await configuredDiscord(
    config,
    store,
    lease.owner,
    metrics,
    log,
    failure.resolve,
  );
  if (discord !== undefined) platforms.push(discord);

  const { inbox, dispatcher, shares } = createCore({
    store,
    model,
    platforms,
    instructions: ({ conversation }) =>
      config.SYSTEM_PROMPT ?? personas.get(partsOf(conversation).platform) ?? helpfulInstructions,
    bounds: {
      maxAttempts,
      maxTurnMs: config.MAX_TURN_SECONDS * 1_000,
      maxReplyChars: config.MAX_REPLY_CHARS,
      maxQuestionAgeMs: config.MAX_QUESTION_AGE_MINUTES * 60_000,
      historyTokens: config.HISTORY_TOKENS,
    },
    concurrency: config.MODEL_CONCURRENCY,
    mostOpen: config.MAX_OPEN_QUESTIONS,
    bots: { isBot: botAuthors(config), mostTurns: config.MAX_BOT_TURNS },
    quotas: quotasOf(config, meters),
    usage,
    lease,
    budgets,
    metrics,
    log,
  });
  // A shared store can be reached by whoever has its settings; this one has only this process.
  const control = store.shared
    ? undefined
    : new Control({
        folder: resolve(config.DATA_DIR),
        operator: new Operator({
          store,
          book: usage,
          stop: (conversation) => inbox.stop(conversation),
        }),
        log,
      });
  let sweeper: NodeJS.Timeout | undefined;

  async function start(): Promise<void> {
    const { url } = await server.listen();
    const depth = (): Promise<Depth> => store.depth();
    const figures = await watched?.start({ depth, load: () => dispatcher.load, platforms });
    await shares?.start();
    for (const platform of platforms) await platform.start(inbox);
    dispatcher.start();
    await control?.listen();
    sweeper = setInterval(() => void sweep(store, log), sweepEveryMs);
    void sweep(store, log);
    log.info(
      {
        url,
        platforms: platforms.map((platform) => platform.name),
        model: model.name,
        store: storeName,
        ...(figures === undefined ? {} : { metrics: figures }),
      },
      config.WEB ? `Parley talks on ${url}` : 'Parley talks',
    );
  }

  async function stop(): Promise<void> {
    clearInterval(sweeper);
    await control?.close();
    await Promise.all(platforms.map((platform) => paused(platform, log)));
    await dispatcher.drain(config.DRAIN_SECONDS * 1_000);
    await shares?.stop();
    await Promise.all(platforms.map((platform) => platform.close()));
    await server.close();
    await watched?.close();
    await store.close();
  }

  return { failed: failure.promise, start, stop: () => (stopping ??= stop()) };
}

/** No two instances have the same, on whatever machines, and no process that of an earlier one. */
function ownerName(): string {
  return `${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`;
}

/** Undefined while nobody is to read figures. */
async function configuredMetrics(config: Config, log: Log): Promise<MetricsService | undefined> {
  const { METRICS_PORT: port, METRICS_HOST: host } = config;
  if (port === undefined) return undefined;
  const { metricsService } = await import('./metrics/metrics-service.ts');
  return metricsService({ host, port, log });
}

function configuredModel(config: Config, metrics: Metrics, log: Log): Model {
  const names = config.MODEL ?? [defaultModel];
  const retriesAt = (at: number): Partial<RetryPolicy> => ({
    ...(names.length > 1 ? { tries: triesOfSeveral } : {}),
    ...(at < names.length - 1 ? { patienceMs: patienceOfSeveralMs } : {}),
  });
  const models = names.map((model, at) =>
    openAiModel({
      ...(config.OPENAI_API_KEY === undefined ? {} : { apiKey: config.OPENAI_API_KEY }),
      ...(config.OPENAI_BASE_URL === undefined ? {} : { baseUrl: config.OPENAI_BASE_URL }),
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

/** Undefined while Slack is not configured. With both ways in, Socket Mode, unless told otherwise. */
async function configuredSlack(
  config: Config,
  store: Store,
  metrics: Metrics,
  log: Log,
): Promise<SlackPlatform | undefined> {
  const { SLACK_BOT_TOKEN: token, SLACK_APP_TOKEN: appToken } = config;
  if (token === undefined) return undefined;
  const signingSecret = config.SLACK_SIGNING_SECRET ?? '';
  // Loaded only where it is used: the libraries of both platforms take longer than all else.
  const { slackPlatform } = await import('./platforms/slack/slack-platform.ts');
  return slackPlatform({
    token,
    transport:
      appToken === undefined || config.SLACK_TRANSPORT === 'http'
        ? { kind: 'http', signingSecret }
        : { kind: 'socket', appToken },
    ...(config.SLACK_API_URL === undefined ? {} : { apiUrl: config.SLACK_API_URL }),
    followups: config.THREAD_FOLLOWUPS,
    access: accessOf(config, 'slack'),
    allowOutsiders: config.SLACK_OUTSIDERS,
    bots: new Set(config.ALLOW_BOTS.slack),
    streaming: config.SLACK_STREAMING,
    store,
    metrics,
    log,
  });
}

/** Undefined while Discord is not configured. */
async function configuredDiscord(
  config: Config,
  store: Store,
  owner: string,
  metrics: Metrics,
  log: Log,
  onFatal: (error: Error) => void,
): Promise<Platform | undefined> {
  const { DISCORD_BOT_TOKEN: token, DISCORD_API_URL: apiUrl } = config;
  if (token === undefined) return undefined;
  const { discordPlatform } = await import('./platforms/discord/discord-platform.ts');
  return discordPlatform({
    token,
    ...(apiUrl === undefined ? {} : { apiUrl: apiUrl.replace(/\/+$/, '') }),
    replyIn: config.DISCORD_REPLY_IN,
    access: accessOf(config, 'discord'),
    bots: new Set(config.ALLOW_BOTS.discord),
    followups: config.THREAD_FOLLOWUPS,
    store,
    lease: { owner, leaseMs: listenerLeaseMs },
    metrics,
    log,
    onFatal,
  });
}

/** A platform that does not let go must not keep answers from ending in time. */
async function paused(platform: Platform, log: Log): Promise<void> {
  try {
    await withDeadline(pauseMs, new AbortController().signal, () => platform.pause());
  } catch (error) {
    log.warn({ err: error, platform: platform.name }, 'platform not paused');
  }
}

async function sweep(store: Store, log: Log): Promise<void> {
  try {
    const deleted = await store.sweep();
    if (deleted > 0) log.info({ deleted }, 'old history deleted');
  } catch (error) {
    log.warn({ err: error }, 'old history not deleted');
  }
}
