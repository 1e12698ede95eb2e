/** How much of a reply's text its live page does not show, and since when. */
export class Unseen {
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
  touched(): Unseen {
    return this.any ? this : new Unseen(true, performance.now(), this.from);
  }

  /** Not all of it is shown after all. */
  still(): Unseen {
    return this.any ? this : new Unseen(true, this.since, this.from);
  }

  /** In UTF-16 units, of a text of `length`. */
  chars(length: number): number {
    return Math.max(0, length - this.from);
  }
}
