/** The turn may be another's before a call would end: it was not made, and can be wanted again. */
export class NotOurs extends Error {
  override readonly name = 'NotOurs';
}
