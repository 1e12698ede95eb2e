/**
 * What the service made for itself and keeps, one of each for all instances: keys, a password, the
 * time since when something holds, which logins have ended. Both methods throw `StoreUnavailable`.
 */
export interface Secrets {
  /**
   * Keeps a value under a name that has none, in one atomic step; resolves to what stands there then,
   * the first one. Safe to repeat.
   *
   * @param lifeMs how long it is kept, in milliseconds; for ever without it
   */
  keep(name: string, made: string, lifeMs?: number): Promise<string>;
  find(name: string): Promise<string | undefined>;
}
