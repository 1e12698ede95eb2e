// Tested by test/contract/platform/discord.test.ts
import type { ConversationId } from '../../../core/domain/conversation.ts';
import type { Message } from '../../../core/domain/message.ts';
import type { Store } from '../../../core/ports/store.ts';
import type { MessageAdapter, MessageFacts, MessageRoute } from '../../common/message-handler.ts';
import { timeOf } from '../api/snowflake.ts';
import { threadTitle } from '../cache/channels.ts';
import { directConversation, rootedConversation } from '../messages/conversation-location.ts';
import type { DiscordMessage } from '../messages/discord-message.ts';
import {
  mayAsk,
  mentionsBot,
  messageText,
  normalizeMessage,
  repliesToBot,
  traitsOf,
} from '../messages/normalize-message.ts';
import type { UserNotices } from '../notices/user-notices.ts';
import { StopCommand, type StopCommandOptions } from './stop-command.ts';

export interface DiscordMessageAdapterOptions extends StopCommandOptions {
  readonly store: Pick<Store, 'participation'> & StopCommandOptions['store'];
  /** Ids of the bots and webhooks that are answered like people. */
  readonly bots: ReadonlySet<string>;
  readonly notices: Pick<UserNotices, 'notify' | 'notifyDenied'>;
}

/** Discord's part in the decision what is done with a message. */
export class DiscordMessageAdapter implements MessageAdapter<DiscordMessage> {
  readonly #options: DiscordMessageAdapterOptions;
  readonly #stopCommand: StopCommand;

  constructor(options: DiscordMessageAdapterOptions) {
    this.#options = options;
    this.#stopCommand = new StopCommand(options);
  }

  factsOf(message: DiscordMessage): MessageFacts {
    const { bot, bots } = this.#options;
    const { id, author, text, forwarded, guild, channel } = message;
    return {
      id,
      globalId: id,
      author: author.id,
      mayAsk: mayAsk(message, bot, bots),
      isFromBot: author.bot,
      sentAt: timeOf(id),
      length: forwarded.reduce((sum, { length }) => sum + length, text.length),
      location: { guild, channel, message: id },
    };
  }

  async route(message: DiscordMessage): Promise<MessageRoute | undefined> {
    const { bot, bots, channels, chains, signal } = this.#options;
    const { id, guild, channel } = message;
    const traits = traitsOf(message, bot, false, bots);
    if (guild === undefined) {
      return { conversation: directConversation(channel), opens: false, traits };
    }
    const found = await channels.findVisible(channel, signal);
    // Where the bot may not look, nothing is said to it.
    if (found === 'shut') return undefined;
    if (found?.kind === 'thread' && found.parent !== undefined) {
      const conversation = rootedConversation(guild, found.parent, channel);
      return { conversation, opens: id === channel, traits: { ...traits, inThread: true } };
    }
    // Other bots are read in threads alone.
    if (!traits.mayAsk) return undefined;
    if (repliesToBot(message, bot))
      return { ...(await chains.targetOf(message, guild, signal)), traits };
    if (!traits.mentionsBot) return undefined;
    return { conversation: rootedConversation(guild, channel, id), opens: true, traits };
  }

  conversationOf({ guild, channel, id }: DiscordMessage): Promise<ConversationId | undefined> {
    return this.conversationOfId(guild, channel, id);
  }

  /** As `conversationOf`, of a message of which the ids alone are known. */
  async conversationOfId(
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

  /** A reply to the bot was a question before it was edited. */
  mentionsBotInChannel(message: DiscordMessage): boolean {
    const { bot } = this.#options;
    return message.guild !== undefined && mentionsBot(message, bot) && !repliesToBot(message, bot);
  }

  stopCommandOf(message: DiscordMessage): Promise<(() => Promise<void>) | undefined> {
    return this.#stopCommand.of(message);
  }

  denialReason(message: DiscordMessage): Promise<string | undefined> {
    return this.#options.accessCheck.denialReason(message, this.#options.signal);
  }

  normalize(
    message: DiscordMessage,
    { conversation, kind, opens }: MessageRoute & Pick<Message, 'kind'>,
  ): Promise<Message> {
    const { bot, names, chains } = this.#options;
    const world = { bot, names, opens, title: this.#titleAbove(message) };
    const normalized = normalizeMessage(message, kind, conversation, world);
    if (normalized.text !== '') chains.remember(message, conversation);
    return Promise.resolve(normalized);
  }

  textOf(message: DiscordMessage): Promise<string> {
    const { bot, names } = this.#options;
    return Promise.resolve(messageText(message, bot, names, this.#titleAbove(message)));
  }

  notify(message: DiscordMessage, text: string): void {
    this.#options.notices.notify(message, text);
  }

  notifyDenied(message: DiscordMessage): void {
    this.#options.notices.notifyDenied(message);
  }

  /** A forum post's name, over its first message, which has its thread's id; empty over others. */
  #titleAbove({ id, channel }: DiscordMessage): string {
    const { channels } = this.#options;
    const thread = id === channel ? channels.cached(channel) : undefined;
    return thread === undefined ? '' : threadTitle(thread, channels);
  }
}
