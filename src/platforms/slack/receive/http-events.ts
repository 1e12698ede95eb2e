import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { parse } from 'node:querystring';
import { isValidSlackRequest } from '@slack/bolt';
import { EventLoopYield } from '../../../core/timing.ts';
import { type JsonRecord, parseForeignJson } from '../../../core/foreign-data.ts';
import { type Log, ThrottledWarnings } from '../../../core/ports/log.ts';

/** Where Slack's requests come in; the app's "Request URL" ends with it. */
export const eventsPath = '/slack/events';

/** Events are far smaller. */
const maxBodyBytes = 1024 * 1024;
/** What Slack sends unsigned, to look at the certificate: `ssl_check=1` and a token. */
const maxCheckBytes = 1_024;
/** Older and newer requests are replayed ones, as Slack's own verification has it, in seconds. */
const maxAgeSeconds = 5 * 60;
/** Bytes of bodies that are handled at once: beyond that Slack is to send them again. */
const maxHeldBytes = 4 * 1024 * 1024;
/** Slack waits this long for an answer, and then sends the event again, in milliseconds. */
const patienceMs = 3_000;

/**
 * Takes Slack's signed requests. One is answered 200 when `take` resolves, and 503 if it throws:
 * Slack then sends it again. What cannot be Slack's is refused by its headers, before its body is
 * read.
 */
export function httpEvents(options: {
  signingSecret: string;
  log: Log;
  take: (body: JsonRecord) => Promise<void>;
}): RequestListener {
  const { signingSecret, log, take } = options;
  const digest = new ThrottledWarnings(log);
  const bodies = new UnsignedBodies(maxBodyBytes);
  const breather = new EventLoopYield();
  let heldBytes = 0;

  return (request, response) => {
    void answer(request, response).catch((error: unknown) => {
      log.warn({ err: error }, 'Slack event not stored');
      end(response, 503);
    });
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').split('?', 1)[0];
    if (path !== eventsPath || request.method !== 'POST') return refuse(request, response, 404);
    const length = Number(request.headers['content-length'] ?? 0);
    if (length > maxBodyBytes) return refuse(request, response, 413);
    const isCheck = isForm(request) && length > 0 && length <= maxCheckBytes;
    if (!isCheck && !mayBeSigned(request)) return refuse(request, response, 401);
    let raw: Buffer;
    try {
      raw = await bodies.read(request);
    } catch (error) {
      if (!(error instanceof BodyRefused)) throw error;
      if (error.reason === 'aborted') return digest.count('Slack request aborted');
      return refuse(request, response, error.reason === 'too-large' ? 413 : 503);
    }
    if (heldBytes + raw.length > maxHeldBytes) return refuse(request, response, 503);
    heldBytes += raw.length;
    const giveUpAt = performance.now() + patienceMs;
    try {
      await breather.whenFree();
      if (performance.now() > giveUpAt) return refuse(request, response, 503);
      await answerWhole(request, response, raw.toString());
    } finally {
      heldBytes -= raw.length;
    }
  }

  async function answerWhole(
    request: IncomingMessage,
    response: ServerResponse,
    text: string,
  ): Promise<void> {
    if (isForm(request) && parse(text)['ssl_check'] === '1') return end(response, 200);
    if (!isSigned(request, text)) return refuse(request, response, 401);
    const body = bodyOf(request, text);
    if (body === undefined) return refuse(request, response, 400);
    if (body['type'] === 'url_verification') {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify({ challenge: body['challenge'] }));
      return;
    }
    await takeInTime(body, response);
  }

  async function takeInTime(body: JsonRecord, response: ServerResponse): Promise<void> {
    const late = setTimeout(() => {
      // Slack has given it up by now, and sends it again.
      log.warn({}, 'Slack event not stored within 3 s');
      end(response, 503);
    }, patienceMs);
    try {
      await take(body);
    } finally {
      clearTimeout(late);
    }
    end(response, 200);
  }

  /** Without reading any further: the connection is of no more use. */
  function refuse(request: IncomingMessage, response: ServerResponse, status: number): void {
    if (status !== 404) digest.count(`Slack request refused with HTTP ${status}`);
    if (!request.complete) response.setHeader('Connection', 'close');
    end(response, status);
  }

  /** What can be seen of a signature before the body is there. */
  function mayBeSigned({ headers }: IncomingMessage): boolean {
    const seconds = Number(headers['x-slack-request-timestamp']);
    return (
      /^v0=[\da-f]{64}$/.test(String(headers['x-slack-signature'])) &&
      Math.abs(Date.now() / 1_000 - seconds) <= maxAgeSeconds
    );
  }

  function isSigned(request: IncomingMessage, body: string): boolean {
    if (!mayBeSigned(request)) return false;
    const { headers } = request;
    return isValidSlackRequest({
      signingSecret,
      body,
      headers: {
        'x-slack-signature': String(headers['x-slack-signature']),
        'x-slack-request-timestamp': Number(headers['x-slack-request-timestamp']),
      },
    });
  }
}

