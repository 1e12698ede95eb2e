import type { ConversationId } from '../../core/conversation.ts';
import { MessageRefused } from '../../core/errors.ts';
import { fieldsOf, listOf } from '../../core/fields.ts';
import type { Followups } from '../../core/followups.ts';
import { isStop, type Message } from '../../core/message.ts';
import { persist } from '../../core/patience.ts';
import type { Log } from '../../core/ports/log.ts';
import type { Intake } from '../../core/ports/platform.ts';
import type { Participation, Store } from '../../core/ports/store.ts';
import type { Chains } from './chains.ts';
import type { Channels } from './channels.ts';
import { meant, mentions, repliesToBot } from './meant.ts';
import { directConversation, rootedConversation } from './place.ts';
import { type Said, saidIn } from './said.ts';
import type { Self } from './self.ts';
import { isSnowflake } from './snowflake.ts';
import { textFor, toMessage } from './to-message.ts';

export interface ListenerOptions {
  readonly self: Self;
  readonly intake: Intake;
  readonly store: Pick<Store, 'participation'>;
  readonly channels: Channels;
  readonly chains: Chains;
  readonly followups: Followups;
  readonly log: Log;
  /** Ends what is waited for when nothing is taken in any more. */
  readonly signal: AbortSignal;
  /** Tells the author why a message is not taken in. */
  readonly tell: (said: Said, sentence: string) => void;
  /** A message was deleted: the conversation whose running reply it belongs to. */
  readonly withdraw: (message: string) => ConversationId | undefined;
}

/** What a message means here: where it belongs, and what is to be done with it. */
interface Meaning {
  readonly conversation: ConversationId;
  readonly kind: Message['kind'];
  readonly opens: boolean;
  readonly participation?: Participation;
}

/**
 * Hears what is said in Discord, finds out what it means for the bot, and hands it in. Each method
 * resolves once what matters is stored, and throws what `Intake` throws, but for messages that are
 * refused: their authors are told.
 */
export class Listener {
  readonly #options: ListenerOptions;

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  /** Somebody said something, now or while nobody listened. */
  async hear(said: Said): Promise<void> {
    const { self, intake, channels, chains, signal, log } = this.#options;
    if (said.author.bot || said.author.id === self.id) return;
    const meaning = await this.#meaningOf(said);
    if (meaning === undefined) return;
    const { conversation, kind, opens, participation } = meaning;
    const world = { self, channelName: channels.nameOf, opens };
    const message = toMessage(said, kind, conversation, world);
    if (message.text === '') return;
    chains.remember(said, conversation);
    // Where nobody goes on without a mention, this much is understood of those who have asked.
    const stops =
      kind === 'context' &&
      isStop(message.text) &&
      participation?.people.includes(said.author.id) === true;
    try {
      const receipt = await intake.receive(message);
      if (stops && receipt === 'kept') await persist(() => intake.stop(conversation), log, signal);
    } catch (error) {
      if (!(error instanceof MessageRefused)) throw error;
      await this.#refuse(said, message, error);
    }
  }

  /** Somebody changed a message; previews of links arrive as changes, too. */
  async change(payload: unknown): Promise<void> {
    const { self, intake, channels, tell } = this.#options;
    if (typeof fieldsOf(payload)['edited_timestamp'] !== 'string') return;
    const said = saidIn(payload);
    if (said === undefined || said.author.bot || said.author.id === self.id) return;
    const conversation = await this.#conversationOf(said.guild, said.channel, said.id);
    if (conversation === undefined) return;
    try {
      await intake.revise(conversation, said.id, textFor(said, self, channels.nameOf));
    } catch (error) {
      if (!(error instanceof MessageRefused)) throw error;
      tell(said, error.message);
    }
  }

  /** Messages were deleted, one or many at once. */
  async delete(payload: unknown): Promise<void> {
    const { id, ids, channel_id: channel, guild_id: guild } = fieldsOf(payload);
    if (!isSnowflake(channel)) return;
    for (const message of [id, ...listOf(ids)].filter(isSnowflake)) {
      await this.#withdraw(isSnowflake(guild) ? guild : undefined, channel, message);
    }
  }

  /** A channel or a thread was deleted: what is written there is for nobody. */
  async close(payload: unknown): Promise<void> {
    const { id, guild_id: guild, parent_id: parent } = fieldsOf(payload);
    if (!isSnowflake(id) || !isSnowflake(guild) || !isSnowflake(parent)) return;
    await this.#options.intake.stop(rootedConversation(guild, parent, id));
  }

  async #withdraw(guild: string | undefined, channel: string, message: string): Promise<void> {
    const { intake, withdraw } = this.#options;
    const conversation = await this.#conversationOf(guild, channel, message);
    if (conversation !== undefined && (await intake.withdraw(conversation, message))) return;
    const running = withdraw(message);
    if (running !== undefined) await intake.stop(running);
  }

  /** Undefined for what is of no concern. */
  async #meaningOf(said: Said): Promise<Meaning | undefined> {
    const { self, store, channels, chains, followups, signal } = this.#options;
    const { guild, channel } = said;
    if (guild === undefined) {
      return { conversation: directConversation(channel), kind: 'question', opens: false };
    }
    const found = await channels.find(channel, signal);
    if (found?.kind === 'thread' && found.parent !== undefined) {
      const conversation = rootedConversation(guild, found.parent, channel);
      const participation = await store.participation(conversation);
      const kind = meant(said, self, followups, participation);
      if (kind === undefined) return undefined;
      // The first message of a forum post has its thread's id.
      const opens = said.id === channel;
      return { conversation, kind, opens, ...(participation && { participation }) };
    }
    if (repliesToBot(said, self)) {
      return { ...(await chains.link(said, guild, signal)), kind: 'question' };
    }
    if (!mentions(said, self)) return undefined;
    const conversation = rootedConversation(guild, channel, said.id);
    return { conversation, kind: 'question', opens: true };
  }

  /** The conversation that a message may be a question of; undefined if it takes no part in any. */
  async #conversationOf(
    guild: string | undefined,
    channel: string,
    message: string,
  ): Promise<ConversationId | undefined> {
    const { store, channels, chains, signal } = this.#options;
    if (guild === undefined) return directConversation(channel);
    const found = await channels.find(channel, signal);
    const conversation =
      found?.kind === 'thread' && found.parent !== undefined
        ? rootedConversation(guild, found.parent, channel)
        : chains.conversationOf(guild, channel, message);
    return (await store.participation(conversation)) === undefined ? undefined : conversation;
  }

  async #refuse(said: Said, message: Message, refused: MessageRefused): Promise<void> {
    const { intake, tell } = this.#options;
    if (message.kind === 'context' || refused.reason === 'empty') return;
    // Known from now on: read again after an outage it must not be answered after all.
    await intake.withdraw(message.conversation, message.id);
    tell(said, refused.message);
  }
}
