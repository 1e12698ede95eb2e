import type { BotLoopGuard } from './bot-loop-guard.ts';
import type { EventLoopYield } from '../timing.ts';
import { type ConversationId, parseConversationId } from '../domain/conversation.ts';
import type { Dispatcher } from '../turns/dispatcher.ts';
import { MessageRefused, StoreUnavailable } from '../domain/errors.ts';
import { forgetConversation } from './end-answers.ts';
import {
  cleanText,
  isNewCommand,
  isStopCommand,
  maxMessageChars,
  type Message,
  cleanMessage,
} from '../domain/message.ts';
import { quotaSubjectsOf, type Quotas } from './quotas.ts';
import type { Metrics, QuestionRefusal } from '../ports/metrics.ts';
import type { Intake, Receipt } from '../ports/platform.ts';
import type { AcceptResult, Store } from '../ports/store.ts';
import { userTexts } from '../domain/user-texts.ts';
import { countTokens } from '../turns/prompt.ts';

/** Length, in UTF-16 units, from which on counting tokens costs more than asking whether the message is accepted. */
const longChars = 2_000;

/** Accepts what people do on every platform: stores it first, then wakes the dispatcher. */
export class Inbox implements Intake {
  readonly #store: Store;
  readonly #dispatcher: Dispatcher;
  readonly #mostOpen: number | undefined;
  readonly #botLoopGuard: BotLoopGuard | undefined;
  readonly #quotas: Quotas | undefined;
  readonly #metrics: Metrics;
  readonly #eventLoop: EventLoopYield;
  /** The last long question of each person that is being accepted. */
  readonly #long = new Map<string, Promise<unknown>>();

  /**
   * @param options.mostOpen questions without an answer that one person may have
   * @param options.botLoopGuard absent where no bot is answered
   */
  constructor(options: {
    store: Store;
    dispatcher: Dispatcher;
    mostOpen?: number;
    botLoopGuard?: BotLoopGuard | undefined;
    quotas?: Quotas | undefined;
    metrics: Metrics;
    eventLoop: EventLoopYield;
  }) {
    this.#store = options.store;
    this.#dispatcher = options.dispatcher;
    this.#mostOpen = options.mostOpen;
    this.#botLoopGuard = options.botLoopGuard;
    this.#quotas = options.quotas;
    this.#metrics = options.metrics;
    this.#eventLoop = options.eventLoop;
  }

  async receive(raw: Message, tell?: (sentence: string) => void): Promise<Receipt> {
    const { platform } = parseConversationId(raw.conversation);
    try {
      const receipt = await this.#receive(raw, tell);
      if (receipt === 'queued') this.#metrics.questionAccepted(platform);
      return receipt;
    } catch (error) {
      const why = refusalOf(error);
      if (raw.kind === 'question' && why !== undefined) {
        this.#metrics.questionRefused(platform, why);
      }
      throw error;
    }
  }

