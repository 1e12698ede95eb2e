import { AsyncLocalStorage } from 'node:async_hooks';
import { DefaultRestOptions, RequestMethod, type ResponseLike, REST } from 'discord.js';
import { LRUCache } from 'lru-cache';
import { withDeadline } from '../../../core/timing.ts';
import { CallFailed } from '../../../core/domain/errors.ts';
import { asList, asRecord, type JsonRecord } from '../../../core/foreign-data.ts';
import type { RequestThrottle } from '../../common/throttles.ts';
import { measured, readWithRetry } from '../../common/platform-calls.ts';
import type { Log } from '../../../core/ports/log.ts';
import { type Metrics, noMetrics } from '../../../core/ports/metrics.ts';
import type { ChannelRateLimits, Permit } from './rate-limits.ts';
import { DiscordApiError, errorCodes, remedyFor, toCoreError } from './api-errors.ts';

/** Discord answers in well under a second or not at all. */
const timeoutMs = 5_000;
/** A little longer, for what the client does before and after. */
export const callTimeoutMs = 6_000;
/** Minimum time between two log lines about the same refusal, in ms. */
const logRefusalEveryMs = 60_000;

const methods = {
  GET: RequestMethod.Get,
  POST: RequestMethod.Post,
  PATCH: RequestMethod.Patch,
  DELETE: RequestMethod.Delete,
} as const;

export interface DiscordRequest {
  readonly body?: JsonRecord;
  readonly query?: Readonly<Record<string, string>>;
}

/** Discord's REST API, with its failures in the core's words. */
export class DiscordApi {
  readonly #rest: REST;
  readonly #log: Log;
  readonly #metrics: Metrics;
  readonly #budgets: ChannelRateLimits;
  readonly #onUnauthorized: () => void;
  readonly #loggedRefusals = new LRUCache<string, true>({
    max: 1_000,
    ttl: logRefusalEveryMs,
    perf: performance,
  });
  /** Of the call that is being made. */
  readonly #permit = new AsyncLocalStorage<Permit>();

  /** @param options.onUnauthorized Discord takes the token no more: every later call fails */
  constructor(options: {
    rest: REST;
    budgets: ChannelRateLimits;
    log: Log;
    metrics?: Metrics;
    onUnauthorized: () => void;
  }) {
    this.#rest = options.rest;
    this.#budgets = options.budgets;
    this.#log = options.log;
    this.#metrics = options.metrics ?? noMetrics;
    this.#onUnauthorized = options.onUnauthorized;
    this.#rest.on('response', ({ method, path }, { headers }) =>
      this.#budgets.learnFromHeaders(method, path, headers),
    );
    // A call counts when it is sent: the library sends those of one route one after the other.
    const { options: restOptions } = this.#rest;
    const makeRequest = restOptions.makeRequest.bind(restOptions);
    restOptions.makeRequest = (url, init) => {
      this.#permit.getStore()?.sent();
      return makeRequest(url, init);
    };
  }

  /**
   * One try. Throws `RateLimited`, `DiscordApiError` or `CallFailed`, or the signal's reason; what an
   * administrator can mend is logged with what to do.
   *
   * @param path such as `/channels/1/messages`
   */
  call(
    method: keyof typeof methods,
    path: `/${string}`,
    request: DiscordRequest = {},
    signal: AbortSignal,
  ): Promise<unknown> {
    const of = {
      metrics: this.#metrics,
      platform: 'discord',
      method: routeLabel(method, path),
      signal,
    };
    return measured(of, () => this.#call(method, path, request, signal));
  }

  async #call(
    method: keyof typeof methods,
    path: `/${string}`,
    { body, query }: DiscordRequest,
    signal: AbortSignal,
  ): Promise<unknown> {
    // What is given up is not sent.
    signal.throwIfAborted();
    const permit = this.#budgets.global.acquire();
    try {
      return await withDeadline(callTimeoutMs, signal, (end) =>
        this.#permit.run(permit, () =>
          this.#rest.request({
            method: methods[method],
            fullRoute: path,
            signal: end,
            ...(body === undefined ? {} : { body }),
            ...(query === undefined ? {} : { query: new URLSearchParams(query) }),
          }),
        ),
      );
    } catch (error) {
      signal.throwIfAborted();
      const fault = toCoreError(error, `${method} ${path}`);
      // What cannot be removed is left; whoever runs Parley need not mend that.
      if (fault instanceof DiscordApiError && method !== 'DELETE') {
        this.#logRefusal(method, path, fault);
      }
      if (fault instanceof CallFailed && statusOf(error) === 401) this.#onUnauthorized();
      throw fault;
    } finally {
      permit.release();
    }
  }

  /** A GET by `readWithRetry`. */
  read(
    path: `/${string}`,
    query: Readonly<Record<string, string>>,
    throttle: RequestThrottle,
    signal: AbortSignal,
  ): Promise<unknown> {
    const options = { throttle, log: this.#log, method: `GET ${path}` };
    return readWithRetry(() => this.call('GET', path, { query }, signal), options, signal);
  }

  #logRefusal(method: string, path: string, refused: DiscordApiError): void {
    const remedy = remedyFor(refused, path);
    // Whichever call it was: the place and the remedy are the same.
    const place = /^\/\w+\/[^/]+/.exec(path)?.[0] ?? path;
    const key = `${place} ${remedy}`;
    if (remedy === undefined || this.#loggedRefusals.has(key)) return;
    this.#loggedRefusals.set(key, true);
    this.#log.error({ method, path, code: refused.code, remedy }, 'Discord refuses');
  }
}

