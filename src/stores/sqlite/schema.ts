// Tested by test/contract/stored-formats.test.ts
import type { DatabaseSync } from 'node:sqlite';

/** Marks a file as Parley's ("Prly"), so that another program's database is never written to. */
export const applicationId = 0x50726c79;

/**
 * Steps from one version of the database to the next; the version is the number of steps. A released
 * step is never changed: a change is a new step.
 */
const migrations = [
  `
  -- One row. Fences come from one counter for all conversations, so that none is ever used
  -- again, even after everything else about its conversation was swept away.
  CREATE TABLE store (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    fence INTEGER NOT NULL,
    checkedAt REAL NOT NULL
  ) STRICT;
  INSERT INTO store VALUES (1, 0, 0);

  -- Ids of messages taken in, for as long as a platform may deliver them again.
  CREATE TABLE seen (
    conversation TEXT NOT NULL,
    id TEXT NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (conversation, id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX seen_by_age ON seen (at);

  -- Questions without an answer yet: those without a turn wait, the others are being answered.
  CREATE TABLE question (
    conversation TEXT NOT NULL,
    id TEXT NOT NULL,
    turn TEXT,
    authorId TEXT NOT NULL,
    authorName TEXT,
    sentAt REAL NOT NULL,
    arrivedAt REAL NOT NULL,
    tokens INTEGER NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (conversation, id)
  ) STRICT;

  CREATE INDEX question_by_author ON question (authorId);

  -- Who has asked the bot something where; "opened" if the conversation began with that.
  CREATE TABLE participant (
    conversation TEXT NOT NULL,
    person TEXT NOT NULL,
    opened INTEGER NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (conversation, person)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX participant_by_age ON participant (at);

  -- Turns begun and not finished, at most one per conversation; without an owner nobody is at it.
  CREATE TABLE turn (
    conversation TEXT PRIMARY KEY,
    id TEXT NOT NULL,
    fence INTEGER NOT NULL,
    owner TEXT,
    leasedUntil REAL NOT NULL,
    attempt INTEGER NOT NULL,
    startedAt REAL NOT NULL,
    stopRequested INTEGER NOT NULL DEFAULT 0,
    outcome TEXT,
    note TEXT,
    text TEXT
  ) STRICT;

  -- Pages of those turns' replies.
  CREATE TABLE page (
    conversation TEXT NOT NULL,
    number INTEGER NOT NULL,
    key TEXT NOT NULL,
    id TEXT,
    source TEXT NOT NULL,
    PRIMARY KEY (conversation, number)
  ) STRICT;

  -- History. "reply" is 0 for what people said and 1 for replies, which stand behind it.
  CREATE TABLE entry (
    conversation TEXT NOT NULL,
    id TEXT NOT NULL,
    at REAL NOT NULL,
    reply INTEGER NOT NULL,
    turn TEXT,
    authorId TEXT,
    authorName TEXT,
    outcome TEXT,
    tokens INTEGER NOT NULL,
    note TEXT,
    text TEXT NOT NULL,
    UNIQUE (conversation, id)
  ) STRICT;
  CREATE INDEX entry_in_order ON entry (conversation, at, reply, id);
  CREATE INDEX entry_by_age ON entry (at);
  `,
  `
  -- How each conversation's latest turn was finished, so that a repetition is told the same:
  -- "nextFence" is that of the turn which began in the same step.
  CREATE TABLE finish (
    conversation TEXT PRIMARY KEY,
    turn TEXT NOT NULL,
    fence INTEGER NOT NULL,
    owner TEXT NOT NULL,
    nextFence INTEGER,
    at REAL NOT NULL
  ) STRICT;
  CREATE INDEX finish_by_age ON finish (at);

  -- How far places of platforms were read.
  CREATE TABLE bookmark (
    platform TEXT NOT NULL,
    place TEXT NOT NULL,
    mark TEXT NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (platform, place)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX bookmark_by_age ON bookmark (at);

  -- What a person wrote, for when it is to be forgotten.
  CREATE INDEX entry_by_author ON entry (authorId) WHERE authorId IS NOT NULL;
  CREATE INDEX participant_by_person ON participant (person);
  `,
  `
  -- What people and workspaces used in their window, which ends at "expire". The columns are the
  -- limiter's own.
  CREATE TABLE meter (
    key TEXT PRIMARY KEY,
    points INTEGER NOT NULL DEFAULT 0,
    expire INTEGER
  ) STRICT;
  CREATE INDEX meter_by_end ON meter (expire);

  -- Who used what of which model on a day.
  CREATE TABLE usage (
    day TEXT NOT NULL,
    platform TEXT NOT NULL,
    workspace TEXT NOT NULL,
    person TEXT NOT NULL,
    model TEXT NOT NULL,
    questions INTEGER NOT NULL,
    answers INTEGER NOT NULL,
    inputTokens INTEGER NOT NULL,
    outputTokens INTEGER NOT NULL,
    countedTokens INTEGER NOT NULL,
    PRIMARY KEY (day, platform, workspace, person, model)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX usage_by_person ON usage (person);
  `,
  `
  -- Since when an operator wants nothing new to be begun.
  ALTER TABLE store ADD COLUMN pausedSince REAL;
  `,
  `
  -- What a person calls a conversation, and what whoever used something was called.
  ALTER TABLE participant ADD COLUMN name TEXT;
  ALTER TABLE usage ADD COLUMN name TEXT;
  `,
  `
  -- What the service made for itself, such as keys; without "until" for ever.
  CREATE TABLE secret (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    until REAL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX secret_by_end ON secret (until) WHERE until IS NOT NULL;
  `,
];

/** The newest version that this code knows. */
export const schemaVersion = migrations.length;

/** Brings a database of version `from` up to date, all steps or none. */
export function migrate(db: DatabaseSync, from: number): void {
  const missing = migrations.slice(from);
  if (missing.length === 0) return;
  const marks = `PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${schemaVersion};`;
  db.exec(['BEGIN IMMEDIATE;', ...missing, marks, 'COMMIT;'].join('\n'));
}
