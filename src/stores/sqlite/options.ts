export interface SqliteStoreOptions {
  /** Belongs to this store alone; made if it is not there, with access for this user only. */
  readonly folder: string;
  /** How long history is kept, by the platform's time, in milliseconds. */
  readonly retentionMs: number;
  /** Entries given to `claim`, `finish` and `view` at most; 400 by default. */
  readonly historyLimit?: number;
  /** How long the ids of messages are remembered, in milliseconds; 7 days by default. */
  readonly seenMs?: number;
  /** How long it is kept what was used, in milliseconds; 90 days by default. */
  readonly usageMs?: number;
  /** The database grows to so many pages of 4 KiB at most; by default only the disk is a limit. */
  readonly maxPages?: number;
}
