// Tested by test/integration/slack-delivery.test.ts
import { type App, SocketModeReceiver } from '@slack/bolt';
import type { Dispatcher } from 'undici';
import { backoffMs, waitUnlessAborted } from '../../../core/timing.ts';
import { BadConfiguration, CallFailed, RateLimited } from '../../../core/domain/errors.ts';
import type { Log } from '../../../core/ports/log.ts';
import { boltLogger, clientOptions } from '../api/web-api.ts';
import { remedyFor, SlackApiError, toCoreError } from '../api/api-errors.ts';
import { asRecord, type JsonRecord } from '../../../core/foreign-data.ts';

/** From the request for a connection to Slack's hello on it. */
const connectTimeoutMs = 20_000;
/** A busy loop may be late with a pong; Slack's own default of 5 s is too strict for one. */
const clientPingTimeoutMs = 20_000;
const serverPingTimeoutMs = 60_000;
const firstRetryMs = 500;
const slowestRetryMs = 30_000;
/** A token that is refused is hardly accepted a second later. */
const refusedRetryMs = 60_000;
/** Lifetime from which on a connection was a good one, in ms: the next may follow at once. */
const goodAfterMs = 5_000;
/** Time that a connection is kept which Slack is about to close, in ms: events are on their way. */
const graceMs = 5_000;

const endedEarly = 'the connection ended before it began';

export interface SocketConnectionOptions {
  readonly appToken: string;
  readonly apiUrl?: string;
  /** What connects, where it goes through a proxy; the library’s own does without. */
  readonly dispatcher?: Dispatcher | undefined;
  readonly log: Log;
  /** Takes an event in; it is acknowledged when this resolves, and not if it throws. */
  readonly take: (body: JsonRecord) => Promise<void>;
  /** Events come in by this connection from now on, or no longer do. */
  readonly onConnected: (receiving: boolean) => void;
  /** Whether a refused token is a reason to give up, as it is while the service starts. */
  readonly failsIfRefused: () => boolean;
}

/**
 * One Socket Mode connection, made again whenever it ends. The library's own reconnecting is
 * off: no events come for seconds, and a refusal there ends the process.
 */
export class SocketConnection {
  readonly #options: SocketConnectionOptions;

  constructor(options: SocketConnectionOptions) {
    this.#options = options;
  }

  /**
   * Connects and stays connected until the signal aborts. Throws `BadConfiguration` if Slack
   * refuses the token while it is time to give up; later refusals are logged, and tried again.
   */
  async run(signal: AbortSignal): Promise<void> {
    for (let tries = 1; !signal.aborted; tries += 1) {
      let pauseMs = backoffMs(tries, firstRetryMs, slowestRetryMs);
      try {
        const livedMs = await this.#live(signal);
        if (livedMs > goodAfterMs) tries = pauseMs = 0;
      } catch (error) {
        if (signal.aborted) return;
        pauseMs = this.#failed(error, pauseMs);
      }
      await waitUnlessAborted(pauseMs, signal);
    }
  }

