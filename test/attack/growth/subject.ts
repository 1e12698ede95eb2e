/** A function that is handed what strangers wrote. */
export interface Subject {
  readonly name: string;
  readonly run: (text: string) => unknown;
  /** The longest text that it is ever handed, in UTF-16 units, where that is bounded before; with why. */
  readonly bound?: { readonly chars: number; readonly why: string };
  /** A shorter text does not fill the first page or two, and says nothing of more of them. */
  readonly leastChars?: number;
  /** What stands before and behind the repeated text, where that decides what is looked at. */
  readonly frames?: readonly (readonly [before: string, behind: string])[];
}

/** The bound of what sees no more than one answer. */
export const answer = { chars: 50_000, why: 'MAX_REPLY_CHARS ends an answer there' };
