import type { ConversationId } from '../../../core/domain/conversation.ts';
import { MessageRefused, StoreUnavailable } from '../../../core/domain/errors.ts';
import { asRecord, asList } from '../../../core/foreign-data.ts';
import { isStopCommand, type Message } from '../../../core/domain/message.ts';
import { Once } from '../../common/once.ts';
import { retryWhileStoreIsDown } from '../../../core/timing.ts';
import type { Log } from '../../../core/ports/log.ts';
import type { Intake } from '../../../core/ports/platform.ts';
import type { PoisonMessageGuard } from '../../../core/intake/poison-messages.ts';
import { userTexts } from '../../../core/domain/user-texts.ts';
import type { RefusalNotices } from '../../../core/intake/refusal-notices.ts';
import { MessageRouter, type MessageRouterOptions } from './route-message.ts';
import { mayAsk, mentionsBot, repliesToBot } from './classify-message.ts';
import { rootedConversation } from '../messages/conversation-location.ts';
import { type DiscordMessage, parseMessage } from '../messages/discord-message.ts';
import { isSnowflake, timeOf } from '../api/snowflake.ts';
import { StopCommand, type StopCommandOptions } from './stop-command.ts';
import { messageText, normalizeMessage } from '../messages/normalize-message.ts';

/** A message that is changed later than this is no new question, in milliseconds. */
const editableMs = 24 * 60 * 60_000;

export interface EventHandlerOptions extends MessageRouterOptions, StopCommandOptions {
  readonly store: MessageRouterOptions['store'] & StopCommandOptions['store'];
  readonly intake: Intake;
  readonly refusalNotices: RefusalNotices;
  readonly reading: PoisonMessageGuard;
  readonly log: Log;
  /** Ends what is waited for when nothing is taken in any more. */
  readonly signal: AbortSignal;
  /** Tells the author why a message is not taken in. */
  readonly notify: (said: DiscordMessage, sentence: string) => void;
  /** Tells the author, and nobody else, that they may not use the bot there. */
  readonly notifyDenied: (said: DiscordMessage) => void;
  /** A message was deleted: the conversation whose running reply it belongs to. */
  readonly onMessageDeleted: (message: string) => ConversationId | undefined;
}

/**
 * Hears what is said in Discord, finds out what it means for the bot, and hands it in. Each method
 * resolves once what matters is stored, and throws what `Intake` throws, but for messages that are
 * refused: their authors are told.
 */
export class EventHandler {
  readonly #options: EventHandlerOptions;
  readonly #router: MessageRouter;
  readonly #stops: StopCommand;
  readonly #notStored = new Once();

  constructor(options: EventHandlerOptions) {
    this.#options = options;
    this.#router = new MessageRouter(options);
    this.#stops = new StopCommand(options);
  }

  /** Somebody said something, now or while nobody listened. */
  async onMessage(said: DiscordMessage): Promise<void> {
    await this.#withReadingNote(said, () => this.#accept(said));
  }

