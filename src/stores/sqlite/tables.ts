import { ReadPositions, SqliteSecrets } from './coordination.ts';
import type { Database } from './connection/database.ts';
import { HistoryTable } from './conversations/history.ts';
import { FinishLog } from './conversations/turns.ts';
import { PageTable, TurnTable } from './conversations/turn-table.ts';
import { SqliteQuotaMeters, SqliteUsageBook } from './accounting.ts';
import { Participants } from './conversations/participants.ts';
import { QuestionTable } from './conversations/questions.ts';
import { SeenIds } from './conversations/inbox.ts';

/** What the database holds, each with its own statements. */
export interface Tables {
  readonly bookmarks: ReadPositions;
  readonly entries: HistoryTable;
  readonly finishes: FinishLog;
  readonly meters: SqliteQuotaMeters;
  readonly pages: PageTable;
  readonly participants: Participants;
  readonly questions: QuestionTable;
  readonly secrets: SqliteSecrets;
  readonly seen: SeenIds;
  readonly turns: TurnTable;
  readonly usage: SqliteUsageBook;
}

export function openTables(db: Database): Tables {
  return {
    bookmarks: new ReadPositions(db),
    entries: new HistoryTable(db),
    finishes: new FinishLog(db),
    meters: new SqliteQuotaMeters(db),
    pages: new PageTable(db),
    participants: new Participants(db),
    questions: new QuestionTable(db),
    secrets: new SqliteSecrets(db),
    seen: new SeenIds(db),
    turns: new TurnTable(db),
    usage: new SqliteUsageBook(db),
  };
}
