import { uuid } from './server.js';

/** Where one writes. `send({ id, text })` resolves once the message is taken in. */
export class Composer {
  #form;
  #text;
  #button;
  #problem;
  #send;
  #sending = false;
  /** Sent again with the same id while the text is the same, so that a lost answer is harmless. */
  #unsent;

  constructor({ form, text, button, problem }, send) {
    this.#form = form;
    this.#text = text;
    this.#button = button;
    this.#problem = problem;
    this.#send = send;
    text.addEventListener('input', () => this.#changed());
    text.addEventListener('keydown', (event) => this.#key(event));
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#submit();
    });
    this.#changed();
  }

  focus() {
    this.#text.focus();
  }

  fill(text) {
    this.#text.value = text;
    this.#changed();
    this.focus();
  }

  /** Says why something did not work; nothing for all is well. */
  complain(sentence) {
    this.#problem.textContent = sentence;
  }

  #key(event) {
    // While an input method composes a word, Enter belongs to it; 229 is how older ones say so.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229)
      return;
    event.preventDefault();
    this.#form.requestSubmit();
  }

  async #submit() {
    const text = this.#text.value;
    if (this.#sending || text.trim() === '') return;
    if (this.#unsent?.text !== text) this.#unsent = { id: uuid(), text };
    this.#setSending(true);
    try {
      await this.#send(this.#unsent);
      this.#unsent = undefined;
      this.#text.value = '';
      this.complain('');
    } catch (error) {
      this.complain(`Not sent. ${error.message}`);
    }
    this.#setSending(false);
    this.#changed();
  }

  #setSending(sending) {
    this.#sending = sending;
    this.#text.readOnly = sending;
    this.#form.ariaBusy = String(sending);
  }

  #changed() {
    this.#button.ariaDisabled = String(this.#text.value.trim() === '');
    // Grows with what is written; the style sheet sets the end.
    this.#text.style.height = 'auto';
    this.#text.style.height = `${this.#text.scrollHeight}px`;
  }
}
