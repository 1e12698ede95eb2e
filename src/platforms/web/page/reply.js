import { Blocks } from './blocks.js';
import { copyButton } from './copy.js';
import { spoken } from './speakable-text.js';

const outcomes = { stopped: 'Stopped', failed: 'Cut short' };

/** One reply: pages that grow, and what is going on. */
export class Reply {
  element = document.createElement('article');
  #body = document.createElement('div');
  #working = document.createElement('p');
  #foot = document.createElement('footer');
  #again;
  /** By key: `{ element, blocks }`. */
  #pages = new Map();
  #finished = false;

  constructor() {
    const heading = document.createElement('h2');
    heading.className = 'sr-only';
    heading.textContent = 'Parley';
    this.element.className = 'reply';
    this.#body.className = 'prose';
    this.#working.className = 'working';
    this.element.append(heading, this.#body, this.#working);
  }

  /** The answer as it is read aloud, with what is said below it. */
  get spoken() {
    const note = this.#foot.querySelector('.note')?.textContent ?? '';
    return `${spoken(this.#body).trim()}\n${note}`.trim();
  }

  get hasText() {
    return [...this.#pages.values()].some(({ blocks }) => blocks.text.trim() !== '');
  }

  /** `{ pages: [{ key, text }], working, stopping }` */
  showRunning({ pages, working, stopping }) {
    this.#setPages(pages, true);
    this.#showWorking(stopping ? { phase: 'stopping' } : working);
  }

  /** `{ key, keep, text }`: the page keeps so many characters and goes on with the text. */
  grow({ key, keep, text }, onDrawn) {
    const page = this.#page(key);
    page.blocks.update(page.blocks.text.slice(0, keep) + text, onDrawn);
    if (this.element.dataset.phase === 'thinking' && this.hasText) this.#phase('writing', '');
  }

  /** `{ text, outcome, note }`; shows the text as one, in the page that is there. */
  showFinished({ text, outcome, note }) {
    if (this.#finished) return;
    this.#finished = true;
    const [key = 'whole'] = this.#pages.keys();
    this.#setPages([{ key, text }], false);
    this.#phase(outcome ?? 'done', '');
    this.#working.remove();
    this.#foot.replaceChildren();
    if (note) {
      const line = document.createElement('p');
      line.className = 'note';
      line.textContent = note;
      this.#foot.append(line);
    } else if (outcomes[outcome]) {
      const line = document.createElement('p');
      line.className = 'note';
      line.textContent = outcomes[outcome];
      this.#foot.append(line);
    }
    if (text.trim() !== '') this.#foot.append(copyButton('Copy answer', () => text));
    this.element.append(this.#foot);
  }

  /** Offers to ask the question anew, or, with undefined, no longer. */
  offerAgain(ask) {
    if (!ask) {
      this.#again?.remove();
      this.#again = undefined;
      return;
    }
    if (this.#again) return;
    this.#again = document.createElement('button');
    this.#again.type = 'button';
    this.#again.className = 'again';
    this.#again.textContent = 'Try again';
    this.#again.addEventListener('click', ask);
    const note = this.#foot.querySelector('.note');
    if (note) note.after(this.#again);
    else this.#foot.prepend(this.#again);
  }

  #setPages(pages, grow) {
    const keys = new Set(pages.map(({ key }) => key));
    for (const [key, { element }] of this.#pages) {
      if (keys.has(key)) continue;
      element.remove();
      this.#pages.delete(key);
    }
    for (const [place, { key, text }] of pages.entries()) {
      const page = this.#page(key);
      if (this.#body.children[place] !== page.element) {
        this.#body.insertBefore(page.element, this.#body.children[place] ?? null);
      }
      page.blocks.set(text, grow);
    }
  }

  #page(key) {
    const found = this.#pages.get(key);
    if (found) return found;
    const element = document.createElement('div');
    element.className = 'page';
    this.#body.append(element);
    const page = { element, blocks: new Blocks(element) };
    this.#pages.set(key, page);
    return page;
  }

  #showWorking(working) {
    const phase = working?.phase ?? 'thinking';
    if (phase === 'stopping') return this.#phase('stopping', 'Stopping…');
    if (phase === 'waiting') return this.#phase('waiting', waitingLine(working.ahead));
    if (this.hasText) return this.#phase('writing', '');
    this.#phase('thinking', 'Thinking…');
  }

  #phase(phase, line) {
    this.element.dataset.phase = phase;
    this.#working.textContent = line;
  }
}

function waitingLine(ahead) {
  return ahead > 0
    ? `Waiting for the model: ${ahead} ahead of you`
    : 'Waiting for the model: you are next';
}
