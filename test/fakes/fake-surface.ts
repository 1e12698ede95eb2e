import { CallFailed, RateLimited, Rejected } from '../../src/core/domain/errors.ts';
import type {
  PageFormat,
  PostRequest,
  Surface,
  WorkingMark,
  WorkingState,
} from '../../src/core/ports/surface.ts';

/** What goes wrong with the next call of a kind. */
export type Fault =
  | { readonly kind: 'rate-limited'; readonly retryAfterMs: number }
  /** No answer, and nothing happened. */
  | { readonly kind: 'failed' }
  /** No answer, yet it was applied. */
  | { readonly kind: 'applied-unanswered' }
  /** Never answers; was not applied. */
  | { readonly kind: 'hang' }
  | { readonly kind: 'removed' }
  | { readonly kind: 'refused' };

type CallKind = 'post' | 'edit' | 'remove' | 'find';

interface PostedMessage {
  readonly id: string;
  readonly key: string;
  text: string;
}

const plainFormat = (limit: number): PageFormat => ({
  limit,
  render: (markdown) => markdown,
  size: (rendered) => rendered.length,
});

/**
 * A place to post on that behaves like a platform: texts over the limit are refused, a message
 * that is gone cannot be edited, faults happen on demand. Knows what people could read when.
 */
export class FakeSurface implements Surface {
  format: PageFormat;
  budgets: Surface['budgets'] = { post: [], edit: [], remove: [] };
  editFloorMs = 0;
  callTimeoutMs = 10_000;
  latencyMs = 10;
  working?: WorkingMark;
  postableText?: (text: string, options?: { readonly whole: boolean }) => string;
  /** The messages that people see now, in order. */
  readonly messages: PostedMessage[] = [];
  /** What all messages read, joined by a bar, after each change. */
  readonly seen: string[] = [];
  readonly calls: CallKind[] = [];
  readonly marks: WorkingState[] = [];
  /** Most calls that were in flight at once. */
  mostAtOnce = 0;
  #atOnce = 0;
  #ids = 0;
  readonly #faults: { on: CallKind; fault: Fault }[] = [];

  constructor(options: { limit?: number; format?: PageFormat } = {}) {
    this.format = options.format ?? plainFormat(options.limit ?? 1_000);
  }

  set pageLimit(limit: number) {
    this.format = plainFormat(limit);
  }

  /** What people read now, page by page. */
  get pages(): string[] {
    return this.messages.map((message) => message.text);
  }

  withWorking(options: { renewMs: number; tellsWaiting: boolean }): this {
    this.working = {
      ...options,
      show: (state) => {
        this.marks.push(state);
        return Promise.resolve();
      },
    };
    return this;
  }

  failNext(on: CallKind, fault: Fault): void {
    this.#faults.push({ on, fault });
  }

  deleteByPerson(index: number): void {
    this.messages.splice(index, 1);
  }

  post(posting: PostRequest, signal: AbortSignal): Promise<string> {
    return this.#call('post', signal, () => {
      this.#checkSize(posting.text);
      if (posting.key.length > 25) throw new Rejected('refused', 'key too long');
      const id = `m${(this.#ids += 1)}`;
      this.messages.push({ id, key: posting.key, text: posting.text });
      return id;
    });
  }

  find(posting: Pick<PostRequest, 'key'>, signal: AbortSignal): Promise<string | undefined> {
    return this.#call(
      'find',
      signal,
      () => this.messages.find((message) => message.key === posting.key)?.id,
    );
  }

  edit(id: string, text: string, signal: AbortSignal): Promise<void> {
    return this.#call('edit', signal, () => {
      this.#checkSize(text);
      const message = this.messages.find((candidate) => candidate.id === id);
      if (message === undefined) throw new Rejected('removed', 'no such message');
      message.text = text;
    });
  }

  remove(id: string, signal: AbortSignal): Promise<void> {
    return this.#call('remove', signal, () => {
      const at = this.messages.findIndex((message) => message.id === id);
      if (at >= 0) this.messages.splice(at, 1);
    });
  }

  #checkSize(text: string): void {
    if (this.format.size(text) > this.format.limit) throw new Rejected('refused', 'too long');
    if (text.trim() === '') throw new Rejected('refused', 'empty');
  }

  async #call<T>(kind: CallKind, signal: AbortSignal, apply: () => T): Promise<T> {
    this.calls.push(kind);
    this.#atOnce += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#atOnce);
    try {
      const at = this.#faults.findIndex(({ on }) => on === kind);
      const fault = at < 0 ? undefined : this.#faults.splice(at, 1)[0]?.fault;
      await this.#latency(signal, fault?.kind === 'hang' ? 2 ** 30 : this.latencyMs);
      switch (fault?.kind) {
        case 'rate-limited':
          throw new RateLimited(fault.retryAfterMs);
        case 'removed':
        case 'refused':
          throw new Rejected(fault.kind, `the fake ${fault.kind} it`);
        case 'failed':
          throw new CallFailed('the fake gave no answer');
        case 'applied-unanswered':
          apply();
          this.seen.push(this.pages.join('|'));
          throw new CallFailed('the fake gave no answer, though it did it');
        default: {
          const result = apply();
          if (kind !== 'find') this.seen.push(this.pages.join('|'));
          return result;
        }
      }
    } finally {
      this.#atOnce -= 1;
    }
  }

  async #latency(signal: AbortSignal, ms: number): Promise<void> {
    signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(resolve, ms);
      signal.addEventListener('abort', () => {
        clearTimeout(timer);
        reject(signal.reason as Error);
      });
    });
  }
}
