type Write = (fields: Record<string, unknown>, event: string) => void;

/**
 * Where events go, with ids, counts and times; never the text of a message, never a token.
 * An error goes under `err`.
 */
export interface Log {
  readonly debug: Write;
  readonly info: Write;
  readonly warn: Write;
  readonly error: Write;
}

/** A log that adds the same fields, such as ids, to every event. */
export function scopedLog(log: Log, scope: Record<string, unknown>): Log {
  return {
    debug: (fields, event) => log.debug({ ...scope, ...fields }, event),
    info: (fields, event) => log.info({ ...scope, ...fields }, event),
    warn: (fields, event) => log.warn({ ...scope, ...fields }, event),
    error: (fields, event) => log.error({ ...scope, ...fields }, event),
  };
}

/** The same event is told at most this often, in milliseconds. */
const everyMs = 60_000;

/**
 * Tells of what strangers can cause as often as they like, such as requests that are refused: the
 * first at once, the others counted, once a minute. So no flood of them becomes one of lines.
 */
export class ThrottledWarnings {
  readonly #log: Log;
  /** How often each event was counted since it was last told. */
  readonly #counts = new Map<string, number>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** @param event one of a few: each is remembered */
  count(event: string): void {
    const counted = this.#counts.get(event);
    this.#counts.set(event, (counted ?? 0) + 1);
    if (counted === undefined) this.#tell(event);
  }

  #tell(event: string): void {
    const times = this.#counts.get(event) ?? 0;
    if (times === 0) {
      this.#counts.delete(event);
      return;
    }
    this.#counts.set(event, 0);
    this.#log.warn({ times }, event);
    setTimeout(() => this.#tell(event), everyMs).unref();
  }
}
