import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { Config } from './config/config.ts';
import { createCore } from './core/create-core.ts';
import { withDeadline } from './core/timing.ts';
import { Operator } from './core/instances/operator.ts';
import type { Log } from './core/ports/log.ts';
import type { Platform } from './core/ports/platform.ts';
import type { Store } from './core/ports/store.ts';
import { noMetrics } from './core/ports/metrics.ts';
import { ClientAddresses } from './server/connections.ts';
import { HealthServer } from './server/health-server.ts';
import { OperatorSocket } from './server/operator-socket.ts';
import { createServer } from './server/http-server.ts';
import { pageOffRoutes } from './platforms/web/http/assets.ts';
import {
  botAuthors,
  configuredDiscord,
  configuredSlack,
  deniedAuthors,
  quotasOf,
} from './wiring/chat-platforms.ts';
import { checkModelSettings, configuredModel, helpfulInstructions } from './wiring/model.ts';
import { configuredMetrics } from './wiring/metrics.ts';
import { openStore } from './wiring/store.ts';
import { configuredWeb, generatesPassword } from './wiring/web.ts';

/** Time for a platform to stop receiving, in ms. */
const stopReceivingMs = 3_000;
const sweepEveryMs = 60 * 60 * 1_000;
/** Attempts at a turn whose process died. */
const maxAttempts = 3;
/** Time without a renewal after which a lease ends, in ms; three platform calls fit. */
const leaseMs = 15_000;

/** Names of chat platforms for people. */
const titles: Readonly<Record<string, string>> = { slack: 'Slack', discord: 'Discord' };

/** The running service. */
export interface App {
  /** Resolves to a fatal error; the caller then stops the process for its supervisor. */
  readonly failed: Promise<Error>;
  /** Starts listening and answering. Throws `BadConfiguration`. */
  start(): Promise<void>;
  /**
   * Stops receiving, lets answers finish until the deadline, leaves the rest for the next start, and
   * closes everything. Later calls resolve with the first.
   */
  stop(): Promise<void>;
}

/**
 * Composition root: builds the service from its settings. Waits for an unreachable store until the
 * signal aborts, and then throws its reason.
 */
