import type { ConversationId } from './conversation.ts';
import type { Dispatcher } from './dispatcher.ts';
import { MessageRefused } from './errors.ts';
import { cleanText, isStop, maxMessageChars, type Message, tidyMessage } from './message.ts';
import type { Intake, Receipt } from './ports/platform.ts';
import type { Store } from './ports/store.ts';
import { sentences } from './sentences.ts';
import { countTokens } from './tokens.ts';

/** Takes in what people do on every platform: stores it first, then has it worked off. */
export class Inbox implements Intake {
  readonly #store: Store;
  readonly #dispatcher: Dispatcher;
  readonly #mostOpen: number | undefined;

  /** @param options.mostOpen questions without an answer that one person may have */
  constructor(options: { store: Store; dispatcher: Dispatcher; mostOpen?: number }) {
    this.#store = options.store;
    this.#dispatcher = options.dispatcher;
    this.#mostOpen = options.mostOpen;
  }

  async receive(raw: Message): Promise<Receipt> {
    const message = tidyMessage(raw);
    const { text, kind, conversation } = message;
    const refusal = whyNot(text);
    if (refusal !== undefined) throw refusal;
    const stops = kind === 'question' && isStop(text);
    const receipt = await this.#store.accept(message, {
      stops,
      tokens: countTokens(text),
      ...(this.#mostOpen === undefined ? {} : { mostOpen: this.#mostOpen }),
    });
    if (receipt === 'too-many') throw new MessageRefused('too-many', sentences.tooMany);
    if (receipt === 'queued') this.#dispatcher.offer(conversation);
    // A repeated order, too: the first one may have been stored, and then have failed here.
    if (stops && receipt !== 'queued') await this.#stopRunning(conversation);
    return receipt;
  }

  async revise(conversation: ConversationId, messageId: string, raw: string): Promise<boolean> {
    const text = cleanText(raw);
    const refusal = whyNot(text);
    // What is emptied asks nothing any more.
    if (refusal?.reason === 'empty') return this.#store.withdraw(conversation, messageId);
    if (refusal !== undefined) throw refusal;
    return this.#store.revise(conversation, messageId, text, countTokens(text));
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

  /** An instance that answers what was deleted does not hear of it, unless the platform tells it. */
  async #stopElsewhere(conversation: ConversationId, messageId: string): Promise<void> {
    const { running } = await this.#store.view(conversation);
    if (running === undefined || this.#dispatcher.answers(conversation, running.id)) return;
    const asked = running.messages.some(({ id }) => id === messageId);
    if (asked) await this.#store.requestStop(conversation);
  }

  /** The store says which turn is meant: the one that ran here a moment ago may be over. */
  async #stopRunning(conversation: ConversationId): Promise<void> {
    const { running } = await this.#store.view(conversation);
    if (running?.stopRequested === true) this.#dispatcher.stop(conversation, running.id);
  }
}

function whyNot(text: string): MessageRefused | undefined {
  if (text === '') return new MessageRefused('empty', sentences.empty);
  if (text.length <= maxMessageChars) return undefined;
  return new MessageRefused('too-long', sentences.questionTooLong(text.length, maxMessageChars));
}
