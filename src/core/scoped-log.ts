import type { Log } from './ports/log.ts';

/** A log that adds the same fields, such as ids, to every event. */
export function scopedLog(log: Log, scope: Record<string, unknown>): Log {
  return {
    debug: (fields, event) => log.debug({ ...scope, ...fields }, event),
    info: (fields, event) => log.info({ ...scope, ...fields }, event),
    warn: (fields, event) => log.warn({ ...scope, ...fields }, event),
    error: (fields, event) => log.error({ ...scope, ...fields }, event),
  };
}
