import type { Outcome } from './turn.ts';

/** One line of a conversation's past. */
export interface Entry {
  /** A message's platform id, or the turn's id for a reply; unique in the conversation. */
  readonly id: string;
  readonly role: 'user' | 'assistant';
  /** The turn it belongs to; absent for context that belongs to none. */
  readonly turn?: string;
  readonly author?: { readonly id: string; readonly name?: string };
  readonly text: string;
  /**
   * The platform's time in milliseconds. A reply has the time of the last message that it
   * answers, so that it stands right behind it, whatever was said while it was written.
   */
  readonly at: number;
  /** Of a reply. */
  readonly outcome?: Outcome;
  /** A reply's closing sentence for people. */
  readonly note?: string;
  /** What it costs the model to read, counted once when it was stored. */
  readonly tokens: number;
}
