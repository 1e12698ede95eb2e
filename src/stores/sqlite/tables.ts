import { Bookmarks, SqliteSecrets } from './coordination.ts';
import type { Database } from './connection/database.ts';
import { Entries } from './conversations/history.ts';
import { Finishes } from './conversations/turns.ts';
import { Pages, Turns } from './conversations/turn-table.ts';
import { SqliteMeters, SqliteUsage } from './accounting.ts';
import { Participants } from './conversations/participants.ts';
import { Questions } from './conversations/questions.ts';
import { Seen } from './conversations/inbox.ts';

/** What the database holds, each with its own statements. */
export interface Tables {
  readonly bookmarks: Bookmarks;
  readonly entries: Entries;
  readonly finishes: Finishes;
  readonly meters: SqliteMeters;
  readonly pages: Pages;
  readonly participants: Participants;
  readonly questions: Questions;
  readonly secrets: SqliteSecrets;
  readonly seen: Seen;
  readonly turns: Turns;
  readonly usage: SqliteUsage;
}

export function openTables(db: Database): Tables {
  return {
    bookmarks: new Bookmarks(db),
    entries: new Entries(db),
    finishes: new Finishes(db),
    meters: new SqliteMeters(db),
    pages: new Pages(db),
    participants: new Participants(db),
    questions: new Questions(db),
    secrets: new SqliteSecrets(db),
    seen: new Seen(db),
    turns: new Turns(db),
    usage: new SqliteUsage(db),
  };
}
