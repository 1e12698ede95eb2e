import { forgottenPerson, type UsageBook, type UsageRow } from '../../../core/ports/usage.ts';
import type { Database, Query } from '../connection/database.ts';

type StoredRow = Omit<UsageRow, 'name'> & { readonly name: string | null };

/** Who used what of which model on a day. */
export class SqliteUsage implements UsageBook {
  readonly #db: Database;
  readonly #add: Query<unknown>;
  readonly #read: Query<StoredRow>;
  readonly #move: Query<unknown>;
  readonly #forget: Query<unknown>;
  readonly #deleteOld: Query<unknown>;

  constructor(db: Database) {
    this.#db = db;
    const columns = `day, platform, workspace, person, model,
      questions, answers, inputTokens, outputTokens, countedTokens`;
    const adding = `ON CONFLICT DO UPDATE SET
      questions = questions + excluded.questions,
      answers = answers + excluded.answers,
      inputTokens = inputTokens + excluded.inputTokens,
      outputTokens = outputTokens + excluded.outputTokens,
      countedTokens = countedTokens + excluded.countedTokens,
      name = coalesce(excluded.name, name)`;
    this.#add = db.query(`
      INSERT INTO usage (${columns}, name) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ${adding}`);
    this.#move = db.query(`
      INSERT INTO usage (${columns})
      SELECT day, platform, workspace, ?, model,
        questions, answers, inputTokens, outputTokens, countedTokens
      FROM usage WHERE person = ? ${adding}`);
    this.#read = db.query('SELECT * FROM usage WHERE day >= ?');
    this.#forget = db.query('DELETE FROM usage WHERE person = ?');
    this.#deleteOld = db.query(`
      DELETE FROM usage WHERE (day, platform, workspace, person, model) IN
        (SELECT day, platform, workspace, person, model FROM usage
         WHERE day < strftime('%Y-%m-%d', ? / 1000.0, 'unixepoch') LIMIT ?)`);
  }

  async record(row: UsageRow): Promise<void> {
    const { day, platform, workspace, person, model, name = null } = row;
    const { questions, answers, inputTokens, outputTokens, countedTokens } = row;
    const who = [day, platform, workspace, person, model];
    const what = [questions, answers, inputTokens, outputTokens, countedTokens];
    this.#db.write(() => this.#add.run(...who, ...what, name));
    await this.#db.durable();
  }

  async read(fromDay: string): Promise<UsageRow[]> {
    const rows = this.#db.read(() => this.#read.all(fromDay));
    return rows.map(({ name, ...row }) => ({ ...row, ...(name !== null && { name }) }));
  }

  /** What a person used was nobody's from now on. A step to be committed. */
  forget(platform: string, authorId: string): void {
    const person = `${platform}:${authorId}`;
    this.#move.run(forgottenPerson(platform), person);
    this.#forget.run(person);
  }

  /** Forgets up to `limit` rows of days before that of `time`; returns how many. */
  deleteOld(time: number, limit: number): number {
    return this.#deleteOld.run(time, limit);
  }
}
