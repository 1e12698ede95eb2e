import { MarkdownView } from './markdown-view.js';
import { copyButton } from './copy-button.js';
import { speakableText } from './speakable-text.js';

const outcomes = { stopped: 'Stopped', failed: 'Cut short' };

/** One reply: its pages, its state, and its footer. */
export class ReplyView {
  element = document.createElement('article');
  #body = document.createElement('div');
  #working = document.createElement('p');
  #foot = document.createElement('footer');
  #retryButton;
  /** By key: `{ element, markdown }`. */
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

  /** The answer as it is read aloud, with the note below it. */
  get spokenText() {
    const note = this.#foot.querySelector('.note')?.textContent ?? '';
    return `${speakableText(this.#body).trim()}\n${note}`.trim();
  }

  get hasText() {
    return [...this.#pages.values()].some(({ markdown }) => markdown.text.trim() !== '');
  }

  /** `{ pages: [{ key, text }], working, stopping }` */
  showRunning({ pages, working, stopping }) {
    this.#setPages(pages, true);
    this.#showWorking(stopping ? { phase: 'stopping' } : working);
  }

  /** `{ key, keep, text }`: the page keeps its first `keep` characters, followed by the text. */
  grow({ key, keep, text }, onDrawn) {
    const page = this.#page(key);
    page.markdown.update(page.markdown.text.slice(0, keep) + text, onDrawn);
    if (this.element.dataset.phase === 'thinking' && this.hasText) this.#setPhase('writing', '');
  }

  /** `{ text, outcome, note }`; the whole text becomes one page. */
  showFinished({ text, outcome, note }) {
    if (this.#finished) return;
    this.#finished = true;
    const [key = 'whole'] = this.#pages.keys();
    this.#setPages([{ key, text }], false);
    this.#setPhase(outcome ?? 'done', '');
    this.#working.remove();
    this.#foot.replaceChildren();
    if (note || outcomes[outcome]) {
      const line = document.createElement('p');
      line.className = 'note';
      line.textContent = note || outcomes[outcome];
      this.#foot.append(line);
    }
    if (text.trim() !== '') this.#foot.append(copyButton('Copy answer', () => text));
    this.element.append(this.#foot);
  }

  /** Shows "Try again"; with undefined it goes. */
  offerAgain(ask) {
    if (!ask) {
      this.#retryButton?.remove();
      this.#retryButton = undefined;
      return;
    }
    if (this.#retryButton) return;
    this.#retryButton = document.createElement('button');
    this.#retryButton.type = 'button';
    this.#retryButton.className = 'again';
    this.#retryButton.textContent = 'Try again';
    this.#retryButton.addEventListener('click', ask);
    const note = this.#foot.querySelector('.note');
    if (note) note.after(this.#retryButton);
    else this.#foot.prepend(this.#retryButton);
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
      page.markdown.set(text, grow);
    }
  }

  #page(key) {
    const found = this.#pages.get(key);
    if (found) return found;
    const element = document.createElement('div');
    element.className = 'page';
    this.#body.append(element);
    const page = { element, markdown: new MarkdownView(element) };
    this.#pages.set(key, page);
    return page;
  }

  #showWorking(working) {
    const phase = working?.phase ?? 'thinking';
    if (phase === 'stopping') return this.#setPhase('stopping', 'Stopping…');
    if (phase === 'waiting') return this.#setPhase('waiting', waitingText(working.ahead));
    if (this.hasText) return this.#setPhase('writing', '');
    this.#setPhase('thinking', 'Thinking…');
  }

  #setPhase(phase, line) {
    this.element.dataset.phase = phase;
    this.#working.textContent = line;
  }
}

function waitingText(ahead) {
  return ahead > 0
    ? `Waiting for the model: ${ahead} ahead of you`
    : 'Waiting for the model: you are next';
}
