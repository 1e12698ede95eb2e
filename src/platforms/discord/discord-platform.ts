// Tested by test/contract/platform/discord.test.ts
import { Access, type FollowUpPolicy, RefusalNotices } from '../../core/intake/access.ts';
import { LeaderElection } from '../../core/instances/leader-election.ts';
import { BackgroundCalls, retryUntilDone } from '../common/platform-calls.ts';
import { CallFailed } from '../../core/domain/errors.ts';
import { RequestThrottle } from '../common/throttles.ts';
import type { Log } from '../../core/ports/log.ts';
import type { Metrics } from '../../core/ports/metrics.ts';
import type { Intake, Platform } from '../../core/ports/platform.ts';
import type { Lease, Store } from '../../core/ports/store.ts';
import { inOneLine } from '../../core/foreign-data.ts';
import { createRestClient, DiscordApi } from './api/rest-api.ts';
import { ChannelRateLimits } from './api/rate-limits.ts';
import { ReplyChains } from './receive/reply-chains.ts';
import { Channels } from './cache/channels.ts';
import { DeniedPermissions } from './reply/reply-location.ts';
import { AccessCheck } from './receive/access-check.ts';
import { threadContext } from './history/thread-context.ts';
import {
  guildCount,
  guildListRequest,
  guildNames,
  GuildRoles,
  Guilds,
  parseGuildList,
} from './cache/guilds.ts';
import { type BotIdentity, identifyBot, inviteLink, tokenNotAccepted } from './api/identify-bot.ts';
import { GatewaySession } from './receive/gateway-session.ts';
import { Members } from './cache/members.ts';
import { UserNotices } from './notices/user-notices.ts';
import { PostsByNonce } from './reply/lost-posts.ts';
import { ReplyRegistry } from './reply/reply-registry.ts';

/** The service starts with its other platforms when Discord is away for longer than this. */
const defaultStartPatienceMs = 10_000;
const closeGraceMs = 3_000;
const maxNameChars = 40;
/** For what was said above a question; Discord allows 50 a second in all. */
const contextRate = { key: 'discord: reading above', burst: 20, perSecond: 20 };

export interface DiscordPlatformOptions {
  /** The bot's token. */
  readonly token: string;
  /** Discord's API elsewhere than at Discord, such as `http://127.0.0.1:4010/api`. */
  readonly apiUrl?: string;
  /** Where a question in a channel is answered; by default in a thread of its own. */
  readonly replyIn?: 'thread' | 'channel';
  /** Who may go on in a thread without a mention; by default `auto`. */
  readonly followups?: FollowUpPolicy;
  /** Who may ask, and where; by default everybody, but directly members of the bot's servers alone. */
  readonly access?: Access;
  /** Ids of the bots and webhooks that are answered like people; by default none. */
  readonly bots?: ReadonlySet<string>;
  readonly store: Pick<
    Store,
    | 'participation'
    | 'recentlyActive'
    | 'conversationView'
    | 'saveReadPositions'
    | 'readPositions'
    | 'acquireLeadership'
    | 'releaseLeadership'
    | 'shared'
  >;
  /** For how long another instance that listens is believed to live, and who we are. */
  readonly lease: Lease;
  readonly metrics?: Metrics;
  readonly log: Log;
  /** No events come in any more, and the process should end for its supervisor. */
  readonly onFatal: (error: Error) => void;
  /** How long a start waits for Discord before it goes on without it, in milliseconds; 10 s. */
  readonly startPatienceMs?: number;
  /** Silence after which the connection is taken for dead, in ms; 3 minutes. */
  readonly silenceMs?: number;
  /** Between two sessions that begin, in milliseconds; a little more than Discord's 5 s. */
  readonly identifyEveryMs?: number;
}