  /** How long to wait, in milliseconds, before the next try. */
  #failed(error: unknown, backoffMs: number): number {
    const { log, failsIfRefused } = this.#options;
    const fault = toCoreError(error, 'apps.connections.open');
    if (!(fault instanceof SlackApiError)) {
      log.warn({ err: fault }, 'no connection to Slack');
      return fault instanceof RateLimited ? Math.max(backoffMs, fault.retryAfterMs) : backoffMs;
    }
    const remedy = remedyFor(fault);
    if (remedy !== undefined && failsIfRefused()) {
      const message = `SLACK_APP_TOKEN: Slack answers ${fault.code}; ${remedy}`;
      throw new BadConfiguration(message, { cause: fault });
    }
    log.error({ err: fault, remedy }, 'Slack refuses the connection');
    return refusedRetryMs;
  }

  /** From one connection's beginning to its end; resolves to the time for which events came in, in ms. */
  async #live(signal: AbortSignal): Promise<number> {
    const { appToken, apiUrl, dispatcher, log, onConnected, take } = this.#options;
    const receiver = new SocketModeReceiver({
      appToken,
      ...(dispatcher === undefined ? {} : { dispatcher }),
      autoReconnectEnabled: false,
      clientPingTimeout: clientPingTimeoutMs,
      serverPingTimeout: serverPingTimeoutMs,
      logger: boltLogger(log),
      installerOptions: { clientOptions: clientOptions(log, apiUrl) },
      processEventErrorHandler: () => Promise.resolve(false),
    });
    // The receiver knows its app by one method alone, which Bolt's own would acknowledge early.
    receiver.init({
      processEvent: async (event: { body: JsonRecord; ack: () => Promise<void> }) => {
        await take(event.body);
        await event.ack();
      },
    } as unknown as App);
    const over = Promise.withResolvers<void>();
    let leaving = false;
    receiver.client.on('disconnected', () => over.resolve());
    guard(receiver.client, log, () => {
      leaving = true;
      over.resolve();
    });
    const onAbort = (): void => over.resolve();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await connect(receiver, over.promise, log);
      const since = performance.now();
      onConnected(true);
      await over.promise;
      onConnected(false);
      return performance.now() - since;
    } finally {
      signal.removeEventListener('abort', onAbort);
      if (leaving && !signal.aborted) setTimeout(() => stop(receiver, log), graceMs).unref();
      else stop(receiver, log);
    }
  }
}

/** Closes the connection without waiting for Slack's close frame. */
function stop(receiver: SocketModeReceiver, log: Log): void {
  receiver.stop().catch((error: unknown) => log.debug({ err: error }, 'Slack socket not closed'));
}

async function connect(receiver: SocketModeReceiver, over: Promise<void>, log: Log): Promise<void> {
  const late = Promise.withResolvers<string>();
  const timer = setTimeout(
    () => late.resolve(`no hello from Slack within ${connectTimeoutMs} ms`),
    connectTimeoutMs,
  );
  const started = Promise.allSettled([receiver.start()]);
  const ended = over.then(() => endedEarly);
  const first = await Promise.race([started, late.promise, ended]);
  clearTimeout(timer);
  if (typeof first === 'string') {
    // It may be made all the same: then it is closed.
    void started.then(([start]) => {
      if (start.status === 'fulfilled') stop(receiver, log);
      else log.debug({ err: start.reason }, 'Slack socket given up');
    });
    throw new CallFailed(first);
  }
  const [start] = first;
  // The library rejects without a reason where Slack hangs up.
  if (start.status === 'rejected') throw start.reason ?? new CallFailed(endedEarly);
}

/**
 * Passes messages from the socket to the library, but for two. On an envelope without an event the
 * library's listener throws where nothing catches; and at a `disconnect` it stops acknowledging at
 * once, while Slack still delivers and the next connection is not made yet.
 */
function guard(client: SocketModeReceiver['client'], log: Log, onLeaving: () => void): void {
  const [listener] = client.listeners('ws_message');
  client.removeAllListeners('ws_message');
  client.on('ws_message', (data: unknown, isBinary: unknown) => {
    const envelope = envelopeIn(data);
    if (envelope['type'] === 'disconnect') return onLeaving();
    if (envelope['type'] === 'events_api' && asRecord(envelope['payload'])['event'] === undefined) {
      const payload = asRecord(envelope['payload']);
      envelope['payload'] = { ...payload, event: { type: payload['type'] ?? 'unknown' } };
    }
    const passed = envelope['type'] === 'events_api' ? JSON.stringify(envelope) : data;
    void Promise.resolve(listener?.(passed, isBinary)).catch((error: unknown) => {
      log.warn({ err: error }, 'Slack envelope malformed');
    });
  });
}

function envelopeIn(data: unknown): Record<string, unknown> {
  if (typeof data !== 'string') return {};
  try {
    return { ...asRecord(JSON.parse(data)) };
  } catch {
    // The library reports it.
    return {};
  }
}
