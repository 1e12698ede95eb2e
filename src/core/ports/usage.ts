// Tested by test/contract/quotas/quotas.test.ts
/** Usage of one model on one day, by one person in one workspace. */
export interface UsageRow {
  /** In UTC, as YYYY-MM-DD. */
  readonly day: string;
  readonly platform: string;
  /** With the platform's name in front; empty for a direct conversation that is in none. */
  readonly workspace: string;
  /** With the platform's name in front, such as `slack:T1:U1`. */
  readonly person: string;
  /** Their latest name on that day, where it is known. */
  readonly name?: string;
  readonly model: string;
  readonly questions: number;
  /** Questions whose turn ended `done`. */
  readonly answers: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Part of both that the model did not report, and that was counted here instead. */
  readonly countedTokens: number;
}

export const usageCounts = [
  'questions',
  'answers',
  'inputTokens',
  'outputTokens',
  'countedTokens',
] as const satisfies (keyof UsageRow)[];

/** The person of usage whose own one was forgotten, so that sums stay as they are. */
export function forgottenPerson(platform: string): string {
  return `${platform}:(forgotten)`;
}

/** Usage by day, kept for USAGE_DAYS. Both methods throw `StoreUnavailable`. */
export interface UsageBook {
  /** Adds to the day's counts. The trap: repeated after an error, it may count twice. */
  record(row: UsageRow): Promise<void>;
  /** All rows from a day on (YYYY-MM-DD), in no order. */
  read(fromDay: string): Promise<UsageRow[]>;
}

/** Units of meters; `told` counts the warnings that few tokens are left. */
export const meterUnits = ['questions', 'tokens', 'told'] as const;

/** A count of somebody's use in a window, which begins with the first count after the one before. */
export interface Meter {
  readonly scope: 'person' | 'workspace';
  /** With the platform's name in front, such as `slack:T1:U1`. */
  readonly id: string;
  readonly unit: (typeof meterUnits)[number];
}

export interface MeterCount {
  readonly meter: Meter;
  /** A whole number from 1. */
  readonly amount: number;
  /** Length of the window if this is its first count, in milliseconds, rounded up to seconds. */
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
