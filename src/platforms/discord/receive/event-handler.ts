import type { ConversationId } from '../../../core/domain/conversation.ts';
import { MessageRefused, StoreUnavailable } from '../../../core/domain/errors.ts';
import { fieldsOf, listOf } from '../../../core/foreign-data.ts';
import { isStop, type Message } from '../../../core/domain/message.ts';
import { Once } from '../../common/once.ts';
import { persist } from '../../../core/timing.ts';
import type { Log } from '../../../core/ports/log.ts';
import type { Intake } from '../../../core/ports/platform.ts';
import type { ReadingNotes } from '../../../core/intake/poison-messages.ts';
import { sentences } from '../../../core/domain/user-texts.ts';
import type { TurnedAway } from '../../../core/intake/refusal-notices.ts';
import { Meanings, type MeaningsOptions } from './route-message.ts';
import { mayAsk, mentions, repliesToBot } from './classify-message.ts';
import { rootedConversation } from '../messages/conversation-location.ts';
import { type Said, saidIn } from '../messages/discord-message.ts';
import { isSnowflake, timeOf } from '../api/snowflake.ts';
import { Stops, type StopsOptions } from './stop-command.ts';
import { textFor, toMessage } from '../messages/normalize-message.ts';

/** A message that is changed later than this is no new question, in milliseconds. */
const editableMs = 24 * 60 * 60_000;

export interface ListenerOptions extends MeaningsOptions, StopsOptions {
  readonly store: MeaningsOptions['store'] & StopsOptions['store'];
  readonly intake: Intake;
  readonly turnedAway: TurnedAway;
  readonly reading: ReadingNotes;
  readonly log: Log;
  /** Ends what is waited for when nothing is taken in any more. */
  readonly signal: AbortSignal;
  /** Tells the author why a message is not taken in. */
  readonly tell: (said: Said, sentence: string) => void;
  /** Tells the author, and nobody else, that they may not use the bot there. */
  readonly turnAway: (said: Said) => void;
  /** A message was deleted: the conversation whose running reply it belongs to. */
  readonly withdraw: (message: string) => ConversationId | undefined;
}

