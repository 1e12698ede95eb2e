// Tested by test/contract/platform/slack.test.ts
type Write = (fields: Record<string, unknown>, event: string) => void;

/**
 * A structured log: fields (ids, counts, times) and an event in plain words. The trap: no text of a
 * message, no name and no token may be in a field. An error goes under `err`.
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

/** Minimum time between two lines of the same event, in milliseconds. */
const everyMs = 60_000;

/**
 * Warnings about events that strangers can cause at will, such as refused requests: the first one
 * is logged at once, the others are counted and logged once a minute.
 */
export class ThrottledWarnings {
  readonly #log: Log;
  /** Count of each event since its last line. */
  readonly #counts = new Map<string, number>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** @param event one of a fixed few, as each is remembered */
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
