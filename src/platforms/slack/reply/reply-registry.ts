import type { ConversationId } from '../../../core/domain/conversation.ts';
import { Rejected } from '../../../core/domain/errors.ts';
import type { Log } from '../../../core/ports/log.ts';
import type { Store } from '../../../core/ports/store.ts';
import { editsOverText, type ReplyHandle, RunningReplies } from '../../common/running-replies.ts';
import type { Turn } from '../../../core/domain/turn.ts';
import type { SlackApi } from '../api/web-api.ts';
import type { DuplicatePosts } from './duplicate-posts.ts';
import type { PostedMessages } from './posted-messages.ts';
import type { BackgroundCalls } from '../../common/platform-calls.ts';
import {
  globalIdOf,
  isDirect,
  locationOf,
  type SlackLocation,
} from '../messages/conversation-location.ts';
import { postNotice } from '../notices/user-notices.ts';
import type { BotIdentity } from '../api/identify-bot.ts';
import { followingTurns } from './lost-posts.ts';
import { AssistantStatus, StatusSupport } from './assistant-status.ts';
import type { StreamPolicy } from './streaming/stream-policy.ts';
import { SlackSurface } from './surface.ts';
import type { ThreadReader } from '../history/thread-context.ts';

export interface ReplyRegistryOptions {
  readonly api: SlackApi;
  readonly threads: ThreadReader;
  readonly backgroundCalls: BackgroundCalls;
  readonly duplicates: DuplicatePosts;
  readonly posted: PostedMessages;
  readonly log: Log;
  readonly store: Pick<Store, 'conversationView'>;
  /** Aborts when the service ends. */
  readonly ending: AbortSignal;
  /** Undefined while `auth.test` has not been answered yet. */
  readonly bot: () => BotIdentity | undefined;
  readonly streams: StreamPolicy;
  /** How long a stream is written, in milliseconds. */
  readonly streamMs?: number;
}

interface SlackReplyHandle extends ReplyHandle {
  readonly surface: SlackSurface;
  readonly status: AssistantStatus;
}

/** The replies that are written at the moment. */
export class ReplyRegistry {
  readonly #options: ReplyRegistryOptions;
  readonly #statuses = new StatusSupport();
  readonly #running: RunningReplies<SlackReplyHandle>;

  constructor(options: ReplyRegistryOptions) {
    this.#options = options;
    this.#running = new RunningReplies(options.backgroundCalls);
  }

  surface({ conversation, id: turn, messages, pages }: Turn): SlackSurface {
    const { store, bot, posted } = this.#options;
    const location = locationOf(conversation);
    const { team, channel, root } = location;
    const newest = messages.reduce((ts, { id }) => (id > ts ? id : ts), '0');
    const status = new AssistantStatus({
      ...this.#options,
      statuses: this.#statuses,
      kind: kindOf(location),
      channel,
      threadTs: root ?? newest,
      clearedByPost: root !== undefined,
    });
    const asker = messages
      .findLast(({ id }) => id === newest)
      ?.author.id.split(':')
      .at(-1);
    const surface = new SlackSurface({
      ...this.#options,
      location,
      newest,
      pages,
      status,
      messages: posted.ofReply(channel, turn),
      ensureSameWorkspace: () => {
        if ((bot()?.team ?? team) === team) return;
        throw new Rejected('refused', `the token is not for workspace ${team}`);
      },
      followingTurns: async () =>
        followingTurns(await store.conversationView(conversation), turn, newest),
      ...(asker === undefined ? {} : { asker }),
    });
    const prefix = globalIdOf(team, { channel, ts: '' });
    this.#running.add(conversation, {
      turn,
      questions: new Set(messages.map(({ id: ts }) => globalIdOf(team, { channel, ts }))),
      handle: {
        surface,
        status,
        owns: (id) => id.startsWith(prefix) && surface.owns(id.slice(prefix.length)),
        stopWriting: () => surface.stopWriting(),
        closingNotice: () => (surface.editsOver ? this.#editsOverNotice(location) : undefined),
      },
    });
    return surface;
  }

  /** As `RunningReplies.onMessageDeleted`. */
  onMessageDeleted(globalId: string): ConversationId | undefined {
    return this.#running.onMessageDeleted(globalId);
  }

  /** Leaves nothing behind: no status that nobody clears, no stream that nobody stops. */
  onTurnEnded(conversation: ConversationId, turn: string): void {
    const handle = this.#running.onTurnEnded(conversation, turn);
    handle?.status.clear();
    handle?.surface.close();
  }

  onTurnAbandoned(conversation: ConversationId, turn: string): void {
    this.#running.onTurnAbandoned(conversation, turn)?.surface.abandon();
  }

  #editsOverNotice(location: SlackLocation) {
    return (signal: AbortSignal): Promise<void> =>
      postNotice(this.#options.api, location, editsOverText('Slack'), signal);
  }
}

/** What Slack takes or refuses is much the same in all places of a kind. */
function kindOf({ channel, root }: SlackLocation): string {
  if (!isDirect(channel)) return 'channel';
  return root === undefined ? 'direct' : 'direct thread';
}
