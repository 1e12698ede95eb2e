import { LogLevel, webApi } from '@slack/bolt';
import { backoffMs, wait, withDeadline } from '../../../core/timing.ts';
import { CallFailed, RateLimited } from '../../../core/domain/errors.ts';
import { measured } from '../../common/measured-call.ts';
import type { Log } from '../../../core/ports/log.ts';
import { type Metrics, noMetrics } from '../../../core/ports/metrics.ts';
import { toCoreError, SlackApiError, remedyFor } from './api-errors.ts';
import { type JsonRecord, asRecord } from '../../../core/foreign-data.ts';
import type { RequestThrottle } from '../../common/request-throttle.ts';
import type { OnClockReading } from '../../../core/ports/checkup.ts';

/** Slack answers in well under a second or not at all. */
const timeoutMs = 5_000;
/** A little longer, for what the client does before and after. */
export const callTimeoutMs = 6_000;
/** Many slow calls must not hold up others: the pacer decides how many there are. */
const maxRequestConcurrency = 1_000;
/** Nobody hands in again what could not be read. */
const maxReadTries = 5;
/** The same complaint is not repeated more often, in milliseconds. */
const logRefusalEveryMs = 60_000;

/** For every client of Slack's: one try, told at once how it went, and never `headers`. */
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
  readonly #complained = new Map<string, number>();

  constructor(options: { token: string; apiUrl?: string; log: Log; metrics?: Metrics }) {
    this.#client = new webApi.WebClient(options.token, clientOptions(options.log, options.apiUrl));
    this.#log = options.log;
    this.#metrics = options.metrics ?? noMetrics;
  }

  /**
   * One try. Throws `RateLimited`, `Refused` or `CallFailed`, or the signal's reason; what an
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
      if (fault instanceof SlackApiError) this.#complain(method, fault);
      throw fault;
    }
  }

  /**
   * As `call`, at the gate's pace; again for as long as it is rate limited, and a few times more if
   * it fails.
   */
  async read(
    method: string,
    args: JsonRecord,
    gate: RequestThrottle,
    signal: AbortSignal,
  ): Promise<JsonRecord> {
    for (let tries = 1; ; tries += 1) {
      await gate.acquire(signal);
      try {
        return await this.call(method, args, signal);
      } catch (error) {
        if (error instanceof CallFailed && tries < maxReadTries) {
          await wait(backoffMs(tries, 500, 5_000), signal);
          continue;
        }
        if (!(error instanceof RateLimited)) throw error;
        gate.blockFor(error.retryAfterMs);
        this.#log.warn({ method, retryAfterMs: error.retryAfterMs }, 'rate limited');
      }
    }
  }

  #complain(method: string, refused: SlackApiError): void {
    const remedy = remedyFor(refused);
    const key = `${method} ${refused.code} ${refused.needed ?? ''}`;
    const now = performance.now();
    if (
      remedy === undefined ||
      now - (this.#complained.get(key) ?? -Infinity) < logRefusalEveryMs
    ) {
      return;
    }
    this.#complained.set(key, now);
    this.#log.error(
      { method, error: refused.code, needed: refused.needed, remedy },
      'Slack refuses',
    );
  }
}

/** One call, one try. Throws `Refused`, `RateLimited` or `CallFailed`. */
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
