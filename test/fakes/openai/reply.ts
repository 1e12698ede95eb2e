import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type {
  AnswerState,
  Dialect,
  ErrorBody,
  FinishReason,
  Frame,
  TokenCounts,
} from './dialect.ts';

let nextId = 1;

/** The server's side of one request: what a script says, in the words of the API asked. */
export class Reply {
  /** The server ended or cut it. */
  ended = false;
  readonly #response: ServerResponse;
  readonly #dialect: Dialect;
  readonly #state: AnswerState;
  #sequence = 0;

  constructor(response: ServerResponse, dialect: Dialect) {
    this.#response = response;
    this.#dialect = dialect;
    this.#state = { id: `${nextId}`, items: 0, open: undefined };
    nextId += 1;
  }

  /** The exchange is over, whoever ended it. */
  get over(): boolean {
    return this.#response.destroyed || this.#response.writableEnded;
  }

  /** Resolves when the exchange is over: a script that waits for it hangs. */
  async gone(): Promise<void> {
    if (!this.over) await once(this.#response, 'close');
  }

  /** Sends the headers and nothing else. */
  headers(headers: Record<string, string> = { 'content-type': 'text/event-stream' }): this {
    this.#response.writeHead(200, headers).flushHeaders();
    return this;
  }

  /** Sends the frames that stand before any text. */
  begin(): this {
    if (!this.#response.headersSent) this.headers();
    return this.#send(this.#dialect.begin(this.#state));
  }

  text(...pieces: string[]): this {
    if (!this.#response.headersSent) this.begin();
    for (const piece of pieces) this.#send(this.#dialect.text(this.#state, piece));
    return this;
  }

  reasoning(...pieces: string[]): this {
    if (!this.#response.headersSent) this.begin();
    for (const piece of pieces) this.#send(this.#dialect.reasoning(this.#state, piece));
    return this;
  }

  /** Ends the message: text that follows is another one. Chat Completions know only one. */
  endMessage(): this {
    return this.#send(this.#dialect.endItem(this.#state));
  }

  /** Ends the answer as it should end. */
  finish(
    reason: FinishReason = 'stop',
    usage: TokenCounts = { inputTokens: 7, outputTokens: 5 },
  ): void {
    if (!this.#response.headersSent) this.begin();
    this.endMessage();
    this.#send(this.#dialect.finish(this.#state, reason, usage));
    this.close();
  }

  /** An error inside the stream, after which the server closes. */
  errorFrame(error: ErrorBody): void {
    if (!this.#response.headersSent) this.headers();
    this.#send(this.#dialect.error(error));
    this.close();
  }

  /** Any line of data, valid or not. */
  data(line: string): this {
    if (!this.#response.headersSent) this.headers();
    return this.#send([line]);
  }

  /** An SSE comment, as proxies send to keep a connection open. */
  comment(): this {
    if (!this.#response.headersSent) this.headers();
    this.#response.write(': ping\n\n');
    return this;
  }

  /** Ends the response without a finish. */
  close(): void {
    this.ended = true;
    this.#response.end();
  }

  /** Breaks the connection off, behind what was sent before. */
  async cut(): Promise<void> {
    this.ended = true;
    if (this.#response.headersSent) {
      await new Promise((resolve) => this.#response.write(': the last words\n\n', resolve));
    }
    this.#response.destroy();
  }

  /** A whole response that is no stream. */
  status(status: number, body: unknown = '', headers: Record<string, string> = {}): void {
    this.ended = true;
    const isText = typeof body === 'string';
    this.#response
      .writeHead(status, { 'content-type': isText ? 'text/html' : 'application/json', ...headers })
      .end(isText ? body : JSON.stringify(body));
  }

  #send(frames: Frame[]): this {
    let packet = '';
    for (const frame of frames) {
      if (typeof frame === 'string') {
        packet += `data: ${frame}\n\n`;
        continue;
      }
      const isEvent = typeof frame.type === 'string';
      if (isEvent) packet += `event: ${String(frame.type)}\n`;
      const numbered = isEvent ? { ...frame, sequence_number: this.#sequence++ } : frame;
      packet += `data: ${JSON.stringify(numbered)}\n\n`;
    }
    if (!this.over) this.#response.write(packet);
    return this;
  }
}
