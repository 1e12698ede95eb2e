import { MessageView } from './message-view.js';
import { ReplyView } from './reply-view.js';

/** The messages and replies of one conversation. */
export class Transcript {
  #log;
  #on;
  /** Entries by id; the server sends each once. */
  #entries = new Map();
  /** By id of the message or the turn: `{ element, view?, reply? }`. */
  #items = new Map();
  #running;

  /** `on.withdraw(id)` withdraws a queued message; `on.askAgain(text)` sends a question again. */
  constructor(log, on) {
    this.#log = log;
    this.#on = on;
  }

  clear() {
    this.#entries.clear();
    this.#items.clear();
    this.#running = undefined;
    this.#log.replaceChildren();
  }

  get isEmpty() {
    return this.#items.size === 0;
  }

  /** The reply in progress. */
  get running() {
    return this.#running && this.#items.get(this.#running.id)?.reply;
  }

  /** The reply of a finished turn. */
  finished(turn) {
    return this.#entries.has(turn) ? this.#items.get(turn)?.reply : undefined;
  }

  show({ ids, entries, running, queued }) {
    for (const entry of entries) this.#entries.set(entry.id, entry);
    this.#running = running;
    const order = [];
    const questions = new RepeatedQuestions(this.#on.askAgain);
    for (const id of ids) {
      const entry = this.#entries.get(id);
      if (entry?.role === 'user') order.push(this.#message(entry, questions, false));
      else if (entry) order.push(this.#finishedReply(entry, questions));
    }
    if (running) {
      for (const message of running.messages) order.push(this.#message(message, questions, false));
      const item = this.#reply(running.id);
      item.reply.showRunning(running);
      order.push(item.element);
      questions.answered();
    }
    for (const message of queued) order.push(this.#message(message, questions, true));
    this.#arrange(order);
  }

  /** True if a reply grew. */
  grow(page, onDrawn) {
    if (this.#running?.id !== page.turn) return false;
    this.running.grow(page, onDrawn);
    return true;
  }

  #finishedReply(entry, questions) {
    const { element, reply } = this.#reply(entry.id);
    reply.showFinished(entry);
    if (entry.outcome === 'failed') questions.failed(reply);
    else questions.answered();
    return element;
  }

  #reply(id) {
    const found = this.#items.get(id);
    if (found) return found;
    const reply = new ReplyView();
    const item = { element: reply.element, reply };
    this.#items.set(id, item);
    return item;
  }

  #message(message, questions, waits) {
    let item = this.#items.get(message.id);
    if (!item) {
      const view = new MessageView(message, () => this.#on.withdraw(message.id));
      item = { element: view.element, view };
      this.#items.set(message.id, item);
    }
    item.view.show({ waits, again: questions.isRepeated(message.text) });
    return item.element;
  }

  /** Moves only elements out of place, so that the text in view does not jump. */
  #arrange(order) {
    const wanted = new Set(order);
    for (const [id, { element }] of this.#items) {
      if (wanted.has(element)) continue;
      element.remove();
      this.#items.delete(id);
    }
    order.forEach((element, place) => {
      const there = this.#log.children[place];
      if (there !== element) this.#log.insertBefore(element, there ?? null);
    });
  }
}

/**
 * Questions of failed answers, gathered while a conversation is drawn in its order. A question that
 * is asked again right after its failed answer is shown once.
 */
class RepeatedQuestions {
  #askAgain;
  #texts = [];
  /** The failed answer directly before the next message: `{ question, reply }`. */
  #failed;

  constructor(askAgain) {
    this.#askAgain = askAgain;
  }

  /** Whether a message repeats the question that the answer right before it failed to answer. */
  isRepeated(text) {
    const repeated = this.#failed?.question === text;
    if (repeated) this.#failed.reply.offerAgain(undefined);
    this.#failed = undefined;
    this.#texts.push(text);
    return repeated;
  }

  answered() {
    this.#texts = [];
    this.#failed = undefined;
  }

  failed(reply) {
    const question = this.#texts.join('\n\n');
    this.#texts = [];
    this.#failed = { question, reply };
    reply.offerAgain(question === '' ? undefined : () => this.#askAgain(question));
  }
}
