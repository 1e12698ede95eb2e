import { LogLevel, type webApi } from '@slack/bolt';
import type { Log } from '../../../core/ports/log.ts';

type Logger = NonNullable<webApi.WebClientOptions['logger']>;

const maxChars = 200;

/**
 * What Slack's libraries say about themselves, for `LOG_LEVEL=debug`. Their own debug lines are
 * dropped: they print whole payloads, with people's words and tokens in them.
 */
export function boltLogger(log: Log): Logger {
  const pass = (...parts: unknown[]): void => {
    log.debug({ detail: parts.map(String).join(' ').slice(0, maxChars) }, 'slack library');
  };
  return {
    debug: () => undefined,
    info: pass,
    warn: pass,
    error: pass,
    setLevel: () => undefined,
    getLevel: () => LogLevel.INFO,
    setName: () => undefined,
  };
}
