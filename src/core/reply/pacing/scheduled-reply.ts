import type { Budget } from '../../ports/surface.ts';
import type { Want, Way } from './call-request.ts';

/** One reply, as the pacer sees it. */
export interface Lane {
  /** The call that it wants to make, if any. Cheap: it is asked often and must not render. */
  want(): Want | undefined;
  /**
   * Makes that call, with the newest text at this moment; resolves to false, at once, if there
   * is nothing to call for after all. Deals with its own failures, but for `RateLimited`, which
   * it throws. Must end by itself.
   */
  perform(way: Way): Promise<boolean>;
}

/** A lane's place with the pacer. */
export interface Place {
  /** There may be something to do now. Cheap: called for every delta. */
  changed(): void;
  /** How long it is from one turn of a reply to its next, as things stand, in milliseconds. */
  turnMs(): number;
  /** What it wants is more urgent than what it wanted before. */
  hurry(): void;
  leave(): void;
}

/** The budgets that a lane's final text will spend, and those that it may spend instead. */
export interface Finals {
  readonly own: readonly Budget[];
  readonly instead: readonly Budget[];
  /** It has no choice: what people read now cannot stay, whatever comes. Cheap. */
  readonly owesEdit?: boolean;
}
