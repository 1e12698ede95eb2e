import { uuid } from './api-client.js';

/** Pause in the typing before a draft is saved, in ms; leaving the page saves it at once. */
const saveDelayMs = 300;
/** Characters that size the box: more than fit at its greatest height, to save layout. */
const maxGrowthChars = 4_000;

/** The message box. `send(conversation, { id, text })` resolves once the message is accepted. */
export class Composer {
  #form;
  #box;
  #text;
  #button;
  #problem;
  #drafts;
  #send;
  #conversation;
  #saveTimer;
  /** The draft as last saved or read. */
  #savedText = '';
  /** The message on its way, if any. */
  #sending;
  /** By conversation: a second attempt sends the same id, so that the server drops a duplicate. */
  #unconfirmed = new Map();

  constructor({ form, box, text, button, problem }, drafts, send) {
    this.#form = form;
    this.#box = box;
    this.#text = text;
    this.#button = button;
    this.#problem = problem;
    this.#drafts = drafts;
    this.#send = send;
    text.addEventListener('input', () => {
      this.#updateBox();
      clearTimeout(this.#saveTimer);
      this.#saveTimer = setTimeout(() => this.#saveDraft(), saveDelayMs);
    });
    text.addEventListener('keydown', (event) => this.#onKey(event));
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.send(this.#text.value);
    });
    addEventListener('pagehide', () => this.#saveDraft());
    this.#updateBox();
  }

  /** Switches to a conversation, and saves the draft of the one before. */
  open(conversation) {
    this.#saveDraft();
    // Text typed before the first conversation is known belongs to that one.
    const early = this.#conversation === undefined ? this.#text.value : '';
    this.#conversation = conversation;
    this.#setSending(undefined);
    this.#savedText = this.#drafts.get(conversation);
    this.#setText(early || this.#savedText);
    this.showProblem('');
  }

  /** Another tab changed or sent the draft. */
  syncDraft() {
    if (this.#sending || this.#text.value !== this.#savedText) return;
    this.#savedText = this.#drafts.get(this.#conversation);
    if (this.#savedText !== this.#text.value) this.#setText(this.#savedText);
  }

  focus() {
    this.#text.focus();
  }

  /** Shows why something failed; an empty text clears it. */
  showProblem(sentence) {
    this.#problem.textContent = sentence;
  }

  /** Sends a text: the box's own, or a button's, which leaves the box as it is. */
  async send(text) {
    if (this.#sending || text.trim() === '') return;
    const conversation = this.#conversation;
    if (conversation === undefined) {
      this.showProblem('Not sent. Parley has not answered yet.');
      return;
    }
    const waiting = this.#unconfirmed.get(conversation);
    const message = waiting?.text === text ? waiting : { id: uuid(), text };
    this.#unconfirmed.set(conversation, message);
    this.#saveDraft();
    this.#setSending(message);
    try {
      await this.#send(conversation, message);
      this.#unconfirmed.delete(conversation);
      if (this.#drafts.get(conversation) === text) this.#drafts.save(conversation, '');
      if (this.#conversation === conversation) this.#onSent(text);
    } catch (error) {
      if (this.#conversation === conversation) this.showProblem(`Not sent. ${error.message}`);
    }
    if (this.#sending === message) this.#setSending(undefined);
  }

  #onSent(text) {
    this.showProblem('');
    if (this.#text.value !== text) return;
    this.#setText('');
    this.#saveDraft();
  }

  #onKey(event) {
    // While an input method composes a word, Enter belongs to it (key code 229 in older ones).
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

  #setText(text) {
    this.#text.value = text;
    this.#updateBox();
  }

  #saveDraft() {
    clearTimeout(this.#saveTimer);
    if (this.#conversation === undefined) return;
    const text = this.#text.value;
    if (text === this.#savedText) return;
    this.#savedText = text;
    this.#drafts.save(this.#conversation, text);
  }

  #updateBox() {
    const text = this.#text.value;
    this.#button.ariaDisabled = String(text.trim() === '');
    // The style sheet lets the box grow with it, up to an end.
    this.#box.dataset.text = text.slice(0, maxGrowthChars);
  }
}
