/** A page that does not read as it should, and what to do about it. */
export interface Step {
  readonly kind: 'post' | 'edit' | 'remove';
  /** The page's place in its reply, from 0. */
  readonly index: number;
  /** Its text will not change any more. */
  readonly final: boolean;
}
