// Tested by test/integration/discord-faults.test.ts
import { RateLimited, Rejected } from '../../../core/domain/errors.ts';
import type { JsonRecord } from '../../../core/foreign-data.ts';
import type { DiscordApi } from '../api/rest-api.ts';
import type { ChannelRateLimits } from '../api/rate-limits.ts';
import type { LocationResolver } from './location-resolver.ts';
import { type DeniedPermissions, isPermissionError, type ReplyLocation } from './reply-location.ts';
import { DiscordApiError, errorCodes } from '../api/api-errors.ts';

const callKinds = { POST: 'post', PATCH: 'edit', DELETE: 'remove' } as const;

/** What ends a reply while Discord may still take a sentence about it. */
const blockingCodes = new Set<number>([
  errorCodes.blockedByAutoMod,
  errorCodes.titleBlockedByAutoMod,
  errorCodes.linkFilter,
  errorCodes.oldEdits,
]);

/** Why Discord does not let a reply go on, and where it may take a sentence that says so. */
export interface ReplyBlocked {
  readonly location: ReplyLocation;
  readonly code: number;
}

export interface ReplyCallsOptions {
  readonly api: DiscordApi;
  readonly budgets: ChannelRateLimits;
  readonly deniedPermissions: DeniedPermissions;
  readonly resolver: LocationResolver;
}

/** The calls that write one reply, with what their refusals tell. */
export class ReplyCalls {
  readonly #options: ReplyCallsOptions;
  #withdrawn = false;
  #blocked: ReplyBlocked | undefined;

  constructor(options: ReplyCallsOptions) {
    this.#options = options;
  }

  /** Undefined while Discord takes what is written. */
  get blocked(): ReplyBlocked | undefined {
    return this.#blocked;
  }

  /** Nothing more is written from now on; what stands may be removed. */
  stopWriting(): void {
    this.#withdrawn = true;
  }

  /** Throws what a `Surface` throws, and the signal's reason. */
  async call(
    method: keyof typeof callKinds,
    path: `/channels/${string}`,
    body: JsonRecord | undefined,
    signal: AbortSignal,
  ): Promise<unknown> {
    if (this.#withdrawn && method !== 'DELETE') {
      throw new Rejected('removed', `${method} ${path}: a person deleted what it belongs to`);
    }
    const { api, budgets, deniedPermissions, resolver } = this.#options;
    const [, , channel = ''] = path.split('/');
    if (method === 'POST' && deniedPermissions.has(channel)) {
      throw new Rejected('refused', `${method} ${path}: refused a moment ago`);
    }
    try {
      const answer = await budgets.global.track(() =>
        api.call(method, path, body && { body }, signal),
      );
      this.#blocked = undefined;
      return answer;
    } catch (error) {
      if (error instanceof RateLimited && error.budgetKey === undefined) {
        // Of this channel: what is written elsewhere need not wait.
        const [{ key } = { key: channel }] = budgets.of(channel)[callKinds[method]];
        throw new RateLimited(error.retryAfterMs, { cause: error, budgetKey: key });
      }
      if (error instanceof DiscordApiError && blockingCodes.has(error.code)) {
        this.#blocked = { location: resolver.location ?? { channel }, code: error.code };
      }
      // Its own messages may be changed without it.
      if (method === 'POST' && isPermissionError(error)) deniedPermissions.add(channel);
      throw error;
    }
  }

  /** Discord archives threads that rest; one that is locked stays so, and the reply ends. */
  async unarchiveAndRetry(
    channel: string,
    change: () => Promise<unknown>,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      await change();
    } catch (error) {
      if (!(error instanceof DiscordApiError) || error.code !== errorCodes.archived) throw error;
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
      if (
        !(error instanceof DiscordApiError) ||
        error.code !== errorCodes.linkFilter ||
        !this.#linksTaken
      ) {
        throw error;
      }
      this.#linksTaken = false;
      return write(withoutLinks(text));
    }
  }
}

const maskedOrPlainLink =
  /\[([^[\]\n]*)\]\(<?(?:https?|discord):[^\s<>)]*>?\)|<?\b(?:https?|discord):\/\/(?:[^\s<>)\]]*[^\s<>)\].,;:!?'"])?>?/gi;

/** For servers that forbid links; never longer than it was. */
export function withoutLinks(text: string): string {
  return text.replaceAll(maskedOrPlainLink, (all: string, name: string | undefined) => {
    const note = all.length - (name?.length ?? 0) > 15 ? '(link left out)' : '(link)';
    return name === undefined || name === '' ? note : `${name} ${note}`;
  });
}
