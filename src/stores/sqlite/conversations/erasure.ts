import type { ConversationId } from '../../../core/domain/conversation.ts';
import type { Forgotten } from '../../../core/ports/store.ts';
import type { Database, Query } from '../connection/database.ts';

/** Where messages and replies are. */
const said = ['entry', 'question'];
/** What else is known of a conversation. */
const noted = ['turn', 'page', 'finish', 'participant', 'seen'];

/** How people take back what they said. Each method is a step to be committed. */
export class Forgetting {
  readonly #said: Query<unknown>[];
  readonly #noted: Query<unknown>[];
  readonly #written: Query<unknown>[];
  readonly #beingAnswered: Query<{ count: number }>;
  readonly #keepOpened: Query<unknown>;
  readonly #takePart: Query<unknown>;

  constructor(db: Database) {
    const deleteOf = (table: string) => db.query(`DELETE FROM ${table} WHERE conversation = ?`);
    this.#said = said.map(deleteOf);
    this.#noted = noted.map(deleteOf);

    const there = `conversation GLOB ? || ':*'`;
    this.#written = [
      db.query(`DELETE FROM entry WHERE authorId = ? AND ${there}`),
      db.query(`DELETE FROM question WHERE authorId = ? AND ${there} AND turn IS NULL`),
    ];
    this.#beingAnswered = db.query(`
      SELECT count(*) AS count FROM question
      WHERE authorId = ? AND ${there} AND turn IS NOT NULL`);
    // That a conversation began with a question to the bot is true for the others in it, too.
    this.#keepOpened = db.query(`
      UPDATE participant SET opened = 1 WHERE conversation IN
        (SELECT conversation FROM participant WHERE person = ? AND ${there} AND opened = 1)`);
    this.#takePart = db.query(`DELETE FROM participant WHERE person = ? AND ${there}`);
  }

  /** Returns how many messages and replies went. */
  conversation(conversation: ConversationId): number {
    for (const query of this.#noted) query.run(conversation);
    return sum(this.#said.map((query) => query.run(conversation)));
  }

  /** Ids stay for their time: they keep deliveries from repeating. */
  person(platform: string, authorId: string): Forgotten {
    this.#keepOpened.run(authorId, platform);
    this.#takePart.run(authorId, platform);
    return {
      gone: sum(this.#written.map((query) => query.run(authorId, platform))),
      left: this.#beingAnswered.get(authorId, platform)?.count ?? 0,
    };
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
