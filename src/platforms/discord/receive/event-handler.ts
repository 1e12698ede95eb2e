// Tested by test/contract/platform/discord.test.ts
import type { StoreUnavailable } from '../../../core/domain/errors.ts';
import { asList, asRecord } from '../../../core/foreign-data.ts';
import { MessageHandler, type MessageHandlerOptions } from '../../common/message-handler.ts';
import { isSnowflake } from '../api/snowflake.ts';
import { rootedConversation } from '../messages/conversation-location.ts';
import { type DiscordMessage, parseMessage } from '../messages/discord-message.ts';
import { DiscordMessageAdapter, type DiscordMessageAdapterOptions } from './message-adapter.ts';

export type EventHandlerOptions = DiscordMessageAdapterOptions &
  Omit<MessageHandlerOptions<DiscordMessage>, 'adapter'>;

/**
 * Handles what happens to messages in Discord. Each method resolves once what matters is stored, and
 * throws what `MessageHandler` throws.
 */
export class EventHandler {
  readonly #options: EventHandlerOptions;
  readonly #adapter: DiscordMessageAdapter;
  readonly #messages: MessageHandler<DiscordMessage>;

  constructor(options: EventHandlerOptions) {
    this.#options = options;
    this.#adapter = new DiscordMessageAdapter(options);
    this.#messages = new MessageHandler({ ...options, adapter: this.#adapter });
  }

  /** A message was posted, now or while no events were received. */
  async onMessage(message: DiscordMessage): Promise<void> {
    const { bot, accessCheck } = this.#options;
    accessCheck.learnAuthorRoles(message);
    if (message.author.id !== bot.id) await this.#messages.onMessage(message);
  }

  /** As `MessageHandler.onBlocked`. */
  onBlocked(message: DiscordMessage, error: StoreUnavailable): Promise<void> {
    return this.#messages.onBlocked(message, error);
  }

  /** A message was edited; previews of links are reported as edits, too. */
  async onEdit(payload: unknown): Promise<void> {
    if (typeof asRecord(payload)['edited_timestamp'] !== 'string') return;
    const message = parseMessage(payload);
    if (message === undefined) return;
    this.#options.accessCheck.learnAuthorRoles(message);
    await this.#messages.onEdit(message);
  }

  /** Messages were deleted, one or many at once. */
  async onDelete(payload: unknown): Promise<void> {
    const { id: one, ids, channel_id: channel, guild_id } = asRecord(payload);
    if (!isSnowflake(channel)) return;
    const guild = isSnowflake(guild_id) ? guild_id : undefined;
    for (const id of [one, ...asList(ids)].filter(isSnowflake)) {
      const conversation = await this.#adapter.conversationOfId(guild, channel, id);
      await this.#messages.withdraw(conversation, { id, globalId: id });
    }
  }

  /** A channel or a thread was deleted: the reply that is written there is for nobody. */
  async onChannelDelete(payload: unknown): Promise<void> {
    const { id, guild_id: guild, parent_id: parent } = asRecord(payload);
    if (!isSnowflake(id) || !isSnowflake(guild) || !isSnowflake(parent)) return;
    await this.#options.intake.stop(rootedConversation(guild, parent, id));
  }
}
