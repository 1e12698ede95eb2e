import { uuid } from './api-client.js';

/** A draft is kept once nothing was typed for so long, and at once when the page is left. */
const keepAfterMs = 300;
/** More than fills the box at its greatest height: what follows is not laid out a second time. */
const maxGrowthChars = 4_000;

/** Where one writes. `send(conversation, { id, text })` resolves once the message is taken in. */
export class Composer {
  #form;
  #box;
  #text;
  #button;
  #problem;
  #drafts;
  #send;
  #conversation;
  #keeping;
  /** What the draft was when it was last kept or read. */
  #kept = '';
  /** What is on its way, if anything. */
  #sending;
  /** By conversation: sent again with the same id, so that an answer that got lost is harmless. */
  #unsent = new Map();

  constructor({ form, box, text, button, problem }, drafts, send) {
    this.#form = form;
    this.#box = box;
    this.#text = text;
    this.#button = button;
    this.#problem = problem;
    this.#drafts = drafts;
    this.#send = send;
    text.addEventListener('input', () => {
      this.#changed();
      clearTimeout(this.#keeping);
      this.#keeping = setTimeout(() => this.#keep(), keepAfterMs);
    });
    text.addEventListener('keydown', (event) => this.#key(event));
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.send(this.#text.value);
    });
    addEventListener('pagehide', () => this.#keep());
    this.#changed();
  }

  /** Goes to a conversation: the draft of the one that is left is kept. */
  open(conversation) {
    this.#keep();
    // What is typed before the page knows which conversation it shows belongs to that one.
    const early = this.#conversation === undefined ? this.#text.value : '';
    this.#conversation = conversation;
    this.#setSending(undefined);
    this.#kept = this.#drafts.of(conversation);
    this.#show(early || this.#kept);
    this.complain('');
  }

  /** Another tab wrote, or sent, what stands here. */
  follow() {
    if (this.#sending || this.#text.value !== this.#kept) return;
    this.#kept = this.#drafts.of(this.#conversation);
    if (this.#kept !== this.#text.value) this.#show(this.#kept);
  }

  focus() {
    this.#text.focus();
  }

  /** Says why something did not work; nothing for all is well. */
  complain(sentence) {
    this.#problem.textContent = sentence;
  }

  /** Sends what is written, or what a button asks; what else is written stays. */
  async send(text) {
    if (this.#sending || text.trim() === '') return;
    const conversation = this.#conversation;
    if (conversation === undefined) {
      this.complain('Not sent. Parley has not answered yet.');
      return;
    }
    const waiting = this.#unsent.get(conversation);
    const message = waiting?.text === text ? waiting : { id: uuid(), text };
    this.#unsent.set(conversation, message);
    this.#keep();
    this.#setSending(message);
    try {
      await this.#send(conversation, message);
      this.#unsent.delete(conversation);
      if (this.#drafts.of(conversation) === text) this.#drafts.keep(conversation, '');
      if (this.#conversation === conversation) this.#sent(text);
    } catch (error) {
      if (this.#conversation === conversation) this.complain(`Not sent. ${error.message}`);
    }
    if (this.#sending === message) this.#setSending(undefined);
  }

  #sent(text) {
    this.complain('');
    if (this.#text.value !== text) return;
    this.#show('');
    this.#keep();
  }

  #key(event) {
    // While an input method composes a word, Enter belongs to it; 229 is how older ones say so.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229)
      return;
    event.preventDefault();
    this.#form.requestSubmit();
  }

  #setSending(message) {
    this.#sending = message;
    this.#text.readOnly = message !== undefined;
    this.#form.ariaBusy = String(message !== undefined);
  }

  #show(text) {
    this.#text.value = text;
    this.#changed();
  }

  #keep() {
    clearTimeout(this.#keeping);
    if (this.#conversation === undefined) return;
    const text = this.#text.value;
    if (text === this.#kept) return;
    this.#kept = text;
    this.#drafts.keep(this.#conversation, text);
  }

  #changed() {
    const text = this.#text.value;
    this.#button.ariaDisabled = String(text.trim() === '');
    // The style sheet lets the box grow with it, up to an end.
    this.#box.dataset.text = text.slice(0, maxGrowthChars);
  }
}
