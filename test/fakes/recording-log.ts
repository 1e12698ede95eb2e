import type { Log } from '../../src/core/ports/log.ts';

export interface LoggedEvent {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly event: string;
  readonly fields: Record<string, unknown>;
}

/** A log that tests can read. */
export function recordingLog(): Log & { readonly events: LoggedEvent[] } {
  const events: LoggedEvent[] = [];
  const write =
    (level: LoggedEvent['level']) =>
    (fields: Record<string, unknown>, event: string): void => {
      events.push({ level, event, fields });
    };
  return {
    events,
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  };
}
