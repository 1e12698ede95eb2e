import type { RequestListener } from 'node:http';
import { Access, type Followups } from '../../core/intake/access.ts';
import { backoffMs, wait } from '../../core/timing.ts';
import { BadConfiguration, CallFailed } from '../../core/domain/errors.ts';
import type { Log } from '../../core/ports/log.ts';
import type { Metrics } from '../../core/ports/metrics.ts';
import type { Intake, Platform } from '../../core/ports/platform.ts';
import type { Store } from '../../core/ports/store.ts';
import { inOneLine } from '../../core/foreign-data.ts';
import { ReadingNotes } from '../../core/intake/poison-messages.ts';
import { TurnedAway } from '../../core/intake/refusal-notices.ts';
import { SlackApi } from './api/web-api.ts';
import { Door } from './receive/access-check.ts';
import { Doubles } from './reply/duplicate-posts.ts';
import { Ear } from './receive/event-receiver.ts';
import { earlier } from './history/thread-context.ts';
import { Errands } from '../common/background-calls.ts';
import { Heard } from './reply/posted-messages.ts';
import { eventsPath, httpEvents } from './receive/http-events.ts';
import { Listener } from './receive/event-handler.ts';
import { Missed } from './history/catch-up.ts';
import { Notices } from './notices/user-notices.ts';
import { People } from './api/users.ts';
import { Replies } from './reply/reply-registry.ts';
import { introduce, type Self } from './api/identify-bot.ts';
import type { SocketOptions } from './receive/socket-connection.ts';
import { Sockets } from './receive/socket-mode.ts';
import { type Streaming, Streams } from './reply/streaming/stream-policy.ts';
import { Threads } from './history/thread-reader.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
/** The service starts with its other platforms when Slack is away for longer than this. */
const startPatienceMs = 10_000;
const closeGraceMs = 3_000;
const maxNameChars = 40;

/** How events come in. */
type SlackTransport =
  | {
      readonly kind: 'socket';
      readonly appToken: string;
      readonly dispatcher?: SocketOptions['dispatcher'];
    }
  | { readonly kind: 'http'; readonly signingSecret: string };

export interface SlackPlatformOptions {
  /** The bot's token, `xoxb-…`. */
  readonly token: string;
  readonly transport: SlackTransport;
  /** Slack's Web API elsewhere than at Slack, such as `http://127.0.0.1:4002/api/`. */
  readonly apiUrl?: string;
  /** Who may go on in a thread without a mention; by default `auto`. */
  readonly followups?: Followups;
  /** Who may ask, and where; by default everybody of the organisation, everywhere. */
  readonly access?: Access;
  /** Ids of the bots that are answered like people; by default none. */
  readonly bots?: ReadonlySet<string>;
  /** Whether people of other organisations (Slack Connect) are answered; by default not. */
  readonly allowOutsiders?: boolean;
  /** How replies are written; by default `auto`. */
  readonly streaming?: Streaming;
  /** How long a stream is written before it goes on by edits, in milliseconds. */
  readonly streamMs?: number;
  readonly store: Pick<
    Store,
    'participation' | 'active' | 'view' | 'bookmark' | 'bookmarks' | 'hold' | 'shared'
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
  const threads = new Threads(api);
  const people = new People({ api, log });
  const errands = new Errands(log);
  const ending = new AbortController();
  const doubles = new Doubles(errands, ending.signal);
  const heard = new Heard();
  const notices = new Notices({ api, errands });
  const turnedAway = new TurnedAway({ platform: 'slack', store, log });
  const reading = new ReadingNotes({ platform: 'slack', store, log });
  const doorOf = (me: Self): Door => new Door({ self: me, access, allowOutsiders, people });
  const ear = new Ear(log);
  const hearing = new AbortController();
  const isGov = apiUrl !== undefined && /(?:^|\.)slack-gov\.com$/.test(new URL(apiUrl).hostname);
  const streams = new Streams({ streaming: options.streaming ?? 'auto', isGov, log });
  const replies = new Replies({
    api,
    threads,
    errands,
    doubles,
    heard,
    log,
    store,
    streams,
    ending: ending.signal,
    self: () => self,
    ...(options.streamMs === undefined ? {} : { streamMs: options.streamMs }),
  });
  let self: Self | undefined;
  let sockets: Sockets | undefined;
  let background: Promise<void> = Promise.resolve();

