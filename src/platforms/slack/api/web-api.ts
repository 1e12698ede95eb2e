// Tested by test/contract/platform/slack.test.ts
import { LogLevel, webApi } from '@slack/bolt';
import { LRUCache } from 'lru-cache';
import { withDeadline } from '../../../core/timing.ts';
import { measured, readWithRetry } from '../../common/platform-calls.ts';
import type { Log } from '../../../core/ports/log.ts';
import { type Metrics, noMetrics } from '../../../core/ports/metrics.ts';
import { remedyFor, SlackApiError, toCoreError } from './api-errors.ts';
import { asRecord, type JsonRecord } from '../../../core/foreign-data.ts';
import type { RequestThrottle } from '../../common/throttles.ts';
import type { OnClockReading } from '../../../core/ports/checkup.ts';

/** Slack answers in well under a second or not at all. */
const timeoutMs = 5_000;
/** A little longer, for what the client does before and after. */
export const callTimeoutMs = 6_000;
/** Many slow calls must not hold up others: the pacer decides how many there are. */
const maxRequestConcurrency = 1_000;
/** Minimum time between two log lines about the same refusal, in ms. */
const logRefusalEveryMs = 60_000;

/** Options of every client of Slack's: one try, whose outcome is reported at once. */
export function clientOptions(log: Log, apiUrl?: string): webApi.WebClientOptions {
  return {
    ...(apiUrl === undefined ? {} : { slackApiUrl: apiUrl }),
    logger: boltLogger(log),
    timeout: timeoutMs,
    // What waits here is stale when it is sent; the core has newer text by then.
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    maxRequestConcurrency,
  };
}

/** Slack's Web API, with its failures in the core's words. */
export class SlackApi {
  readonly #client: webApi.WebClient;
  readonly #log: Log;
  readonly #metrics: Metrics;
  readonly #loggedRefusals = new LRUCache<string, true>({
    max: 1_000,
    ttl: logRefusalEveryMs,
    perf: performance,
  });

  constructor(options: { token: string; apiUrl?: string; log: Log; metrics?: Metrics }) {
    this.#client = new webApi.WebClient(options.token, clientOptions(options.log, options.apiUrl));
    this.#log = options.log;
    this.#metrics = options.metrics ?? noMetrics;
  }

  /**
   * One try. Throws `RateLimited`, `SlackApiError` or `CallFailed`, or the signal's reason; what an
   * administrator can mend is logged with what to do.
   */
  call(method: string, args: JsonRecord, signal: AbortSignal): Promise<JsonRecord> {
    const of = { metrics: this.#metrics, platform: 'slack', method, signal };
    return measured(of, () => this.#call(method, args, signal));
  }

  async #call(method: string, args: JsonRecord, signal: AbortSignal): Promise<JsonRecord> {
    try {
      return asRecord(
        await withDeadline(callTimeoutMs, signal, () => this.#client.apiCall(method, { ...args })),
      );
    } catch (error) {
      signal.throwIfAborted();
      const fault = toCoreError(error, method);
      if (fault instanceof SlackApiError) this.#logRefusal(method, fault);
      throw fault;
    }
  }

  /** A call by `readWithRetry`. */
  read(
    method: string,
    args: JsonRecord,
    throttle: RequestThrottle,
    signal: AbortSignal,
  ): Promise<JsonRecord> {
    const options = { throttle, log: this.#log, method };
    return readWithRetry(() => this.call(method, args, signal), options, signal);
  }

  #logRefusal(method: string, refused: SlackApiError): void {
    const remedy = remedyFor(refused);
    const key = `${method} ${refused.code} ${refused.needed ?? ''}`;
    if (remedy === undefined || this.#loggedRefusals.has(key)) return;
    this.#loggedRefusals.set(key, true);
    this.#log.error(
      { method, error: refused.code, needed: refused.needed, remedy },
      'Slack refuses',
    );
  }
}

/** One call, one try. Throws `SlackApiError`, `RateLimited` or `CallFailed`. */
export async function callOnce(
  { apiUrl, log }: { readonly apiUrl?: string; readonly log: Log },
  token: string,
  method: string,
  args: JsonRecord,
  hear?: OnClockReading,
): Promise<JsonRecord> {
  const client = new webApi.WebClient(token, {
    ...clientOptions(log, apiUrl),
    fetch: async (input, init) => {
      const sentMs = Date.now();
      const response = await globalThis.fetch(input, init);
      const said = response.headers.get('date');
      if (said !== null) hear?.({ of: 'Slack', said, sentMs, receivedMs: Date.now() });
      return response;
    },
  });
  try {
    return asRecord(await client.apiCall(method, { ...args }));
  } catch (error) {
    throw toCoreError(error, method);
  }
}

type BoltLogger = NonNullable<webApi.WebClientOptions['logger']>;

const maxChars = 200;

/**
 * What Slack's libraries say about themselves, for `LOG_LEVEL=debug`. Their own debug lines are
 * dropped: they print whole payloads, with people's words and tokens in them.
 */
export function boltLogger(log: Log): BoltLogger {
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
