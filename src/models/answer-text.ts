import type { TextStreamPart, ToolSet } from 'ai';

/**
 * Picks an answer's text out of a model's stream. Texts of several steps or messages are joined
 * by the SDK without a gap, so they are set apart here; blank text at the start is held back
 * until there is more, because nobody should see, or keep, an answer of blanks.
 */
export class Prose {
  /** There is text that people can see. */
  written = false;
  #held = '';
  #step = 0;
  #message = '';
  #passage = '';

  /** The text to show for a part; mostly that of a text part, else none. */
  read(part: TextStreamPart<ToolSet>): string {
    if (part.type === 'finish-step') this.#step += 1;
    if (part.type === 'text-start') {
      // Only the Responses API has several messages in an answer, and names them. Elsewhere a
      // text may be interrupted by reasoning in the middle of a word, which is no paragraph.
      const itemId = part.providerMetadata?.openai?.itemId;
      this.#message = typeof itemId === 'string' ? itemId : '';
    }
    if (part.type !== 'text-delta') return '';
    const text = this.#gap() + this.#held + part.text;
    this.#held = '';
    if (!this.written && text.trim() === '') {
      this.#held = text;
      return '';
    }
    this.written = true;
    return text;
  }

  /** A paragraph break, if the text that comes is of another step or message than the last. */
  #gap(): string {
    const passage = `${this.#step}/${this.#message}`;
    const gap = this.written && passage !== this.#passage ? '\n\n' : '';
    this.#passage = passage;
    return gap;
  }
}
