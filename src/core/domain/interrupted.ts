/**
 * Why a turn's work ends before its time, as the reason of an abort:
 * - `stop`: a person asked for it; the turn ends as stopped.
 * - `hand-over`: this process is going; the next owner goes on with the turn.
 * - `lost`: another owner has the turn already; nothing more may be written.
 * - `timeout`: the turn took longer than a turn may take; it ends as failed.
 */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  readonly why: 'stop' | 'hand-over' | 'lost' | 'timeout';
  constructor(why: 'stop' | 'hand-over' | 'lost' | 'timeout') {
    super(`interrupted: ${why}`);
    this.why = why;
  }
}
