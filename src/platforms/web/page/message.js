import { copyButton } from './copy.js';
import { timeElement } from './time.js';

/** One message of a person. */
export class MessageView {
  element = document.createElement('article');
  #said = document.createElement('p');
  #foot = document.createElement('footer');
  #text;
  #time;
  #withdraw;
  #shown = '';

  /** `withdraw()` takes it back while it waits. */
  constructor({ text, at }, withdraw) {
    this.#text = text;
    this.#time = timeElement(at);
    this.#withdraw = withdraw;
    const heading = document.createElement('h2');
    heading.className = 'sr-only';
    heading.textContent = 'You';
    this.element.className = 'message';
    this.#said.className = 'said';
    this.#said.textContent = text;
    this.element.append(heading, this.#said, this.#foot);
  }

  /** `waits`: it is answered after what is being written; `again`: it repeats the question before it. */
  show({ waits, again }) {
    // What did not change keeps the focus.
    const shown = `${waits} ${again}`;
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.element.classList.toggle('waits', waits);
    this.#said.hidden = again;
    const parts = [];
    if (again) parts.push('Asked again');
    if (waits) parts.push('Answered next', this.#takeBack());
    if (!waits && !again) parts.push(copyButton('Copy message', () => this.#text, 'Copy'));
    this.#foot.replaceChildren(...parts.map(inSpan), this.#time);
  }

  #takeBack() {
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
