import { Reply } from './reply.js';

/** Everything that was said, and is being said, in one conversation. */
export class Transcript {
  #log;
  #withdraw;
  /** Entries by id, as the server sent them: each comes once. */
  #entries = new Map();
  /** By id of a message or a turn: `{ element, reply? }`. */
  #items = new Map();
  #running;

  /** `withdraw(id)` takes back a message that waits. */
  constructor(log, withdraw) {
    this.#log = log;
    this.#withdraw = withdraw;
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

  /** The first thing that a person said here. */
  get firstText() {
    const entries = [...this.#entries.values()];
    return (entries.find(({ role }) => role === 'user') ?? this.#running?.messages[0])?.text;
  }

  /** A finished reply, if this turn is over. */
  finished(turn) {
    return this.#entries.has(turn) ? this.#items.get(turn)?.reply : undefined;
  }

  show({ ids, entries, running, queued }) {
    for (const entry of entries) this.#entries.set(entry.id, entry);
    this.#running = running;
    const order = [];
    for (const id of ids) {
      const entry = this.#entries.get(id);
      if (entry)
        order.push(entry.role === 'user' ? this.#message(entry, false) : this.#past(entry));
    }
    if (running) {
      for (const message of running.messages) order.push(this.#message(message, false));
      const item = this.#reply(running.id);
      item.reply.showRunning(running);
      order.push(item.element);
    }
    for (const message of queued) order.push(this.#message(message, true));
    this.#arrange(order);
  }

  /** True if a reply grew. */
  grow(page, onDrawn) {
    if (this.#running?.id !== page.turn) return false;
    this.running.grow(page, onDrawn);
    return true;
  }

  #past(entry) {
    const { element, reply } = this.#reply(entry.id);
    reply.showFinished(entry);
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

  #message({ id, text }, waits) {
    let item = this.#items.get(id);
    if (!item) {
      item = { element: messageElement() };
      this.#items.set(id, item);
    }
    item.element.querySelector('.said').textContent = text;
    item.element.classList.toggle('waits', waits);
    const mark = item.element.querySelector('.mark');
    if (waits && !mark) item.element.append(this.#mark(id));
    if (!waits) mark?.remove();
    return item.element;
  }

  #mark(id) {
    const mark = document.createElement('p');
    mark.className = 'mark';
    const remove = document.createElement('button');
    remove.type = 'button';
    remove.className = 'quiet';
    remove.textContent = 'Take back';
    remove.addEventListener('click', () => this.#withdraw(id));
    mark.append('Answered next · ', remove);
    return mark;
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

function messageElement() {
  const element = document.createElement('article');
  element.className = 'message';
  const heading = document.createElement('h2');
  heading.className = 'sr-only';
  heading.textContent = 'You';
  const said = document.createElement('p');
  said.className = 'said';
  element.append(heading, said);
  return element;
}
