import type { ConversationId } from './conversation.ts';
import type { Dispatcher } from './dispatcher.ts';
import { MessageRefused } from './errors.ts';
import { cleanName, cleanText, isStop, maxMessageChars, type Message } from './message.ts';
import type { Intake, Receipt } from './ports/platform.ts';
import type { Store } from './ports/store.ts';
import { countTokens } from './tokens.ts';

/** Takes in what people do on every platform: stores it first, then has it worked off. */
export class Inbox implements Intake {
  readonly #store: Store;
  readonly #dispatcher: Dispatcher;

  constructor(options: { store: Store; dispatcher: Dispatcher }) {
    this.#store = options.store;
    this.#dispatcher = options.dispatcher;
  }

  async receive(message: Message): Promise<Receipt> {
    const text = acceptable(message.text);
    const receipt = await this.#store.accept(
      { ...message, text, author: tidyAuthor(message.author) },
      { stops: message.kind === 'question' && isStop(text), tokens: countTokens(text) },
    );
    if (receipt === 'queued') this.#dispatcher.wake(message.conversation);
    if (receipt === 'stopping') await this.#stopRunning(message.conversation);
    return receipt;
  }

  async revise(conversation: ConversationId, messageId: string, text: string): Promise<boolean> {
    const clean = cleanText(text);
    // What is emptied asks nothing any more.
    if (clean === '') return this.withdraw(conversation, messageId);
    const kept = acceptable(clean);
    return this.#store.revise(conversation, messageId, kept, countTokens(kept));
  }

  withdraw(conversation: ConversationId, messageId: string): Promise<boolean> {
    return this.#store.withdraw(conversation, messageId);
  }

  async stop(conversation: ConversationId): Promise<boolean> {
    const stopping = await this.#store.requestStop(conversation);
    if (stopping) await this.#stopRunning(conversation);
    return stopping;
  }

  /** The store says which turn is meant: the one that ran here a moment ago may be over. */
  async #stopRunning(conversation: ConversationId): Promise<void> {
    const { running } = await this.#store.view(conversation);
    if (running?.stopRequested === true) this.#dispatcher.stop(conversation, running.id);
  }
}

function acceptable(raw: string): string {
  const text = cleanText(raw);
  if (text === '') throw new MessageRefused('empty', 'There is nothing in this message to answer.');
  if (text.length > maxMessageChars) {
    const [is, most] = [text.length, maxMessageChars].map((n) => n.toLocaleString('en'));
    throw new MessageRefused(
      'too-long',
      `This message is too long: ${is} characters, where ${most} fit.`,
    );
  }
  return text;
}

function tidyAuthor(author: Message['author']): Message['author'] {
  return author.name === undefined ? author : { id: author.id, name: cleanName(author.name) };
}
