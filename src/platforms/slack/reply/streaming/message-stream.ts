// Tested by test/integration/slack-streams.test.ts
import { RateLimited, Rejected } from '../../../../core/domain/errors.ts';
import type { JsonRecord } from '../../../../core/foreign-data.ts';
import { SlackApiError } from '../../api/api-errors.ts';
import { streamableText } from '../link-safety.ts';

/** Slack ends a stream after five minutes, whatever is written: earlier is calmer. */
export const maxStreamMs = 4 * 60_000;

export interface MessageStreamOptions {
  readonly ts: string;
  /** What Slack was sent; absent where that is not known. */
  readonly sent?: string;
  readonly lastsMs: number;
  /** What the message is known by once it is no stream any more. */
  readonly metadata?: JsonRecord;
  /** Calls a method for this message. */
  readonly call: (method: string, args: JsonRecord, signal: AbortSignal) => Promise<void>;
}

/**
 * A message that Slack takes piece by piece, each only once: what was sent must be a beginning of
 * what is sent in the end. Where that cannot be, or Slack refuses, the stream is stopped, and the
 * message goes on by edits.
 */
export class MessageStream {
  readonly ts: string;
  readonly #options: MessageStreamOptions;
  readonly #endsAt: number;
  #sent: string | undefined;
  #next: 'append' | 'stop' | undefined;
  #due: 'more' | 'end' | undefined;
  #spoilt: boolean;

  constructor(options: MessageStreamOptions) {
    this.ts = options.ts;
    this.#options = options;
    this.#endsAt = performance.now() + options.lastsMs;
    this.#sent = options.sent;
    this.#next = options.sent === undefined ? 'stop' : 'append';
    this.#due = options.sent === undefined ? 'more' : 'end';
    this.#spoilt = options.sent === undefined;
  }

  /** The call that is next, unless the text is final: then it is the stop. Undefined once over. */
  get next(): 'append' | 'stop' | undefined {
    return this.#next;
  }

  /** As `Streaming.due`. */
  get due(): 'more' | 'end' | undefined {
    return this.#due;
  }

  /** It had to end before its time: the reply is better written by edits. */
  get endedEarly(): boolean {
    return this.#spoilt;
  }

  /**
   * One call towards this text; none if there is nothing to send. Throws what a call throws, but
   * for refusals, after which the message goes on by edits.
   */
  async show(text: string, final: boolean, signal: AbortSignal): Promise<void> {
    const goesOn = this.#sent !== undefined && text.startsWith(this.#sent);
    const shown = streamableText(text, final);
    const delta = goesOn ? shown.text.slice(this.#sent?.length) : '';
    if (shown.over) this.#spoilt = true;
    if (final || this.#next === 'stop') {
      await this.#stop(delta, signal);
      this.#due = final && goesOn && !shown.over && this.#sent === text ? undefined : 'more';
      return;
    }
    if (delta !== '') await this.#append(delta, signal);
    const late = performance.now() >= this.#endsAt;
    if (this.#next === 'append' && (!goesOn || shown.over || late)) this.#stopNext();
  }

  /** Ends it with the text that it has, if Slack has not ended it yet. */
  async stop(signal: AbortSignal): Promise<void> {
    if (this.#next !== undefined) await this.#stop('', signal);
  }

  async #append(delta: string, signal: AbortSignal): Promise<void> {
    const sent = this.#sent;
    // Until Slack answers it may be there, or come later.
    this.#sent = undefined;
    try {
      await this.#call('chat.appendStream', { markdown_text: delta }, signal);
      this.#sent = `${sent ?? ''}${delta}`;
    } catch (error) {
      if (error instanceof RateLimited) {
        this.#sent = sent;
        throw error;
      }
      if (error instanceof Rejected && !(error instanceof SlackApiError)) throw error;
      this.#stopNext();
      this.#spoilt = true;
      if (!(error instanceof SlackApiError)) throw error;
      if (error.code === 'message_not_in_streaming_state') this.#next = undefined;
    }
  }

  async #stop(delta: string, signal: AbortSignal): Promise<void> {
    const sent = this.#sent;
    this.#sent = undefined;
    this.#stopNext();
    const { metadata } = this.#options;
    try {
      await this.#call(
        'chat.stopStream',
        {
          ...(delta === '' ? {} : { markdown_text: delta }),
          ...(metadata === undefined ? {} : { metadata }),
        },
        signal,
      );
      this.#sent = sent === undefined ? undefined : `${sent}${delta}`;
      this.#next = undefined;
    } catch (error) {
      if (error instanceof RateLimited) this.#sent = sent;
      if (!(error instanceof SlackApiError)) throw error;
      this.#spoilt = true;
      this.#next = undefined;
    }
  }

  /** It is to be stopped next, and the message shown by an edit. */
  #stopNext(): void {
    this.#next = 'stop';
    this.#due = 'more';
  }

  async #call(method: string, args: JsonRecord, signal: AbortSignal): Promise<void> {
    try {
      await this.#options.call(method, { ts: this.ts, ...args }, signal);
    } catch (error) {
      if (!(error instanceof SlackApiError)) throw error;
      if (error.code === 'stopped_by_user') {
        this.#next = undefined;
        this.#due = undefined;
        throw new Rejected('removed', `${method}: a person stopped it`, { cause: error });
      }
      if (error.reason === 'removed') {
        this.#next = undefined;
        throw new Rejected('removed', error.message, { cause: error });
      }
      throw error;
    }
  }
}
