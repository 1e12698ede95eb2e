// Tested by test/contract/platform/slack.test.ts
import type { RequestListener } from 'node:http';
import { Access, type FollowUpPolicy, RefusalNotices } from '../../core/intake/access.ts';
import { backoffMs, wait } from '../../core/timing.ts';
import { BadConfiguration, CallFailed } from '../../core/domain/errors.ts';
import type { Log } from '../../core/ports/log.ts';
import type { Metrics } from '../../core/ports/metrics.ts';
import type { Intake, Platform } from '../../core/ports/platform.ts';
import type { Store } from '../../core/ports/store.ts';
import { inOneLine } from '../../core/foreign-data.ts';
import { PoisonMessageGuard } from '../../core/intake/poison-messages.ts';
import { SlackApi } from './api/web-api.ts';
import { AccessCheck } from './receive/access-check.ts';
import { DuplicatePosts } from './reply/duplicate-posts.ts';
import { EventReceiver } from './receive/event-receiver.ts';
import { threadContext, ThreadReader } from './history/thread-context.ts';
import { BackgroundCalls } from '../common/platform-calls.ts';
import { PostedMessages } from './reply/posted-messages.ts';
import { eventsPath, httpEvents } from './receive/http-events.ts';
import { EventHandler } from './receive/event-handler.ts';
import { isPermanent, SlackCatchUp } from './history/catch-up.ts';
import { ReadPositions } from '../common/read-positions.ts';
import { UserNotices } from './notices/user-notices.ts';
import { Users } from './api/users.ts';
import { ReplyRegistry } from './reply/reply-registry.ts';
import { type BotIdentity, identifyBot } from './api/identify-bot.ts';
import type { SocketConnectionOptions } from './receive/socket-connection.ts';
import { SocketMode } from './receive/socket-mode.ts';
import { type StreamingSetting, StreamPolicy } from './reply/streaming/stream-policy.ts';

const minuteMs = 60_000;
/** Time that a start waits for Slack, in ms; then the service starts with its other platforms. */
const startPatienceMs = 10_000;
const closeGraceMs = 3_000;
const maxNameChars = 40;

/** How events come in. */
type SlackTransport =
  | {
      readonly kind: 'socket';
      readonly appToken: string;
      readonly dispatcher?: SocketConnectionOptions['dispatcher'];
    }
  | { readonly kind: 'http'; readonly signingSecret: string };

export interface SlackPlatformOptions {
  /** The bot's token, `xoxb-…`. */
  readonly token: string;
  readonly transport: SlackTransport;
  /** Slack's Web API elsewhere than at Slack, such as `http://127.0.0.1:4002/api/`. */
  readonly apiUrl?: string;
  /** Who may go on in a thread without a mention; by default `auto`. */
  readonly followups?: FollowUpPolicy;
  /** Who may ask, and where; by default everybody of the organisation, everywhere. */
  readonly access?: Access;
  /** Ids of the bots that are answered like people; by default none. */
  readonly bots?: ReadonlySet<string>;
  /** Whether people of other organisations (Slack Connect) are answered; by default not. */
  readonly allowOutsiders?: boolean;
  /** How replies are written; by default `auto`. */
  readonly streaming?: StreamingSetting;
  /** How long a stream is written before it goes on by edits, in milliseconds. */
  readonly streamMs?: number;
  readonly store: Pick<
    Store,
    | 'participation'
    | 'recentlyActive'
    | 'conversationView'
    | 'saveReadPositions'
    | 'readPositions'
    | 'acquireLeadership'
    | 'shared'
  >;
  readonly metrics?: Metrics;
  readonly log: Log;
  /** After a longer silence than this, in milliseconds, channels are read again. */
  readonly silenceMs?: number;
}

/** Slack, and where its requests come in if it sends any. */
export interface SlackPlatform extends Platform {
  readonly http?: { readonly path: string; readonly listener: RequestListener };
}

