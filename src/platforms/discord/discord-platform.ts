import { Access, type Followups } from '../../core/intake/access.ts';
import { Duty } from '../../core/instances/leader-election.ts';
import { Errands } from '../common/background-calls.ts';
import { CallFailed } from '../../core/domain/errors.ts';
import { Gate } from '../common/request-throttle.ts';
import type { Log } from '../../core/ports/log.ts';
import type { Metrics } from '../../core/ports/metrics.ts';
import type { Intake, Platform } from '../../core/ports/platform.ts';
import type { Lease, Store } from '../../core/ports/store.ts';
import { inOneLine } from '../../core/foreign-data.ts';
import { TurnedAway } from '../../core/intake/refusal-notices.ts';
import { DiscordApi, newRest } from './api/rest-api.ts';
import { Budgets } from './api/rate-limits.ts';
import { Chains } from './receive/reply-chains.ts';
import { Channels } from './cache/channels.ts';
import { Denials } from './reply/reply-location.ts';
import { Door } from './receive/access-check.ts';
import { earlier } from './history/thread-context.ts';
import { countOf, Guilds, namesOf, Roles, serversCall, serversIn } from './cache/guilds.ts';
import { introduce, inviteLink, type Self, tokenNotAccepted } from './api/identify-bot.ts';
import { Hearing } from './receive/gateway-session.ts';
import { Members } from './cache/members.ts';
import { Notices } from './notices/user-notices.ts';
import { Posts } from './reply/posted-pages.ts';
import { Replies } from './reply/reply-registry.ts';
import { untilDone } from './api/retry-until-done.ts';

/** The service starts with its other platforms when Discord is away for longer than this. */
const usualStartPatienceMs = 10_000;
const closeGraceMs = 3_000;
const maxNameChars = 40;
/** For what was said above a question; Discord allows 50 a second in all. */
const readingPace = { key: 'discord: reading above', burst: 20, perSecond: 20 };

export interface DiscordPlatformOptions {
  /** The bot's token. */
  readonly token: string;
  /** Discord's API elsewhere than at Discord, such as `http://127.0.0.1:4010/api`. */
  readonly apiUrl?: string;
  /** Where a question in a channel is answered; by default in a thread of its own. */
  readonly replyIn?: 'thread' | 'channel';
  /** Who may go on in a thread without a mention; by default `auto`. */
  readonly followups?: Followups;
  /** Who may ask, and where; by default everybody, but directly members of the bot's servers alone. */
  readonly access?: Access;
  /** Ids of the bots and webhooks that are answered like people; by default none. */
  readonly bots?: ReadonlySet<string>;
  readonly store: Pick<
    Store,
    'participation' | 'active' | 'view' | 'bookmark' | 'bookmarks' | 'hold' | 'yield' | 'shared'
  >;
  /** For how long another instance that listens is believed to live, and who we are. */
  readonly lease: Lease;
  readonly metrics?: Metrics;
  readonly log: Log;
  /** Discord will not be heard any more, and the process should end for its supervisor. */
  readonly onFatal: (error: Error) => void;
  /** How long a start waits for Discord before it goes on without it, in milliseconds; 10 s. */
  readonly startPatienceMs?: number;
  /** After so much silence Discord will not be heard any more, in milliseconds; 3 minutes. */
  readonly deafMs?: number;
  /** Between two sessions that begin, in milliseconds; a little more than Discord's 5 s. */
  readonly identifyEveryMs?: number;
}

