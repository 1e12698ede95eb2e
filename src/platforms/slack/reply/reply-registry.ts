import type { ConversationId } from '../../../core/domain/conversation.ts';
import { Rejected } from '../../../core/domain/errors.ts';
import type { Log } from '../../../core/ports/log.ts';
import type { Store } from '../../../core/ports/store.ts';
import { RunningReplies } from '../../common/running-replies.ts';
import type { Turn } from '../../../core/domain/turn.ts';
import type { SlackApi } from '../api/web-api.ts';
import type { DuplicatePosts } from './duplicate-posts.ts';
import type { OwnPostEvents } from './posted-messages.ts';
import type { BackgroundCalls } from '../../common/background-calls.ts';
import { RecentReplyMessages } from './recent-reply-messages.ts';
import { isDirect, type SlackLocation, locationOf } from '../messages/conversation-location.ts';
import type { SlackMessage } from '../messages/slack-message.ts';
import { postNotice } from '../notices/user-notices.ts';
import type { BotIdentity } from '../api/identify-bot.ts';
import { followingTurns } from './lost-posts.ts';
import { StatusSupport, AssistantStatus } from './assistant-status.ts';
import type { StreamPolicy } from './streaming/stream-policy.ts';
import { SlackSurface } from './surface.ts';
import type { ThreadReader } from '../history/thread-reader.ts';

const editsOverSentence =
  'Slack does not let me change my message any more, so this answer ends here. Ask again for the rest.';

export interface ReplyRegistryOptions {
  readonly api: SlackApi;
  readonly threads: ThreadReader;
  readonly errands: BackgroundCalls;
  readonly doubles: DuplicatePosts;
  readonly heard: OwnPostEvents;
  readonly log: Log;
  readonly store: Pick<Store, 'conversationView'>;
  /** Aborts when the service ends. */
  readonly ending: AbortSignal;
  /** Undefined while Slack has not told yet. */
  readonly self: () => BotIdentity | undefined;
  readonly streams: StreamPolicy;
  /** How long a stream is written, in milliseconds. */
  readonly streamMs?: number;
}

/** What a reply is written with, and its sign of life. */
class SlackReplyHandle {
  readonly surface: SlackSurface;
  readonly status: AssistantStatus;
  readonly #channel: string;

  constructor(surface: SlackSurface, status: AssistantStatus, channel: string) {
    this.surface = surface;
    this.status = status;
    this.#channel = channel;
  }

  owns(message: string): boolean {
    const [channel, ts = ''] = message.split(' ');
    return channel === this.#channel && this.surface.owns(ts);
  }

  stopWriting(): void {
    this.surface.stopWriting();
  }
}

/** The replies that are being written. */
export class ReplyRegistry {
  readonly #options: ReplyRegistryOptions;
  readonly #statuses = new StatusSupport();
  readonly #running = new RunningReplies<SlackReplyHandle>();
  readonly #known = new RecentReplyMessages();

  constructor(options: ReplyRegistryOptions) {
    this.#options = options;
  }

  surface({ conversation, id: turn, messages, pages }: Turn): SlackSurface {
    const { api, threads, errands, doubles, heard, log, self, streams, streamMs, store, ending } =
      this.#options;
    const place = locationOf(conversation);
    const { channel } = place;
    const newest = messages.reduce((ts, { id }) => (id > ts ? id : ts), '0');
    const status = new AssistantStatus({
      api,
      statuses: this.#statuses,
      log,
      kind: kindOf(place),
      channel,
      threadTs: place.root ?? newest,
      clearedByPost: place.root !== undefined,
      errands,
    });
    const ensureHome = (): void => {
      const team = self()?.team ?? place.team;
      if (team === place.team) return;
      throw new Rejected('refused', `the token is not for workspace ${place.team}`);
    };
    const asker = messages
      .findLast(({ id }) => id === newest)
      ?.author.id.split(':')
      .at(-1);
    const surface = new SlackSurface({
      api,
      threads,
      errands,
      doubles,
      place,
      newest,
      pages,
      status,
      streams,
      self,
      ensureSameWorkspace: ensureHome,
      ending,
      heard: (key) => heard.of(channel, key),
      onStands: (ts) => this.#known.note(channel, ts, turn),
      isOfAnother: (ts) => this.#known.ofAnother(channel, ts, turn),
      sequel: async () => followingTurns(await store.conversationView(conversation), turn, newest),
      ...(asker === undefined ? {} : { asker }),
      ...(streamMs === undefined ? {} : { streamMs }),
    });
    const questions = new Set(messages.map(({ id: ts }) => idOf({ channel, ts })));
    this.#running.add(conversation, {
      turn,
      questions,
      handle: new SlackReplyHandle(surface, status, channel),
    });
    return surface;
  }

  /**
   * A message was deleted: the running reply that it is a question or a part of is written no
   * further. That reply's conversation, if there is one.
   */
  onMessageDeleted(message: Pick<SlackMessage, 'channel' | 'ts'>): ConversationId | undefined {
    return this.#running.onMessageDeleted(idOf(message));
  }

  /** Leaves nothing behind: no status that nobody clears, no answer that stops without a word. */
  ended(conversation: ConversationId, turn: string): void {
    const { api, errands } = this.#options;
    const pen = this.#running.remove(conversation, turn);
    pen?.status.clear();
    pen?.surface.close();
    if (pen?.surface.editsOver !== true) return;
    errands.run('say that edits are over', (signal) =>
      postNotice(api, locationOf(conversation), editsOverSentence, signal),
    );
  }

  /** Whoever goes on with it writes on a surface of its own. */
  abandoned(conversation: ConversationId, turn: string): void {
    this.#running.remove(conversation, turn)?.surface.leave();
  }
}

/** A message's `ts` is unique in its channel only. */
function idOf({ channel, ts }: Pick<SlackMessage, 'channel' | 'ts'>): string {
  return `${channel} ${ts}`;
}

/** What Slack takes or refuses is much the same in all places of a kind. */
function kindOf({ channel, root }: SlackLocation): string {
  if (!isDirect(channel)) return 'channel';
  return root === undefined ? 'direct' : 'direct thread';
}