function isForm({ headers }: IncomingMessage): boolean {
  return headers['content-type'] === 'application/x-www-form-urlencoded';
}

/** JSON, in a form or alone; undefined if it is no object. */
function bodyOf(request: IncomingMessage, text: string): JsonRecord | undefined {
  try {
    const form = isForm(request) ? parse(text) : undefined;
    const payload = form === undefined ? text : form['payload'];
    const body: unknown = typeof payload === 'string' ? parseForeignJson(payload) : form;
    const isObject = typeof body === 'object' && body !== null && !Array.isArray(body);
    return isObject ? (body as JsonRecord) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function end(response: ServerResponse, status: number): void {
  if (response.headersSent) return;
  response.writeHead(status).end();
}

/** All bodies that are being read together, in bytes. */
const mostBytes = 4 * 1024 * 1024;

/** A body that was not read to its end: `too-large`, or `crowded` out by newer ones. */
class BodyRefused extends Error {
  override readonly name = 'BodyRefused';
  readonly reason: 'too-large' | 'crowded' | 'aborted';
  constructor(reason: 'too-large' | 'crowded' | 'aborted', options?: ErrorOptions) {
    super(`the body was not read: ${reason}`, options);
    this.reason = reason;
  }
}

interface Body {
  bytes: number;
  readonly crowdOut: () => void;
}

/**
 * Reads bodies of which nobody knows yet who sent them. Together they never hold more than 4 MiB:
 * beyond that the oldest is given up, as Slack's own come whole within a moment.
 */
export class UnsignedBodies {
  readonly #maxBytes: number;
  readonly #reading = new Set<Body>();
  #bytes = 0;

  /** @param maxBytes of one body */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Throws `BodyRefused`. */
  async read(request: IncomingMessage): Promise<Buffer> {
    const end = new AbortController();
    const body: Body = { bytes: 0, crowdOut: () => end.abort(new BodyRefused('crowded')) };
    this.#reading.add(body);
    const chunks: Buffer[] = [];
    try {
      await new Promise<void>((resolve, reject) => {
        end.signal.addEventListener('abort', () => reject(end.signal.reason));
        request.on('data', (chunk: Buffer) => {
          if (end.signal.aborted) return;
          // Nothing that comes behind it counts: that is over for this body.
          if (body.bytes + chunk.length > this.#maxBytes)
            return end.abort(new BodyRefused('too-large'));
          chunks.push(chunk);
          this.#grow(body, chunk.length);
        });
        request.on('end', resolve);
        request.on('error', (cause) => reject(new BodyRefused('aborted', { cause })));
        request.on('close', () => reject(new BodyRefused('aborted')));
      });
      return Buffer.concat(chunks);
    } finally {
      this.#reading.delete(body);
      this.#bytes -= body.bytes;
      // The request lives on until it is answered, and its listeners with it.
      chunks.length = 0;
    }
  }

  #grow(body: Body, bytes: number): void {
    body.bytes += bytes;
    this.#bytes += bytes;
    for (const oldest of this.#reading) {
      if (this.#bytes <= mostBytes) return;
      if (oldest === body || oldest.bytes === 0) continue;
      this.#reading.delete(oldest);
      this.#bytes -= oldest.bytes;
      oldest.bytes = 0;
      oldest.crowdOut();
    }
  }
}
