import type { UsageBook, UsageRow } from '../../core/ports/usage.ts';
import type { Database, Query } from './database.ts';

/** Who used what of which model on a day. */
export class SqliteUsage implements UsageBook {
  readonly #db: Database;
  readonly #add: Query<unknown>;
  readonly #read: Query<UsageRow>;
  readonly #forget: Query<unknown>;
  readonly #deleteOld: Query<unknown>;

  constructor(db: Database) {
    this.#db = db;
    this.#add = db.query(`
      INSERT INTO usage (day, platform, workspace, person, model,
        questions, answers, inputTokens, outputTokens, countedTokens)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET
        questions = questions + excluded.questions,
        answers = answers + excluded.answers,
        inputTokens = inputTokens + excluded.inputTokens,
        outputTokens = outputTokens + excluded.outputTokens,
        countedTokens = countedTokens + excluded.countedTokens`);
    this.#read = db.query('SELECT * FROM usage WHERE day >= ?');
    this.#forget = db.query('DELETE FROM usage WHERE person = ?');
    this.#deleteOld = db.query(`
      DELETE FROM usage WHERE (day, platform, workspace, person, model) IN
        (SELECT day, platform, workspace, person, model FROM usage
         WHERE day < strftime('%Y-%m-%d', ? / 1000.0, 'unixepoch') LIMIT ?)`);
  }

  async record(row: UsageRow): Promise<void> {
    const { day, platform, workspace, person, model } = row;
    const { questions, answers, inputTokens, outputTokens, countedTokens } = row;
    const who = [day, platform, workspace, person, model];
    const what = [questions, answers, inputTokens, outputTokens, countedTokens];
    this.#db.write(() => this.#add.run(...who, ...what));
    await this.#db.durable();
  }

  async read(fromDay: string): Promise<UsageRow[]> {
    return this.#db.read(() => this.#read.all(fromDay));
  }

  /** A step to be committed. */
  forget(person: string): void {
    this.#forget.run(person);
  }

  /** Forgets up to `limit` rows of days before that of `time`; returns how many. */
  deleteOld(time: number, limit: number): number {
    return this.#deleteOld.run(time, limit);
  }
}