  async #receive(raw: Message, tell?: (sentence: string) => void): Promise<Receipt> {
    const tidy = cleanMessage(raw);
    const { text, conversation } = tidy;
    const refusal = whyNot(text);
    if (refusal !== undefined) throw refusal;
    const message = (await this.#botLoopGuard?.downgrade(tidy)) ?? tidy;
    const { kind } = message;
    const stops = kind === 'question' && isStopCommand(text);
    // A command costs nothing: the model is not asked.
    const costs = kind === 'question' && !stops && !isNewCommand(text);
    const quota = costs
      ? await this.#quotas?.check(quotaSubjectsOf(conversation, message.author.id))
      : undefined;
    const spent = quota?.refusal;
    const receipt = await this.#admit(message, { stops, isFull: spent !== undefined });
    if (receipt === 'too-many') {
      if (spent !== undefined) throw new MessageRefused('spent', spent);
      throw new MessageRefused('too-many', userTexts.tooManyOpen);
    }
    if (receipt === 'queued') {
      if (this.#dispatcher.isPaused) tell?.(userTexts.paused);
      await quota?.count(tell);
    }
    // A repeated command, too: the first one may have been stored and then have failed here.
    if (stops && receipt !== 'queued') await this.#stopRunning(conversation);
    return receipt;
  }

  /** One person's long questions are accepted one after the other, so that none is tokenised in vain. */
  async #admit(
    message: Message,
    { stops, isFull }: { stops: boolean; isFull: boolean },
  ): Promise<AcceptResult> {
    const { author, text, kind } = message;
    if (kind !== 'question' || text.length <= longChars || this.#mostOpen === undefined) {
      return this.#accept(message, { stops, isFull });
    }
    const before = this.#long.get(author.id);
    const admitting = Promise.allSettled([before]).then(async () =>
      this.#accept(message, { stops, isFull: isFull || (await this.#hasTooMany(message)) }),
    );
    this.#long.set(author.id, admitting);
    try {
      return await admitting;
    } finally {
      if (this.#long.get(author.id) === admitting) this.#long.delete(author.id);
    }
  }

  async #accept(
    message: Message,
    { stops, isFull }: { stops: boolean; isFull: boolean },
  ): Promise<AcceptResult> {
    // With a limit of 0 a repeated message is still recognised, so its author is told once.
    const mostOpen = isFull ? 0 : this.#mostOpen;
    const tokens = isFull ? 0 : await countTokens(message.text, this.#eventLoop);
    const room = mostOpen === undefined ? {} : { mostOpen };
    return this.#dispatcher.accept(message, { stops, tokens, ...room });
  }

  async #hasTooMany({ conversation, author }: Message): Promise<boolean> {
    const open = await this.#store.openQuestions(
      parseConversationId(conversation).platform,
      author.id,
    );
    return this.#mostOpen !== undefined && open >= this.#mostOpen;
  }

  async revise(conversation: ConversationId, messageId: string, raw: string): Promise<boolean> {
    const text = cleanText(raw);
    const refusal = whyNot(text);
    // A question that was emptied asks nothing any more.
    if (refusal?.reason === 'empty') return this.#store.withdraw(conversation, messageId);
    if (refusal !== undefined) throw refusal;
    // A changed message is seldom still waiting: its tokens are counted only then.
    if (text.length > longChars && !(await this.#waits(conversation, messageId))) return false;
    const tokens = await countTokens(text, this.#eventLoop);
    return this.#store.revise(conversation, messageId, text, tokens);
  }

  async #waits(conversation: ConversationId, messageId: string): Promise<boolean> {
    const { queued } = await this.#store.conversationView(conversation, 1);
    return queued.some(({ id }) => id === messageId);
  }

  async withdraw(conversation: ConversationId, messageId: string): Promise<boolean> {
    if (await this.#store.withdraw(conversation, messageId)) return true;
    if (this.#store.shared) await this.#stopElsewhere(conversation, messageId);
    return false;
  }

  async stop(conversation: ConversationId): Promise<boolean> {
    const stopping = await this.#store.requestStop(conversation);
    if (stopping) await this.#stopRunning(conversation);
    return stopping;
  }

  forget(conversation: ConversationId): Promise<number> {
    const stop = (each: ConversationId) => this.stop(each);
    return forgetConversation({ store: this.#store, stop }, conversation);
  }

  /** An instance that answers the deleted question learns it through the store, if not from its platform. */
  async #stopElsewhere(conversation: ConversationId, messageId: string): Promise<void> {
    const { running } = await this.#store.conversationView(conversation);
    if (running === undefined || this.#dispatcher.isAnswering(conversation, running.id)) return;
    const asked = running.messages.some(({ id }) => id === messageId);
    if (asked) await this.#store.requestStop(conversation);
  }

  /** The store says which turn is meant: the one that ran here a moment ago may be over. */
  async #stopRunning(conversation: ConversationId): Promise<void> {
    const { running } = await this.#store.conversationView(conversation);
    if (running?.stopRequested === true) this.#dispatcher.stop(conversation, running.id);
  }
}

/** Undefined for a mistake in this program. */
function refusalOf(error: unknown): QuestionRefusal | undefined {
  if (error instanceof MessageRefused) return error.reason;
  return error instanceof StoreUnavailable ? 'store' : undefined;
}

function whyNot(text: string): MessageRefused | undefined {
  if (text === '') return new MessageRefused('empty', userTexts.empty);
  if (text.length <= maxMessageChars) return undefined;
  return new MessageRefused('too-long', userTexts.questionTooLong(text.length, maxMessageChars));
}
