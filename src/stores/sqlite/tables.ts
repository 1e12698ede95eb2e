import { Bookmarks } from './bookmarks.ts';
import type { Database } from './database.ts';
import { Entries } from './entries.ts';
import { Finishes } from './finishes.ts';
import { Pages } from './pages.ts';
import { SqliteMeters } from './quotas.ts';
import { SqliteUsage } from './usage.ts';
import { Participants } from './participants.ts';
import { SqliteSecrets } from './secrets.ts';
import { Questions } from './questions.ts';
import { Seen } from './seen.ts';
import { Turns } from './turns.ts';

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
