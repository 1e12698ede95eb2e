/** For longer than it takes to look for what was lost, in milliseconds. */
const rememberMs = 10 * 60_000;

interface Note {
  readonly turn: string;
  readonly at: number;
}

/** The messages that replies of this process lately stood in; those that are over, too. */
export class RecentReplyMessages {
  /** By channel and `ts`; the one that was noted first stands first. */
  readonly #notes = new Map<string, Note>();

  /** The turn's reply stands in this message. */
  note(channel: string, ts: string, turn: string): void {
    this.#forget();
    const id = `${channel} ${ts}`;
    this.#notes.delete(id);
    this.#notes.set(id, { turn, at: performance.now() });
  }

  /** Whether another turn's reply stands in this message. */
  ofAnother(channel: string, ts: string, turn: string): boolean {
    const note = this.#notes.get(`${channel} ${ts}`);
    return note !== undefined && note.turn !== turn;
  }

  #forget(): void {
    const before = performance.now() - rememberMs;
    for (const [id, { at }] of this.#notes) {
      if (at > before) return;
      this.#notes.delete(id);
    }
  }
}
