import type { ConversationId } from '../../../core/domain/conversation.ts';
import type { Turn } from '../../../core/domain/turn.ts';
import { editsOverText, type ReplyHandle, RunningReplies } from '../../common/running-replies.ts';
import { errorCodes } from '../api/api-errors.ts';
import type { ChannelRateLimits } from '../api/rate-limits.ts';
import { askerOf, noticeCall } from '../notices/user-notices.ts';
import { parsePageId, type PostsByNonce } from './lost-posts.ts';
import { ReplyLocations, type ReplyLocationsOptions } from './reply-location.ts';
import { DiscordSurface } from './surface.ts';

const autoModText =
  'This server’s AutoMod does not let me post my answer. Its moderators can except me from the rule.';
const linkFilterText =
  'This server’s link filter does not let me post my answer. Its moderators can except me from it.';

export interface ReplyRegistryOptions extends ReplyLocationsOptions {
  readonly budgets: ChannelRateLimits;
  readonly posts: PostsByNonce;
}

const permissionEvents = new Set([
  'GUILD_CREATE',
  'GUILD_MEMBER_UPDATE',
  'GUILD_ROLE_UPDATE',
  'CHANNEL_UPDATE',
]);

interface DiscordReplyHandle extends ReplyHandle {
  readonly surface: DiscordSurface;
}

/** The replies that are being written. */
export class ReplyRegistry {
  readonly #options: ReplyRegistryOptions;
  readonly #locations: ReplyLocations;
  readonly #running: RunningReplies<DiscordReplyHandle>;

  constructor(options: ReplyRegistryOptions) {
    this.#options = options;
    this.#locations = new ReplyLocations(options);
    this.#running = new RunningReplies(options.backgroundCalls);
  }

  surface(turn: Turn): DiscordSurface {
    const { id, conversation, messages, pages } = turn;
    const { channels } = this.#options;
    const question = messages.findLast(({ kind }) => kind === 'question');
    const surface = new DiscordSurface({
      ...this.#options,
      resolver: this.#locations.of(turn),
      after: this.#locations.before(turn),
      asker: (location) => question && askerOf(question, location, channels),
      postedMessages: pages.flatMap((page) =>
        page.id === undefined ? [] : parsePageId(page.id).message,
      ),
    });
    this.#running.add(conversation, {
      turn: id,
      questions: new Set(messages.map((message) => message.id)),
      handle: {
        surface,
        owns: (message) => surface.owns(message),
        stopWriting: () => surface.stopWriting(),
        closingNotice: () => this.#closingNotice(surface),
      },
    });
    return surface;
  }

  /** An event: what was refused may be allowed by now. */
  onEvent(type: string): void {
    if (permissionEvents.has(type)) this.#options.deniedPermissions.clear();
  }

  /** A message was deleted. The conversation whose running reply it belongs to. */
  onMessageDeleted(message: string): ConversationId | undefined {
    return this.#running.onMessageDeleted(message);
  }

  onTurnEnded(conversation: ConversationId, turn: string): void {
    const page = this.#running.onTurnEnded(conversation, turn)?.surface.lastPage;
    if (page !== undefined) this.#locations.rememberLastPage(conversation, page);
  }

  onTurnAbandoned(conversation: ConversationId, turn: string): void {
    this.#running.onTurnAbandoned(conversation, turn);
  }

  #closingNotice({ blocked }: DiscordSurface) {
    if (blocked === undefined) return undefined;
    return noticeCall(this.#options.api, blocked.location, blockedText(blocked.code));
  }
}

function blockedText(code: number): string {
  if (code === errorCodes.oldEdits) return editsOverText('Discord');
  return code === errorCodes.linkFilter ? linkFilterText : autoModText;
}