/** Discord as a platform: all servers that the bot was invited to. */
export function discordPlatform(options: DiscordPlatformOptions): Platform {
  const { token, apiUrl, replyIn = 'thread', followups = 'auto' } = options;
  const { access = new Access(), bots = new Set() } = options;
  const { store, lease, log, onFatal } = options;
  let unauthorized = false;
  let bot: BotIdentity | undefined;
  let servers: string | undefined;
  let chains: ReplyChains | undefined;
  let election: LeaderElection | undefined;
  let session: GatewaySession | undefined;
  let beginning: Promise<void> = Promise.resolve();
  const stopping = new AbortController();
  const { signal } = stopping;

  const rest = createRestClient(token, apiUrl);
  const budgets = new ChannelRateLimits({ alone: !store.shared });
  const api = new DiscordApi({
    rest,
    budgets,
    log,
    ...(options.metrics === undefined ? {} : { metrics: options.metrics }),
    onUnauthorized: () => {
      unauthorized = true;
      if (bot !== undefined) onFatal(tokenNotAccepted());
    },
  });
  const contextThrottle = new RequestThrottle(contextRate);
  const channels = new Channels(api);
  const roles = new GuildRoles();
  const names = { channel: channels.nameOf, role: roles.nameOf };
  const posts = new PostsByNonce();
  const backgroundCalls = new BackgroundCalls(log);
  const notices = new UserNotices({ api, backgroundCalls, log });
  const guilds = new Guilds();
  const accessCheck = new AccessCheck({ access, members: new Members(api), guilds, channels });
  const refusalNotices = new RefusalNotices({ platform: 'discord', store, log });
  const replies = new ReplyRegistry({
    api,
    deniedPermissions: new DeniedPermissions(),
    budgets,
    channels,
    posts,
    backgroundCalls,
    threads: replyIn === 'thread',
    log,
    botId: () => bot?.id,
  });

  /** Resolves once Discord is listened to, here or by another instance. Throws `BadConfiguration`. */
  async function begin(intake: Intake): Promise<void> {
    // Beside all else: a start waits for no names.
    void learnServers();
    const known = await retryUntilDone(
      () => identifyBot(api, () => unauthorized, signal),
      log,
      'Discord does not answer yet',
      signal,
    );
    bot = { ...known, roles: roles.own };
    const replyChains = new ReplyChains({ api, throttle: contextThrottle, store, bot, log });
    chains = replyChains;
    log.info({ invite: inviteLink(bot.application) }, 'Discord: invite the bot with this link');
    const me = bot;
    election = new LeaderElection({
      store,
      role: `discord:${bot.application}`,
      lease,
      log,
      onElected: () => {
        session = new GatewaySession({
          ...options,
          bot: me,
          api,
          channels,
          roles,
          chains: replyChains,
          posts,
          replies,
          notices,
          followups,
          bots,
          accessCheck,
          guilds,
          refusalNotices,
          intake,
          onFatal,
        });
        return session.begin();
      },
      onReplaced: async () => session?.end(),
      onFailed: fail,
    });
    await election.start();
  }

  /** For whoever reads how the start went, and for nothing else. */
  async function learnServers(): Promise<void> {
    try {
      const { path, query } = guildListRequest;
      const all = parseGuildList(await api.call('GET', path, { query }, signal));
      const many = all.length === 1 ? 'server' : 'servers';
      servers =
        all.length === 0 ? 'no server yet' : `${guildCount(all)} ${many} (${guildNames(all)})`;
    } catch (error) {
      log.debug({ err: error }, 'names of the servers not known');
    }
  }

  /** Discord cannot be listened to, and that will not pass. */
  function fail(error: unknown): void {
    if (signal.aborted) {
      log.debug({ err: error }, 'Discord is not begun: it is not listened to any more');
      return;
    }
    onFatal(error instanceof Error ? error : new Error('Discord not begun', { cause: error }));
  }

  return {
    name: 'discord',

    describe() {
      if (bot === undefined) return 'does not answer yet';
      return `@${inOneLine(bot.name, maxNameChars)}${servers === undefined ? '' : ` in ${servers}`}`;
    },

    state() {
      const listens = election?.isLeader === true;
      // Where another instance has the session, that one reports whether it receives events.
      const standsBy = election !== undefined && !signal.aborted;
      return { up: listens ? session?.isReceiving === true : standsBy, listens };
    },

    async start(intake) {
      let waiting = true;
      beginning = begin(intake).catch((error: unknown) => {
        if (waiting && !signal.aborted) throw error;
        fail(error);
      });
      const late = Promise.withResolvers<void>();
      const timer = setTimeout(() => {
        waiting = false;
        log.warn({}, 'Discord does not answer; still trying');
        late.resolve();
      }, options.startPatienceMs ?? defaultStartPatienceMs);
      await Promise.race([beginning, late.promise]).finally(() => clearTimeout(timer));
    },

    async stopReceiving() {
      stopping.abort(new Error('Discord is not listened to any more'));
      await election?.stop();
      // However that ended: `start` throws why it failed.
      await Promise.allSettled([beginning]);
    },

    async close() {
      await backgroundCalls.close(closeGraceMs);
    },

    surface: (turn) => replies.surface(turn),
    onTurnEnded: (conversation, turn) => replies.onTurnEnded(conversation, turn),
    onTurnAbandoned: (conversation, turn) => replies.onTurnAbandoned(conversation, turn),

    async earlierHistory(conversation, messages, end) {
      if (bot === undefined || chains === undefined) {
        throw new CallFailed('it is not known yet who the bot is');
      }
      return threadContext(
        conversation,
        messages,
        { api, throttle: contextThrottle, channels, names, chains, accessCheck, store, bot },
        end,
      );
    },
  };
}