/**
 * Hears what is said in Discord, finds out what it means for the bot, and hands it in. Each method
 * resolves once what matters is stored, and throws what `Intake` throws, but for messages that are
 * refused: their authors are told.
 */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #meanings: Meanings;
  readonly #stops: Stops;
  readonly #notStored = new Once();

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#meanings = new Meanings(options);
    this.#stops = new Stops(options);
  }

  /** Somebody said something, now or while nobody listened. */
  async hear(said: Said): Promise<void> {
    await this.#reading(said, () => this.#hear(said));
  }

  async #hear(said: Said): Promise<void> {
    const { self, intake, names, chains, bots, door, signal, log } = this.#options;
    door.heard(said);
    if (!mayAsk(said, self, bots)) return;
    if (await this.#stops.obeys(said)) return;
    const meaning = await this.#meanings.of(said);
    if (meaning === undefined) return;
    const { conversation, kind, opens, participation } = meaning;
    if (await this.#turnsAway(said, conversation, kind)) return;
    const world = { self, names, opens, title: this.#meanings.titleOver(said) };
    const message = toMessage(said, kind, conversation, world);
    if (message.text === '') return;
    chains.remember(said, conversation);
    // Where nobody goes on without a mention, this much is understood of those who have asked.
    const stops =
      kind === 'context' &&
      isStop(message.text) &&
      participation?.people.includes(said.author.id) === true;
    try {
      const receipt = await intake.receive(message, (sentence) =>
        this.#options.tell(said, sentence),
      );
      if (stops && receipt === 'kept') await persist(() => intake.stop(conversation), log, signal);
    } catch (error) {
      if (error instanceof StoreUnavailable) this.#tellTrouble(said, kind, error);
      if (!(error instanceof MessageRefused)) throw error;
      await this.#refuse(said, message, error);
    }
  }

  /**
   * Tells whoever asked something, which is not looked at yet as what was said before it cannot be
   * stored, that somebody has to mend the store first.
   */
  async regret(said: Said, fault: StoreUnavailable): Promise<void> {
    const { self, bots, door, signal } = this.#options;
    if (fault.trouble === undefined || !mayAsk(said, self, bots)) return;
    const meaning = await this.#meanings.of(said);
    if (meaning === undefined || (await door.refusal(said, signal)) !== undefined) return;
    this.#tellTrouble(said, meaning.kind, fault);
  }

  /** Somebody changed a message; previews of links arrive as changes, too. */
  async change(payload: unknown): Promise<void> {
    const { self, bots } = this.#options;
    if (typeof fieldsOf(payload)['edited_timestamp'] !== 'string') return;
    const said = saidIn(payload);
    if (said === undefined || !mayAsk(said, self, bots)) return;
    await this.#reading(said, () => this.#change(said));
  }

  async #change(said: Said): Promise<void> {
    const { self } = this.#options;
    // A bot changes what it says while it writes: that calls nobody.
    if ((await this.#revise(said)) || said.author.bot) return;
    // Known ones are answered once; what replies to the bot was a question before it was changed.
    const isRecent = timeOf(said.id) > Date.now() - editableMs;
    const asks = said.guild !== undefined && mentions(said, self) && !repliesToBot(said, self);
    if (asks && isRecent) await this.#hear(said);
  }

  /** Reads what was said, unless reading it ended the process before. */
  #reading(said: Said, read: () => Promise<void>): Promise<void> {
    const { reading, tell } = this.#options;
    const chars = [said.text, ...said.forwarded].reduce((sum, { length }) => sum + length, 0);
    return reading.during({ id: said.id, chars }, read, async () => {
      if (!said.author.bot) tell(said, sentences.unreadable);
    });
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

  /** True if there is nothing more to do about it. */
  async #revise(said: Said): Promise<boolean> {
    const { self, intake, names, tell, door, signal } = this.#options;
    const conversation = await this.#meanings.conversationOf(said.guild, said.channel, said.id);
    if (conversation === undefined) return false;
    door.heard(said);
    if ((await door.refusal(said, signal)) !== undefined) return true;
    const text = textFor(said, self, names, this.#meanings.titleOver(said));
    try {
      return await intake.revise(conversation, said.id, text);
    } catch (error) {
      if (!(error instanceof MessageRefused)) throw error;
      tell(said, error.message);
      return true;
    }
  }

  async #withdraw(guild: string | undefined, channel: string, message: string): Promise<void> {
    const { intake, withdraw } = this.#options;
    const conversation = await this.#meanings.conversationOf(guild, channel, message);
    if (conversation !== undefined && (await intake.withdraw(conversation, message))) return;
    const running = withdraw(message);
    if (running !== undefined) await intake.stop(running);
  }

  /** Whether its author may not use the bot; a person who asked something is told so. */
  async #turnsAway(
    said: Said,
    conversation: ConversationId,
    kind: Message['kind'],
  ): Promise<boolean> {
    const { door, turnedAway, turnAway, intake, signal } = this.#options;
    const { author, guild, channel, id } = said;
    const why = await door.refusal(said, signal);
    if (why === undefined) return false;
    turnedAway.note(author.id, { why, guild, channel, message: id });
    if (kind === 'context') return true;
    await intake.withdraw(conversation, id);
    if (!author.bot && (await turnedAway.isToBeTold(author.id, timeOf(id)))) turnAway(said);
    return true;
  }

  /** Once: it is tried again. */
  #tellTrouble(said: Said, kind: Message['kind'], { trouble }: StoreUnavailable): void {
    if (kind === 'context' || trouble === undefined) return;
    if (this.#notStored.isFirst(said.id)) this.#options.tell(said, sentences.notStored(trouble));
  }

  async #refuse(said: Said, message: Message, refused: MessageRefused): Promise<void> {
    const { intake, tell } = this.#options;
    if (message.kind === 'context' || refused.reason === 'empty') return;
    // Known from now on: read again after an outage it must not be answered after all.
    await intake.withdraw(message.conversation, message.id);
    tell(said, refused.message);
  }
}