export async function createApp(config: Config, log: Log, signal: AbortSignal): Promise<App> {
  const { store, storeName, budgets, meters, usage, secrets } = await openStore(
    config,
    log,
    signal,
  );
  const lease = { owner: ownerName(), leaseMs };
  const metricsService = await configuredMetrics(config, log);
  const metrics = metricsService?.metrics ?? noMetrics;
  const model = configuredModel(config, metrics, log);

  const failure = Promise.withResolvers<Error>();
  let stopping: Promise<void> | undefined;
  let isStopping = false;
  const addresses = new ClientAddresses(config.TRUSTED_PROXIES);
  const health = {
    check: async () => {
      if (isStopping) throw new Error('the service is stopping');
      await store.checkWritable();
    },
  };
  const server = createServer({ host: config.HOST, port: config.PORT, addresses, log, health });
  const healthServer =
    config.HEALTH_PORT === undefined
      ? undefined
      : new HealthServer({ host: config.HEALTH_HOST, port: config.HEALTH_PORT, health, log });
  const platforms: Platform[] = [];
  if (config.WEB) {
    const web = await configuredWeb(config, {
      store,
      secrets,
      addressOf: (request) => addresses.of(request),
      modelName: model.name,
      log,
    });
    server.mount(web.routes);
    platforms.push(web);
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
  if (!config.WEB) server.mount(pageOffRoutes(platforms.map(({ name }) => titles[name] ?? name)));

  const { inbox, dispatcher, budgetSharing } = createCore({
    store,
    model,
    platforms,
    instructions: () => config.SYSTEM_PROMPT ?? helpfulInstructions,
    limits: {
      maxAttempts,
      maxTurnMs: config.MAX_TURN_SECONDS * 1_000,
      maxReplyChars: config.MAX_REPLY_CHARS,
      maxQuestionAgeMs: config.MAX_QUESTION_AGE_MINUTES * 60_000,
      historyTokens: config.HISTORY_TOKENS,
    },
    concurrency: config.MODEL_CONCURRENCY,
    mostOpen: config.MAX_OPEN_QUESTIONS,
    bots: { isBot: botAuthors(config), mostTurns: config.MAX_BOT_TURNS },
    isDenied: deniedAuthors(config),
    quotas: quotasOf(config, meters),
    usage,
    ...(config.LONG_ANSWER_NOTICE_SECONDS === undefined
      ? {}
      : { longAnswerMs: config.LONG_ANSWER_NOTICE_SECONDS * 1_000 }),
    lease,
    budgets,
    metrics,
    log,
  });
  // Commands reach a shared store by its settings; the embedded one only through this process.
  const operatorSocket = store.shared
    ? undefined
    : new OperatorSocket({
        folder: resolve(config.DATA_DIR),
        operator: new Operator({
          store,
          book: usage,
          secrets,
          stop: (conversation) => inbox.stop(conversation),
          progressOf: (turn) => dispatcher.progressOf(turn),
        }),
        log,
      });
  let sweeper: NodeJS.Timeout | undefined;
  const ending = new AbortController();

  async function start(): Promise<void> {
    const { url } = await server.listen();
    const metricsUrl = await metricsService?.start({
      store,
      load: () => dispatcher.load,
      platforms,
    });
    const healthUrl = await healthServer?.listen();
    await budgetSharing?.start();
    for (const platform of platforms) {
      await platform.start(inbox);
      // Stopped meanwhile: no further platform may start.
      if (ending.signal.aborted) return;
    }
    dispatcher.start();
    await operatorSocket?.listen();
    sweeper = setInterval(() => void sweep(store, log), sweepEveryMs);
    void sweep(store, log);
    void checkModelSettings(config, log, ending.signal);
    log.info(
      {
        url,
        platforms: platforms.map((platform) => platform.name),
        model: model.name,
        store: storeName,
        ...(metricsUrl === undefined ? {} : { metrics: metricsUrl }),
        ...(healthUrl === undefined ? {} : { health: healthUrl }),
      },
      startLine({
        url,
        web: config.WEB,
        generatedPassword: generatesPassword(config),
        platforms,
        metrics: metricsUrl,
        health: healthUrl,
      }),
    );
  }

  async function stop(): Promise<void> {
    isStopping = true;
    clearInterval(sweeper);
    ending.abort();
    void healthServer?.update();
    await operatorSocket?.close();
    dispatcher.stopClaiming();
    await Promise.all(platforms.map((platform) => stopReceiving(platform, log)));
    await dispatcher.drain(config.DRAIN_SECONDS * 1_000);
    await budgetSharing?.stop();
    await Promise.all(platforms.map((platform) => platform.close()));
    await server.close();
    await metricsService?.close();
    await healthServer?.close();
    await store.close();
  }

  return { failed: failure.promise, start, stop: () => (stopping ??= stop()) };
}

/** A name that no other instance and no earlier process has. */
function ownerName(): string {
  return `${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`;
}

/** Stops receiving; a platform that hangs must not take the time in which answers finish. */
async function stopReceiving(platform: Platform, log: Log): Promise<void> {
  try {
    await withDeadline(stopReceivingMs, new AbortController().signal, () =>
      platform.stopReceiving(),
    );
  } catch (error) {
    log.warn({ err: error, platform: platform.name }, 'platform did not stop receiving in time');
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

/** Facts for the line that a start logs. */
export interface StartSummary {
  /** URL of the server for the page, health and Slack's events. */
  readonly url: string;
  /** Whether the page is on. */
  readonly web: boolean;
  /** Whether the page's password is generated. */
  readonly generatedPassword?: boolean;
  readonly platforms: readonly Pick<Platform, 'name' | 'describe'>[];
  /** URL of the metrics. */
  readonly metrics?: string | undefined;
  /** URL of the server for health alone. */
  readonly health?: string | undefined;
}

/** The line that a start logs: platforms, bot names and URLs. */
export function startLine({
  url,
  web,
  generatedPassword,
  platforms,
  metrics,
  health = web ? undefined : `${url}/healthz`,
}: StartSummary): string {
  const chats = platforms.flatMap(({ name, describe }) =>
    describe === undefined ? [] : [`${titles[name] ?? name}: ${describe()}`],
  );
  const pageOff = 'its page is off (WEB=on in .env switches it on)';
  return [
    web ? `Parley talks on ${url}` : 'Parley talks',
    ...(generatedPassword === true ? ['npm run password prints its password'] : []),
    ...chats,
    ...(web ? [] : [pageOff]),
    ...(health === undefined ? [] : [`health on ${health}`]),
    ...(metrics === undefined ? [] : [`metrics on ${metrics}`]),
  ].join('; ');
}
