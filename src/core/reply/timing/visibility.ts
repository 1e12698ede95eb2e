export interface VisibilityOptions {
  /** People see the model's first words. */
  readonly onFirstText?: () => void;
  /** People see text; `unseenMs`: time for which the oldest of it was unseen, in milliseconds. */
  readonly onText?: (unseenMs: number) => void;
}

/** The text of a reply that people do not see yet, and the callbacks for when they see it. */
export class Visibility {
  readonly #onFirstText: (() => void) | undefined;
  readonly #onText: ((unseenMs: number) => void) | undefined;
  #unseen = new UnseenText(false, 0, 0);
  /** Text in a call that is in flight: unseen until the call has ended. */
  #onItsWay: UnseenText | undefined;
  #textShown = false;
  #longestMs = 0;

  constructor({ onFirstText, onText }: VisibilityOptions) {
    this.#onFirstText = onFirstText;
    this.#onText = onText;
  }

  get unseen(): UnseenText {
    return this.#unseen;
  }

  /** Time for which the oldest unseen text has been unseen, in milliseconds. */
  get unseenMs(): number {
    const oldest = this.#onItsWay?.any === true ? this.#onItsWay : this.#unseen;
    return oldest.any ? performance.now() - oldest.since : 0;
  }

  /** The longest time for which shown text had been unseen, in milliseconds. */
  get longestMs(): number {
    return this.#longestMs;
  }

  /** Text was added. Cheap: called for every delta. */
  textAdded(): void {
    this.#unseen = this.#unseen.textAdded();
  }

  /** Not all of the text is shown after all. */
  notAllShown(): void {
    this.#unseen = this.#unseen.notAllShown();
  }

  /** A text of `length` is about to be shown, but for `heldBack` at its end, in UTF-16 units. */
  showing(length: number, heldBack: number): void {
    this.#unseen = new UnseenText(heldBack > 0, performance.now(), length - heldBack);
  }

  /** Makes the call that shows what was unseen `before`. Throws what the call throws. */
  async whileShowing(
    before: UnseenText,
    options: { hasText: boolean },
    call: () => Promise<void>,
  ): Promise<void> {
    this.#onItsWay = before;
    try {
      await call();
    } catch (error) {
      this.#unseen = before.notAllShown();
      throw error;
    } finally {
      this.#onItsWay = undefined;
    }
    if (!options.hasText) return;
    if (before.any) {
      const unseenMs = performance.now() - before.since;
      this.#longestMs = Math.max(this.#longestMs, unseenMs);
      this.#onText?.(unseenMs);
    }
    if (this.#textShown) return;
    this.#textShown = true;
    this.#onFirstText?.();
  }
}

/** The part of a reply's text that its live page does not show. */
export class UnseenText {
  /** There is text, or a placeholder, that the page does not show. */
  readonly any: boolean;
  /** Time since which it is unseen, in milliseconds of `performance.now()`. */
  readonly since: number;
  /** Where it begins in the reply's text, in UTF-16 units. */
  readonly from: number;

  constructor(any: boolean, since: number, from: number) {
    this.any = any;
    this.since = since;
    this.from = from;
  }

  /** Text was added. Cheap: called for every delta. */
  textAdded(): UnseenText {
    return this.any ? this : new UnseenText(true, performance.now(), this.from);
  }

  /** Not all of the text is shown after all. */
  notAllShown(): UnseenText {
    return this.any ? this : new UnseenText(true, this.since, this.from);
  }

  /** In UTF-16 units, of a text of `length`. */
  chars(length: number): number {
    return Math.max(0, length - this.from);
  }
}