  const http =
    transport.kind === 'http'
      ? {
          path: eventsPath,
          listener: httpEvents({ signingSecret: transport.signingSecret, log, take: ear.take }),
        }
      : undefined;

  /** Throws what keeps Slack from being heard. */
  async function begin(intake: Intake): Promise<void> {
    const { signal } = hearing;
    self ??= await introduce({ api, apiUrl, log }, signal);
    const listener = new Listener({
      self,
      intake,
      store,
      people,
      followups,
      door: doorOf(self),
      turnedAway,
      reading,
      bots,
      log,
      signal,
      tell: notices.tell,
      greet: notices.greet,
      withdraw: (said) => {
        heard.forget(said.channel, said.ts);
        return replies.withdraw(said);
      },
      land: ({ channel, ts }, key) => {
        heard.note(channel, key, ts);
        doubles.land(key, channel, ts);
      },
    });
    const missed = new Missed({ api, threads, self, listener, store, log });
    const readAgain = (sinceMs: number): void => {
      background = background.then(() =>
        missed.readAgain(sinceMs, signal).catch((error: unknown) => {
          log.debug({ err: error }, 'reading again cut short');
        }),
      );
    };
    ear.open(listener);
    if (transport.kind === 'http') {
      readAgain(Date.now() - dayMs);
      return;
    }
    sockets = new Sockets({
      appToken: transport.appToken,
      dispatcher: transport.dispatcher,
      ...(apiUrl === undefined ? {} : { apiUrl }),
      log,
      take: ear.take,
      onHearingAgain: (deafSince) => {
        const sinceMs = Math.max(deafSince ?? 0, Date.now() - dayMs);
        if (Date.now() - sinceMs > silenceMs) readAgain(sinceMs - minuteMs);
      },
    });
    await sockets.start(startPatienceMs);
  }

  /** Slack was away when the service started. */
  async function beginLater(intake: Intake): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      await wait(backoffMs(tries, 1_000, minuteMs), hearing.signal);
      try {
        return await begin(intake);
      } catch (error) {
        hearing.signal.throwIfAborted();
        log.error({ err: error, tries }, 'Slack is not to be had');
      }
    }
  }

  return {
    name: 'slack',
    about() {
      if (self === undefined) return 'does not answer yet';
      const { name, workspace, team } = self;
      return `@${inOneLine(name, maxNameChars)} in ${inOneLine(workspace ?? team, maxNameChars)}`;
    },
    state: () => ({ up: transport.kind === 'http' ? self !== undefined : sockets?.hears === true }),
    ...(http === undefined ? {} : { http }),

    async start(intake) {
      try {
        await begin(intake);
      } catch (error) {
        if (hearing.signal.aborted) return;
        if (error instanceof BadConfiguration) throw error;
        log.warn({ err: error }, 'Slack is away; still trying');
        background = beginLater(intake).catch((error: unknown) => {
          log.debug({ err: error }, 'Slack not begun');
        });
      }
    },

    async pause() {
      await ear.close();
      hearing.abort(new Error('Slack is not listened to any more'));
      await sockets?.stop();
      await background;
    },

    async close() {
      ending.abort();
      await errands.close(closeGraceMs);
    },

    surface: (turn) => replies.surface(turn),
    ended: (conversation, turn) => replies.ended(conversation, turn),
    abandoned: (conversation, turn) => replies.abandoned(conversation, turn),

    async earlier(conversation, messages, signal) {
      if (self === undefined) throw new CallFailed('it is not known yet who the bot is');
      const world = { self, threads, people, door: doorOf(self) };
      return earlier(conversation, messages, world, signal);
    },
  };
}