  async #accept(said: DiscordMessage): Promise<void> {
    const { bot, intake, names, chains, bots, accessCheck, signal, log } = this.#options;
    accessCheck.learnAuthorRoles(said);
    if (!mayAsk(said, bot, bots)) return;
    if (await this.#stops.handle(said)) return;
    const route = await this.#router.route(said);
    if (route === undefined) return;
    const { conversation, kind, opens, participation } = route;
    if (await this.#denies(said, conversation, kind)) return;
    const world = { bot, names, opens, title: this.#router.titleAbove(said) };
    const message = normalizeMessage(said, kind, conversation, world);
    if (message.text === '') return;
    chains.remember(said, conversation);
    // Where nobody goes on without a mention, this much is understood of those who have asked.
    const stops =
      kind === 'context' &&
      isStopCommand(message.text) &&
      participation?.people.includes(said.author.id) === true;
    try {
      const receipt = await intake.receive(message, (sentence) =>
        this.#options.notify(said, sentence),
      );
      if (stops && receipt === 'kept')
        await retryWhileStoreIsDown(() => intake.stop(conversation), log, signal);
    } catch (error) {
      if (error instanceof StoreUnavailable) this.#notifyStoreTrouble(said, kind, error);
      if (!(error instanceof MessageRefused)) throw error;
      await this.#refuse(said, message, error);
    }
  }

  /**
   * Tells whoever asked something, which is not looked at yet as what was said before it cannot be
   * stored, that somebody has to mend the store first.
   */
  async notifyBlocked(said: DiscordMessage, fault: StoreUnavailable): Promise<void> {
    const { bot, bots, accessCheck, signal } = this.#options;
    if (fault.trouble === undefined || !mayAsk(said, bot, bots)) return;
    const route = await this.#router.route(said);
    if (route === undefined || (await accessCheck.denialReason(said, signal)) !== undefined) return;
    this.#notifyStoreTrouble(said, route.kind, fault);
  }

  /** Somebody changed a message; previews of links arrive as changes, too. */
  async onEdit(payload: unknown): Promise<void> {
    const { bot, bots } = this.#options;
    if (typeof asRecord(payload)['edited_timestamp'] !== 'string') return;
    const said = parseMessage(payload);
    if (said === undefined || !mayAsk(said, bot, bots)) return;
    await this.#withReadingNote(said, () => this.#applyEdit(said));
  }

  async #applyEdit(said: DiscordMessage): Promise<void> {
    const { bot } = this.#options;
    // A bot changes what it says while it writes: that calls nobody.
    if ((await this.#revise(said)) || said.author.bot) return;
    // Known ones are answered once; what replies to the bot was a question before it was changed.
    const isRecent = timeOf(said.id) > Date.now() - editableMs;
    const asks = said.guild !== undefined && mentionsBot(said, bot) && !repliesToBot(said, bot);
    if (asks && isRecent) await this.#accept(said);
  }

  /** Reads what was said, unless reading it ended the process before. */
  #withReadingNote(said: DiscordMessage, read: () => Promise<void>): Promise<void> {
    const { reading, notify } = this.#options;
    const chars = [said.text, ...said.forwarded].reduce((sum, { length }) => sum + length, 0);
    return reading.read({ id: said.id, chars }, read, async () => {
      if (!said.author.bot) notify(said, userTexts.unreadable);
    });
  }

  /** Messages were deleted, one or many at once. */
  async onDelete(payload: unknown): Promise<void> {
    const { id, ids, channel_id: channel, guild_id: guild } = asRecord(payload);
    if (!isSnowflake(channel)) return;
    for (const message of [id, ...asList(ids)].filter(isSnowflake)) {
      await this.#withdraw(isSnowflake(guild) ? guild : undefined, channel, message);
    }
  }

  /** A channel or a thread was deleted: what is written there is for nobody. */
  async onChannelDelete(payload: unknown): Promise<void> {
    const { id, guild_id: guild, parent_id: parent } = asRecord(payload);
    if (!isSnowflake(id) || !isSnowflake(guild) || !isSnowflake(parent)) return;
    await this.#options.intake.stop(rootedConversation(guild, parent, id));
  }

  /** True if there is nothing more to do about it. */
  async #revise(said: DiscordMessage): Promise<boolean> {
    const { bot, intake, names, notify, accessCheck, signal } = this.#options;
    const conversation = await this.#router.conversationOf(said.guild, said.channel, said.id);
    if (conversation === undefined) return false;
    accessCheck.learnAuthorRoles(said);
    if ((await accessCheck.denialReason(said, signal)) !== undefined) return true;
    const text = messageText(said, bot, names, this.#router.titleAbove(said));
    try {
      return await intake.revise(conversation, said.id, text);
    } catch (error) {
      if (!(error instanceof MessageRefused)) throw error;
      notify(said, error.message);
      return true;
    }
  }

  async #withdraw(guild: string | undefined, channel: string, message: string): Promise<void> {
    const { intake, onMessageDeleted } = this.#options;
    const conversation = await this.#router.conversationOf(guild, channel, message);
    if (conversation !== undefined && (await intake.withdraw(conversation, message))) return;
    const running = onMessageDeleted(message);
    if (running !== undefined) await intake.stop(running);
  }

  /** Whether its author may not use the bot; a person who asked something is told so. */
  async #denies(
    said: DiscordMessage,
    conversation: ConversationId,
    kind: Message['kind'],
  ): Promise<boolean> {
    const { accessCheck, refusalNotices, notifyDenied, intake, signal } = this.#options;
    const { author, guild, channel, id } = said;
    const why = await accessCheck.denialReason(said, signal);
    if (why === undefined) return false;
    refusalNotices.log(author.id, { why, guild, channel, message: id });
    if (kind === 'context') return true;
    await intake.withdraw(conversation, id);
    if (!author.bot && (await refusalNotices.shouldNotify(author.id, timeOf(id))))
      notifyDenied(said);
    return true;
  }

  /** Once: it is tried again. */
  #notifyStoreTrouble(
    said: DiscordMessage,
    kind: Message['kind'],
    { trouble }: StoreUnavailable,
  ): void {
    if (kind === 'context' || trouble === undefined) return;
    if (this.#notStored.isFirst(said.id)) this.#options.notify(said, userTexts.notStored(trouble));
  }

  async #refuse(said: DiscordMessage, message: Message, refused: MessageRefused): Promise<void> {
    const { intake, notify } = this.#options;
    if (message.kind === 'context' || refused.reason === 'empty') return;
    // Known from now on: read again after an outage it must not be answered after all.
    await intake.withdraw(message.conversation, message.id);
    notify(said, refused.message);
  }
}
