import type { ConversationId } from '../../../core/domain/conversation.ts';
import type { PageRecord } from '../../../core/domain/turn.ts';
import type { Database, Query } from '../connection/database.ts';

interface PageRow {
  readonly number: number;
  readonly key: string;
  readonly id: string | null;
  readonly source: string;
}

/** The pages of running replies; a conversation has one running reply at most. */
export class Pages {
  readonly #put: Query<unknown>;
  readonly #find: Query<Pick<PageRow, 'key' | 'id'>>;
  readonly #all: Query<PageRow>;
  readonly #drop: Query<unknown>;
  readonly #dropAll: Query<unknown>;

  constructor(db: Database) {
    this.#put = db.query(`
      INSERT INTO page (conversation, number, key, id, source) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET key = excluded.key, id = excluded.id, source = excluded.source`);
    this.#find = db.query('SELECT key, id FROM page WHERE conversation = ? AND number = ?');
    this.#all = db.query(
      'SELECT number, key, id, source FROM page WHERE conversation = ? ORDER BY number',
    );
    this.#drop = db.query('DELETE FROM page WHERE conversation = ? AND number = ?');
    this.#dropAll = db.query('DELETE FROM page WHERE conversation = ?');
  }

  /** False if only its text is new: where the page stands was known already. */
  put(conversation: ConversationId, page: PageRecord): boolean {
    const id = page.id ?? null;
    const known = this.#find.get(conversation, page.index);
    this.#put.run(conversation, page.index, page.key, id, page.source);
    return known?.key !== page.key || known.id !== id;
  }

  of(conversation: ConversationId): PageRecord[] {
    return this.#all.all(conversation).map(toPage);
  }

  drop(conversation: ConversationId, index: number): void {
    this.#drop.run(conversation, index);
  }

  dropAll(conversation: ConversationId): void {
    this.#dropAll.run(conversation);
  }
}

function toPage({ number: index, key, id, source }: PageRow): PageRecord {
  return id === null ? { index, key, source } : { index, key, id, source };
}
