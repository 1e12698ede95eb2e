import { RateLimited, Rejected } from '../../../core/domain/errors.ts';
import type { Fields } from '../../../core/foreign-data.ts';
import type { DiscordApi } from '../api/rest-api.ts';
import type { Budgets } from '../api/rate-limits.ts';
import { type Denials, type Footing, type Ground, wantsPermission } from './reply-location.ts';
import { codes, Refused } from '../api/api-errors.ts';

const kinds = { POST: 'post', PATCH: 'edit', DELETE: 'remove' } as const;

/** What ends a reply while Discord may still take a sentence about it. */
const silencing = new Set<number>([
  codes.blockedByAutoMod,
  codes.titleBlockedByAutoMod,
  codes.linkFilter,
  codes.oldEdits,
]);

/** Why Discord does not let a reply go on, and where it may take a sentence that says so. */
export interface Silence {
  readonly ground: Ground;
  readonly code: number;
}

export interface ReplyCallsOptions {
  readonly api: DiscordApi;
  readonly budgets: Budgets;
  readonly denials: Denials;
  readonly footing: Footing;
}

/** The calls that write one reply, with what their refusals tell. */
export class ReplyCalls {
  readonly #options: ReplyCallsOptions;
  #withdrawn = false;
  #silence: Silence | undefined;

  constructor(options: ReplyCallsOptions) {
    this.#options = options;
  }

  /** Undefined while Discord takes what is written. */
  get silence(): Silence | undefined {
    return this.#silence;
  }

  /** Nothing more is written from now on; what stands may be removed. */
  withdraw(): void {
    this.#withdrawn = true;
  }

  /** Throws what a `Surface` throws, and the signal's reason. */
  async call(
    method: keyof typeof kinds,
    path: `/channels/${string}`,
    body: Fields | undefined,
    signal: AbortSignal,
  ): Promise<unknown> {
    if (this.#withdrawn && method !== 'DELETE') {
      throw new Rejected('removed', `${method} ${path}: a person deleted what it belongs to`);
    }
    const { api, budgets, denials, footing } = this.#options;
    const [, , channel = ''] = path.split('/');
    if (method === 'POST' && denials.has(channel)) {
      throw new Rejected('refused', `${method} ${path}: refused a moment ago`);
    }
    try {
      const answer = await budgets.everywhere.counted(() =>
        api.call(method, path, body && { body }, signal),
      );
      this.#silence = undefined;
      return answer;
    } catch (error) {
      if (error instanceof RateLimited && error.budgetKey === undefined) {
        // Of this channel: what is written elsewhere need not wait.
        const [{ key } = { key: channel }] = budgets.of(channel)[kinds[method]];
        throw new RateLimited(error.retryAfterMs, { cause: error, budgetKey: key });
      }
      if (error instanceof Refused && silencing.has(error.code)) {
        this.#silence = { ground: footing.ground ?? { channel }, code: error.code };
      }
      // Its own messages may be changed without it.
      if (method === 'POST' && wantsPermission(error)) denials.add(channel);
      throw error;
    }
  }

  /** Discord archives threads that rest; one that is locked stays so, and the reply ends. */
  async unarchived(
    channel: string,
    change: () => Promise<unknown>,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      await change();
    } catch (error) {
      if (!(error instanceof Refused) || error.code !== codes.archived) throw error;
      await this.call('PATCH', `/channels/${channel}`, { archived: false }, signal);
      await change();
    }
  }
}

/** A server may forbid links: what is left of the answer is better than none. */
export class LinkFilter {
  #linksTaken = true;

  /**
   * Writes a text, and from the first link that is refused on without links.
   *
   * @param write throws `Refused` for what Discord refuses
   */
  async write(text: string, write: (text: string) => Promise<unknown>): Promise<unknown> {
    try {
      return await write(this.#linksTaken ? text : withoutLinks(text));
    } catch (error) {
      if (!(error instanceof Refused) || error.code !== codes.linkFilter || !this.#linksTaken) {
        throw error;
      }
      this.#linksTaken = false;
      return write(withoutLinks(text));
    }
  }
}

const link =
  /\[([^[\]\n]*)\]\(<?(?:https?|discord):[^\s<>)]*>?\)|<?\b(?:https?|discord):\/\/(?:[^\s<>)\]]*[^\s<>)\].,;:!?'"])?>?/gi;

/** For servers that forbid links; never longer than it was. */
export function withoutLinks(text: string): string {
  return text.replaceAll(link, (all: string, name: string | undefined) => {
    const note = all.length - (name?.length ?? 0) > 15 ? '(link left out)' : '(link)';
    return name === undefined || name === '' ? note : `${name} ${note}`;
  });
}