/** Slack as a platform: one workspace, the one of the token. */
export function slackPlatform(options: SlackPlatformOptions): SlackPlatform {
  const { token, transport, log, store, apiUrl } = options;
  const { followups = 'auto', allowOutsiders = false, silenceMs = minuteMs } = options;
  const { access = new Access(), bots = new Set() } = options;
  const { metrics } = options;
  const api = new SlackApi({
    token,
    log,
    ...(apiUrl === undefined ? {} : { apiUrl }),
    ...(metrics === undefined ? {} : { metrics }),
  });
  const threads = new ThreadReader(api);
  const users = new Users({ api, log });
  const backgroundCalls = new BackgroundCalls(log);
  const ending = new AbortController();
  const duplicates = new DuplicatePosts(backgroundCalls, ending.signal);
  const posted = new PostedMessages();
  const notices = new UserNotices({ api, backgroundCalls });
  const refusalNotices = new RefusalNotices({ platform: 'slack', store, log });
  const accessCheckOf = (me: BotIdentity): AccessCheck =>
    new AccessCheck({ bot: me, access, allowOutsiders, users });
  const positions = new ReadPositions({ platform: 'slack', store, log, isPermanent });
  // What is received before the first catch-up must not hide what was missed before the start.
  positions.holdAll();
  const receiver = new EventReceiver({ positions, log });
  const receiving = new AbortController();
  const isGov = apiUrl !== undefined && /(?:^|\.)slack-gov\.com$/.test(new URL(apiUrl).hostname);
  const streams = new StreamPolicy({ streaming: options.streaming ?? 'auto', isGov, log });
  const replies = new ReplyRegistry({
    api,
    threads,
    backgroundCalls,
    duplicates,
    posted,
    log,
    store,
    streams,
    ending: ending.signal,
    bot: () => bot,
    ...(options.streamMs === undefined ? {} : { streamMs: options.streamMs }),
  });
  let bot: BotIdentity | undefined;
  let sockets: SocketMode | undefined;
  let background: Promise<void> = Promise.resolve();

  const http =
    transport.kind === 'http'
      ? {
          path: eventsPath,
          listener: httpEvents({
            signingSecret: transport.signingSecret,
            log,
            take: receiver.receive,
          }),
        }
      : undefined;

  /** Throws the reason for which no events can come in. */
  async function begin(intake: Intake): Promise<void> {
    const { signal } = receiving;
    bot ??= await identifyBot({ api, apiUrl, log }, signal);
    const handler = new EventHandler({
      bot,
      bots,
      intake,
      store,
      users,
      followUps: followups,
      accessCheck: accessCheckOf(bot),
      refusalNotices,
      poisonMessages: new PoisonMessageGuard({ platform: 'slack', store, log }),
      notices,
      log,
      signal,
      onMessageDeleted: (id) => replies.onMessageDeleted(id),
      onDeleted: ({ channel, ts }) => posted.onDeleted(channel, ts),
      onOwnPost: ({ channel, ts }, key) => {
        posted.onReported(channel, key, ts);
        duplicates.seen(key, channel, ts);
      },
    });
    const catchUp = new SlackCatchUp({
      platform: 'slack',
      api,
      threads,
      bot,
      receive: (message) => handler.onMessage(message),
      store,
      positions,
      log,
    });
    const readAgain = (sinceMs?: number): void => {
      if (sinceMs !== undefined) positions.holdAll();
      background = background.then(() =>
        catchUp.run(sinceMs, signal).catch((error: unknown) => {
          log.debug({ err: error }, 'reading again cut short');
        }),
      );
    };
    receiver.open(handler, bot.team, readAgain);
    if (transport.kind === 'http') {
      readAgain();
      return;
    }
    sockets = new SocketMode({
      appToken: transport.appToken,
      dispatcher: transport.dispatcher,
      ...(apiUrl === undefined ? {} : { apiUrl }),
      log,
      take: receiver.receive,
      onReconnected: (sinceMs) => {
        if (sinceMs === undefined || Date.now() - sinceMs > silenceMs) readAgain(sinceMs);
      },
    });
    await sockets.start(startPatienceMs);
  }

  /** Slack was away when the service started. */
  async function beginLater(intake: Intake): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      await wait(backoffMs(tries, 1_000, minuteMs), receiving.signal);
      try {
        return await begin(intake);
      } catch (error) {
        receiving.signal.throwIfAborted();
        log.error({ err: error, tries }, 'Slack does not answer yet');
      }
    }
  }

  return {
    name: 'slack',
    describe() {
      if (bot === undefined) return 'does not answer yet';
      const { name, workspace, team } = bot;
      return `@${inOneLine(name, maxNameChars)} in ${inOneLine(workspace ?? team, maxNameChars)}`;
    },
    state: () => ({
      up: transport.kind === 'http' ? bot !== undefined : sockets?.isConnected === true,
    }),
    ...(http === undefined ? {} : { http }),

    async start(intake) {
      try {
        await begin(intake);
      } catch (error) {
        if (receiving.signal.aborted) return;
        if (error instanceof BadConfiguration) throw error;
        log.warn({ err: error }, 'Slack does not answer; still trying');
        background = beginLater(intake).catch((error: unknown) => {
          log.debug({ err: error }, 'Slack not started');
        });
      }
    },

    async stopReceiving() {
      await receiver.close();
      receiving.abort(new Error('Slack events are not received any more'));
      await sockets?.stop();
      await background;
      await positions.close();
    },

    async close() {
      ending.abort();
      await backgroundCalls.close(closeGraceMs);
    },

    surface: (turn) => replies.surface(turn),
    onTurnEnded: (conversation, turn) => replies.onTurnEnded(conversation, turn),
    onTurnAbandoned: (conversation, turn) => replies.onTurnAbandoned(conversation, turn),

    async earlierHistory(conversation, messages, signal) {
      if (bot === undefined) throw new CallFailed('it is not known yet who the bot is');
      const world = { bot, threads, users, accessCheck: accessCheckOf(bot) };
      return threadContext(conversation, messages, world, signal);
    },
  };
}