/** The messages in an answer that lists them, oldest first. */
export function messagesOldestFirst(answer: unknown): JsonRecord[] {
  return asList(answer).map(asRecord).toReversed();
}

function statusOf(error: unknown): unknown {
  return asRecord(error)['status'];
}

/** Refusals that Discord sends as if they were rate limits; waiting for them is in vain. */
const refusedAs429 = new Set<unknown>([errorCodes.oldEdits]);

/**
 * The client library's REST part, for one try of each call.
 *
 * @param apiUrl Discord's API elsewhere than at Discord, such as `http://127.0.0.1:4010/api`
 */
export function createRestClient(token: string, apiUrl: string | undefined): REST {
  return new REST({
    // What waits in the library's queue is stale when it is sent; the core has newer text by then.
    rejectOnRateLimit: () => true,
    retries: 0,
    timeout: timeoutMs,
    makeRequest: async (url, init) =>
      withRefusalStatus(await DefaultRestOptions.makeRequest(url, init)),
    ...(apiUrl === undefined ? {} : { api: apiUrl }),
  }).setToken(token);
}

/** The library reads nothing of a 429 but its headers: a refusal among them gets another status. */
async function withRefusalStatus(response: ResponseLike): Promise<ResponseLike> {
  if (response.status !== 429) return response;
  const text = await response.text();
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    // A page, such as Cloudflare's: then the headers are all that there is.
    return response;
  }
  if (!refusedAs429.has(asRecord(body)['code'])) return response;
  return { ...response, status: 400, json: () => Promise.resolve(body) };
}

/** What may stand in a method's name: words of Discord's API; everything else is somebody's id. */
const apiWord = /^(?:@me|[a-z-]+)$/;

/** A call without its ids, such as `PATCH /channels/:id/messages/:id`: there are few of these. */
export function routeLabel(method: string, path: string): string {
  const parts = path.split('/').map((part) => (part === '' || apiWord.test(part) ? part : ':id'));
  return `${method} ${parts.join('/')}`;
}

/** No previews of links: they take room, and fetching one tells its owner what was written. */
const suppressEmbeds = 1 << 2;

/** In every message, new or edited: nobody is pinged, whatever a model writes. */
export const silentMessageOptions: JsonRecord = {
  allowed_mentions: { parse: [], replied_user: false },
  flags: suppressEmbeds,
};
