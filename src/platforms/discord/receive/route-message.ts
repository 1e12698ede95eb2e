import type { ConversationId } from '../../../core/domain/conversation.ts';
import type { FollowUpPolicy } from '../../../core/intake/access.ts';
import type { Message } from '../../../core/domain/message.ts';
import type { Participation, Store } from '../../../core/ports/store.ts';
import type { ReplyChains } from './reply-chains.ts';
import { type Channels, threadTitle } from '../cache/channels.ts';
import { isAddressedToBot, classify, mentionsBot, repliesToBot } from './classify-message.ts';
import { directConversation, rootedConversation } from '../messages/conversation-location.ts';
import type { DiscordMessage } from '../messages/discord-message.ts';
import type { BotIdentity } from '../api/identify-bot.ts';

/** What a message means here: where it belongs, and what is to be done with it. */
export interface MessageRoute {
  readonly conversation: ConversationId;
  readonly kind: Message['kind'];
  readonly opens: boolean;
  /** The bot's there, as far as it was needed to know what the message means. */
  readonly participation?: Participation;
}

export interface MessageRouterOptions {
  readonly bot: BotIdentity;
  readonly store: Pick<Store, 'participation'>;
  readonly channels: Channels;
  readonly chains: ReplyChains;
  readonly followups: FollowUpPolicy;
  /** Ids of the bots and webhooks that are answered like people. */
  readonly bots: ReadonlySet<string>;
  readonly signal: AbortSignal;
}

/** Finds out what messages mean. Throws what `Channels.find` and the store throw. */
export class MessageRouter {
  readonly #options: MessageRouterOptions;

  constructor(options: MessageRouterOptions) {
    this.#options = options;
  }

  /** Undefined for what is of no concern. */
  async route(message: DiscordMessage): Promise<MessageRoute | undefined> {
    const { bot, store, channels, chains, followups, bots, signal } = this.#options;
    const { guild, channel } = message;
    if (guild === undefined) {
      return { conversation: directConversation(channel), kind: 'question', opens: false };
    }
    const found = await channels.findVisible(channel, signal);
    // Where the bot may not look, nothing is said to it.
    if (found === 'shut') return undefined;
    if (found?.kind === 'thread' && found.parent !== undefined) {
      const conversation = rootedConversation(guild, found.parent, channel);
      // What addresses the bot is a question, whoever took part: a round trip less.
      const participation = isAddressedToBot(message, bot)
        ? undefined
        : await store.participation(conversation);
      const kind = classify(message, bot, followups, participation, bots);
      if (kind === undefined) return undefined;
      const opens = message.id === channel;
      return { conversation, kind, opens, ...(participation && { participation }) };
    }
    if (repliesToBot(message, bot)) {
      return { ...(await chains.targetOf(message, guild, signal)), kind: 'question' };
    }
    if (!mentionsBot(message, bot)) return undefined;
    const conversation = rootedConversation(guild, channel, message.id);
    return { conversation, kind: 'question', opens: true };
  }

  /** The conversation that a message may be a question of; undefined if it takes no part in any. */
  async conversationOf(
    guild: string | undefined,
    channel: string,
    message: string,
  ): Promise<ConversationId | undefined> {
    const { store, channels, chains, signal } = this.#options;
    if (guild === undefined) return directConversation(channel);
    const found = await channels.findVisible(channel, signal);
    if (found === 'shut') return undefined;
    const conversation =
      found?.kind === 'thread' && found.parent !== undefined
        ? rootedConversation(guild, found.parent, channel)
        : chains.conversationOf(guild, channel, message);
    return (await store.participation(conversation)) === undefined ? undefined : conversation;
  }

  /** A forum post's name, over its first message, which has its thread's id; empty over others. */
  titleAbove(message: DiscordMessage): string {
    const { channels } = this.#options;
    const thread = message.id === message.channel ? channels.cached(message.channel) : undefined;
    return thread === undefined ? '' : threadTitle(thread, channels);
  }
}
