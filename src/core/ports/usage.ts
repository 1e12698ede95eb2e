/** What was used on a day, by one person in one workspace, of one model. */
export interface UsageRow {
  /** In UTC, as YYYY-MM-DD. */
  readonly day: string;
  readonly platform: string;
  /** With the platform's name in front; empty for a direct conversation that is in none. */
  readonly workspace: string;
  /** With the platform's name in front, such as `slack:T1:U1`. */
  readonly person: string;
  /** What they were called last on that day, where that is known. */
  readonly name?: string;
  readonly model: string;
  readonly questions: number;
  /** Those that came to their end. */
  readonly answers: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Those tokens that the model did not report, counted here instead. */
  readonly countedTokens: number;
}

/** Whose it is what people used who were forgotten: the sums of others stay as they are. */
export function forgottenPerson(platform: string): string {
  return `${platform}:(forgotten)`;
}

/** Keeps account of what was used, for as long as it is told to. Throws `StoreUnavailable`. */
export interface UsageBook {
  /** Adds to what is known of the day; not to be repeated. */
  record(row: UsageRow): Promise<void>;
  /** From that day on, in no order. */
  read(fromDay: string): Promise<UsageRow[]>;
}

/** What is counted of somebody; its window begins with the first count, and then starts anew. */
export interface Meter {
  readonly scope: 'person' | 'workspace';
  /** With the platform's name in front, such as `slack:T1:U1`. */
  readonly id: string;
  /** `told`: how often it was said that few tokens are left. */
  readonly unit: 'questions' | 'tokens' | 'told';
}

export interface MeterCount {
  readonly meter: Meter;
  /** A whole number from 1. */
  readonly amount: number;
  /** How long the window lasts if this is its first count, in milliseconds; whole seconds count. */
  readonly windowMs: number;
}

export interface MeterReading {
  /** In the window. */
  readonly used: number;
  /** Until the window ends, in milliseconds; 0 if none has begun. */
  readonly renewsInMs: number;
}

/**
 * Counts what people use, for all instances together. Both methods answer in the order in which
 * they were asked, take one round trip, and throw `StoreUnavailable`.
 */
export interface QuotaMeters {
  read(meters: readonly Meter[]): Promise<MeterReading[]>;
  /** Each count is atomic by itself; not to be repeated. Resolves to how the meters stand then. */
  add(counts: readonly MeterCount[]): Promise<MeterReading[]>;
}
