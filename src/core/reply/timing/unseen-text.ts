export interface VisibilityOptions {
  /** People see the model's first words. */
  readonly onFirstText?: () => void;
  /** People see text, the oldest of which they could not see for so long, in milliseconds. */
  readonly onText?: (unseenMs: number) => void;
}

/** What people do not see yet of a reply, and who is told when they see it. */
export class Visibility {
  readonly #onFirstText: (() => void) | undefined;
  readonly #onText: ((unseenMs: number) => void) | undefined;
  #unseen = new UnseenText(false, 0, 0);
  /** What is on its way to people, and not seen before it is there. */
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

  /** For how long people have not seen the oldest that they do not see, in milliseconds. */
  get unseenMs(): number {
    const oldest = this.#onItsWay?.any === true ? this.#onItsWay : this.#unseen;
    return oldest.any ? performance.now() - oldest.since : 0;
  }

  /** The longest time for which shown text had been unseen, in milliseconds. */
  get longestMs(): number {
    return this.#longestMs;
  }

  /** There is more. Cheap: called for every delta. */
  textAdded(): void {
    this.#unseen = this.#unseen.textAdded();
  }

  /** Not all of it is shown after all. */
  notAllShown(): void {
    this.#unseen = this.#unseen.notAllShown();
  }

  /** Of a text of `length` all is about to be shown but for `heldBack` at its end, in UTF-16 units. */
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

/** How much of a reply's text its live page does not show, and since when. */
export class UnseenText {
  /** There are words, or a placeholder, that it does not show. */
  readonly any: boolean;
  /** In milliseconds of `performance.now()`. */
  readonly since: number;
  /** Where they begin, in UTF-16 units. */
  readonly from: number;

  constructor(any: boolean, since: number, from: number) {
    this.any = any;
    this.since = since;
    this.from = from;
  }

  /** There is more. Cheap: called for every delta. */
  textAdded(): UnseenText {
    return this.any ? this : new UnseenText(true, performance.now(), this.from);
  }

  /** Not all of it is shown after all. */
  notAllShown(): UnseenText {
    return this.any ? this : new UnseenText(true, this.since, this.from);
  }

  /** In UTF-16 units, of a text of `length`. */
  chars(length: number): number {
    return Math.max(0, length - this.from);
  }
}
