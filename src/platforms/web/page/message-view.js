import { copyButton } from './copy-button.js';
import { timeElement } from './time.js';

/** A person's message. */
export class MessageView {
  element = document.createElement('article');
  #body = document.createElement('p');
  #foot = document.createElement('footer');
  #text;
  #time;
  #withdraw;
  #state = '';

  /** `withdraw()` withdraws it while it is queued. */
  constructor({ text, at }, withdraw) {
    this.#text = text;
    this.#time = timeElement(at);
    this.#withdraw = withdraw;
    const heading = document.createElement('h2');
    heading.className = 'sr-only';
    heading.textContent = 'You';
    this.element.className = 'message';
    this.#body.className = 'said';
    this.#body.textContent = text;
    this.element.append(heading, this.#body, this.#foot);
  }

  /** `waits`: it is queued behind the reply in progress; `again`: it repeats the last question. */
  show({ waits, again }) {
    // An unchanged footer keeps the focus.
    const state = `${waits} ${again}`;
    if (state === this.#state) return;
    this.#state = state;
    this.element.classList.toggle('waits', waits);
    this.#body.hidden = again;
    const parts = [];
    if (again) parts.push('Asked again');
    if (waits) parts.push('Answered next', this.#withdrawButton());
    if (!waits && !again) parts.push(copyButton('Copy message', () => this.#text, 'Copy'));
    this.#foot.replaceChildren(...parts.map(inSpan), this.#time);
  }

  #withdrawButton() {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'quiet';
    button.textContent = 'Take back';
    button.addEventListener('click', this.#withdraw);
    return button;
  }
}

function inSpan(part) {
  if (typeof part !== 'string') return part;
  const span = document.createElement('span');
  span.textContent = part;
  return span;
}