/** Discord as a platform: all servers that the bot was invited to. */
export function discordPlatform(options: DiscordPlatformOptions): Platform {
  const { token, apiUrl, replyIn = 'thread', followups = 'auto' } = options;
  const { access = new Access(), bots = new Set() } = options;
  const { store, lease, log, onFatal } = options;
  let unauthorized = false;
  let self: Self | undefined;
  let servers: string | undefined;
  let chains: Chains | undefined;
  let duty: Duty | undefined;
  let hearing: Hearing | undefined;
  let beginning: Promise<void> = Promise.resolve();
  const stopping = new AbortController();
  const { signal } = stopping;

  const rest = newRest(token, apiUrl);
  const budgets = new Budgets({ alone: !store.shared });
  const api = new DiscordApi({
    rest,
    budgets,
    log,
    ...(options.metrics === undefined ? {} : { metrics: options.metrics }),
    onUnauthorized: () => {
      unauthorized = true;
      if (self !== undefined) onFatal(tokenNotAccepted());
    },
  });
  const above = new Gate(readingPace);
  const channels = new Channels(api);
  const roles = new Roles();
  const names = { channel: channels.nameOf, role: roles.nameOf };
  const posts = new Posts();
  const errands = new Errands(log);
  const notices = new Notices({ api, errands, log });
  const guilds = new Guilds();
  const door = new Door({ access, members: new Members(api), guilds, channels });
  const turnedAway = new TurnedAway({ platform: 'discord', store, log });
  const replies = new Replies({
    api,
    denials: new Denials(),
    budgets,
    channels,
    posts,
    errands,
    threads: replyIn === 'thread',
    log,
    botId: () => self?.id,
  });

  /** Resolves once Discord is listened to, here or by another instance. Throws `BadConfiguration`. */
  async function begin(intake: Intake): Promise<void> {
    // Beside all else: a start waits for no names.
    void learnServers();
    const known = await untilDone(() => introduce(api, () => unauthorized, signal), log, signal);
    self = { ...known, roles: roles.own };
    const linked = new Chains({ api, gate: above, store, self, log });
    chains = linked;
    log.info({ invite: inviteLink(self.application) }, 'Discord: invite the bot with this link');
    const me = self;
    duty = new Duty({
      store,
      role: `discord:${self.application}`,
      lease,
      log,
      begin: () => {
        hearing = new Hearing({
          ...options,
          self: me,
          api,
          channels,
          roles,
          chains: linked,
          posts,
          replies,
          notices,
          followups,
          bots,
          door,
          guilds,
          turnedAway,
          intake,
          onDeaf: onFatal,
        });
        return hearing.begin();
      },
      end: async () => hearing?.end(),
      onFailed: fail,
    });
    await duty.start();
  }

  /** For whoever reads how the start went, and for nothing else. */
  async function learnServers(): Promise<void> {
    try {
      const { path, query } = serversCall;
      const all = serversIn(await api.call('GET', path, { query }, signal));
      const many = all.length === 1 ? 'server' : 'servers';
      servers = all.length === 0 ? 'no server yet' : `${countOf(all)} ${many} (${namesOf(all)})`;
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

    about() {
      if (self === undefined) return 'does not answer yet';
      return `@${inOneLine(self.name, maxNameChars)}${servers === undefined ? '' : ` in ${servers}`}`;
    },

    state() {
      const listens = duty?.isOurs === true;
      // Where another instance listens, that one tells whether it hears.
      const standsBy = duty !== undefined && !signal.aborted;
      return { up: listens ? hearing?.hears === true : standsBy, listens };
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
      }, options.startPatienceMs ?? usualStartPatienceMs);
      await Promise.race([beginning, late.promise]).finally(() => clearTimeout(timer));
    },

    async pause() {
      stopping.abort(new Error('Discord is not listened to any more'));
      await duty?.stop();
      // However that ended: `start` throws why it failed.
      await Promise.allSettled([beginning]);
    },

    async close() {
      await errands.close(closeGraceMs);
    },

    surface: (turn) => replies.surface(turn),
    ended: (conversation, turn) => replies.ended(conversation, turn),
    abandoned: (conversation, turn) => replies.abandoned(conversation, turn),

    async earlier(conversation, messages, end) {
      if (self === undefined || chains === undefined) {
        throw new CallFailed('it is not known yet who the bot is');
      }
      return earlier(
        conversation,
        messages,
        { api, gate: above, channels, names, chains, door, store, self },
        end,
      );
    },
  };
}
