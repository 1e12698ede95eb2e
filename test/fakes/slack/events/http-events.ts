import { signedHeaders } from '../signature.ts';
import type { Payload } from './payloads.ts';
import type { Retry, Transport } from './event-delivery.ts';

interface HookOptions {
  /** Several are served in turn, as behind a balancer, which passes over those that are gone. */
  readonly urls: readonly [string, ...string[]];
  readonly signingSecret: string;
  /** How wrong the timestamps are, in milliseconds. */
  readonly skewMs: number;
}

/** Events as signed HTTP requests. */
export class HttpEvents implements Transport {
  readonly #options: HookOptions;
  #sent = 0;

  constructor(options: HookOptions) {
    this.#options = options;
  }

  async deliver(payload: Payload, retry: Retry, ackWithinMs: number): Promise<string | undefined> {
    const again: Record<string, string> =
      retry.number === 0
        ? {}
        : { 'x-slack-retry-num': String(retry.number), 'x-slack-retry-reason': retry.reason };
    try {
      const response = await this.#post(payload, again, ackWithinMs);
      await response.arrayBuffer();
      if (response.ok) return undefined;
      return response.headers.has('x-slack-no-retry') ? 'no retry wanted' : 'http_error';
    } catch (error) {
      const isTimeout = error instanceof DOMException && error.name === 'TimeoutError';
      return isTimeout ? 'http_timeout' : 'connection_failed';
    }
  }

  /** Asks the URL to prove that it is the app's, as Slack does before it sends anything there. */
  async verify(token: string): Promise<boolean> {
    const challenge = crypto.randomUUID();
    const response = await this.#post({ type: 'url_verification', token, challenge }, {}, 3_000);
    return response.ok && (await response.text()).includes(challenge);
  }

  async #post(
    payload: Payload,
    headers: Record<string, string>,
    timeoutMs: number,
  ): Promise<Response> {
    const { urls, signingSecret, skewMs } = this.#options;
    const body = JSON.stringify(payload);
    const request = {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        'user-agent': 'Slackbot 1.0 (+https://api.slack.com/robots)',
        ...signedHeaders(signingSecret, body, skewMs),
        ...headers,
      },
      signal: AbortSignal.timeout(timeoutMs),
    };
    for (let tries = 1; ; tries += 1) {
      this.#sent += 1;
      try {
        return await fetch(urls[this.#sent % urls.length] ?? urls[0], request);
      } catch (error) {
        if (tries >= urls.length || !isRefused(error)) throw error;
      }
    }
  }
}

/** Nobody listens there. */
function isRefused(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { cause } = error;
  return cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED';
}
