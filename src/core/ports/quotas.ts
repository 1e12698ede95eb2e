/** What is counted of somebody; its window begins with the first count, and then starts anew. */
export interface Meter {
  readonly scope: 'person' | 'workspace';
  /** With the platform's name in front, such as `slack:T1:U1`. */
  readonly id: string;
  /** `told`: how often it was said that few tokens are left. */
  readonly unit: 'questions' | 'tokens' | 'told';
}

export interface Count {
  readonly meter: Meter;
  /** A whole number from 1. */
  readonly amount: number;
  /** How long the window lasts if this is its first count, in milliseconds; whole seconds count. */
  readonly windowMs: number;
}

export interface Reading {
  /** In the window. */
  readonly used: number;
  /** Until the window ends, in milliseconds; 0 if none has begun. */
  readonly renewsInMs: number;
}

/**
 * Counts what people use, for all instances together. Both methods answer in the order in which
 * they were asked, take one round trip, and throw `StoreUnavailable`.
 */
export interface Meters {
  read(meters: readonly Meter[]): Promise<Reading[]>;
  /** Each count is atomic by itself; not to be repeated. Resolves to how the meters stand then. */
  add(counts: readonly Count[]): Promise<Reading[]>;
}
