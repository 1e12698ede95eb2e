import { MessageView } from './message.js';
import { Reply } from './reply.js';

/** Everything that was said, and is being said, in one conversation. */
export class Transcript {
  #log;
  #on;
  /** Entries by id, as the server sent them: each comes once. */
  #entries = new Map();
  /** By id of a message or a turn: `{ element, view? , reply? }`. */
  #items = new Map();
  #running;

  /** `on.withdraw(id)` takes back a message that waits; `on.askAgain(text)` asks a question anew. */
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

  /** The reply that is being written. */
  get running() {
    return this.#running && this.#items.get(this.#running.id)?.reply;
  }

  /** A finished reply, if this turn is over. */
  finished(turn) {
    return this.#entries.has(turn) ? this.#items.get(turn)?.reply : undefined;
  }

  show({ ids, entries, running, queued }) {
    for (const entry of entries) this.#entries.set(entry.id, entry);
    this.#running = running;
    const order = [];
    const asked = new Asked(this.#on.askAgain);
    for (const id of ids) {
      const entry = this.#entries.get(id);
      if (entry?.role === 'user') order.push(this.#message(entry, asked, false));
      else if (entry) order.push(this.#past(entry, asked));
    }
    if (running) {
      for (const message of running.messages) order.push(this.#message(message, asked, false));
      const item = this.#reply(running.id);
      item.reply.showRunning(running);
      order.push(item.element);
      asked.isAnswered();
    }
    for (const message of queued) order.push(this.#message(message, asked, true));
    this.#arrange(order);
  }

  /** True if a reply grew. */
  grow(page, onDrawn) {
    if (this.#running?.id !== page.turn) return false;
    this.running.grow(page, onDrawn);
    return true;
  }

  #past(entry, asked) {
    const { element, reply } = this.#reply(entry.id);
    reply.showFinished(entry);
    if (entry.outcome === 'failed') asked.failed(reply);
    else asked.isAnswered();
    return element;
  }

  #reply(id) {
    const found = this.#items.get(id);
    if (found) return found;
    const reply = new Reply();
    const item = { element: reply.element, reply };
    this.#items.set(id, item);
    return item;
  }

  #message(message, asked, waits) {
    let item = this.#items.get(message.id);
    if (!item) {
      const view = new MessageView(message, () => this.#on.withdraw(message.id));
      item = { element: view.element, view };
      this.#items.set(message.id, item);
    }
    item.view.show({ waits, again: asked.isAgain(message.text) });
    return item.element;
  }

  /** Moves only what is not in its place: what one reads must not jump. */
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
 * Goes through a conversation and knows the question of each failed answer. Whoever asks it again
 * right behind that answer is not shown twice with it.
 */
class Asked {
  #askAgain;
  #texts = [];
  /** The failed answer that nothing stands behind yet: `{ question, reply }`. */
  #failed;

  constructor(askAgain) {
    this.#askAgain = askAgain;
  }

  /** Whether a message asks what the answer right before it failed to answer. */
  isAgain(text) {
    const again = this.#failed?.question === text;
    if (again) this.#failed.reply.offerAgain(undefined);
    this.#failed = undefined;
    this.#texts.push(text);
    return again;
  }

  isAnswered() {
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
