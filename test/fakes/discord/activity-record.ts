import type { ConditionWaiter } from '../condition-waiter.ts';
import { type Mentions, type Message, messageFlags } from './message.ts';
import { linksShown } from './mentions.ts';

/** A call of the REST API. All times on the clock of `performance.now()`. */
export interface Call {
  readonly method: string;
  /** With ids, without the query, such as `/channels/123/messages`. */
  readonly path: string;
  /** Such as `/channels/:channel/messages`; undefined if there is no such route. */
  readonly route: string | undefined;
  readonly query: Readonly<Record<string, string>>;
  /** The JSON that was sent; undefined without any. */
  readonly body: unknown;
  readonly at: number;
  /** Undefined until it is answered, and for what never is. */
  status: number | undefined;
  /** Discord's code, of a refusal. */
  code: number | undefined;
  answeredAt: number | undefined;
  /** It went wrong because a test asked for it. */
  injected: boolean;
  /** The client gave it up before it was answered. */
  aborted: boolean;
}

/** Whom a post or an edit of the bot pinged; there is none of those that ping nobody. */
export interface Ping extends Mentions {
  readonly channelId: string;
  readonly messageId: string;
  readonly by: 'post' | 'edit';
  /** On the clock of `performance.now()`. */
  readonly at: number;
}

/** An address in what the bot wrote that Discord showed a preview of. */
export interface LinkEmbed {
  readonly channelId: string;
  readonly messageId: string;
  readonly url: string;
}

/** A call that a rate limit refused. */
export interface RateLimited {
  readonly method: string;
  readonly route: string;
  readonly path: string;
  /** On the clock of `performance.now()`. */
  readonly at: number;
  readonly scope: 'user' | 'shared' | 'global';
  /** Earlier answers had said that nothing was left, and until when. */
  readonly foretold: boolean;
}

/** All that happened. */
export class ActivityRecord {
  readonly calls: Call[] = [];
  readonly pings: Ping[] = [];
  readonly linkEmbeds: LinkEmbed[] = [];
  readonly rateLimited: RateLimited[] = [];
  /** Answers of 401, 403 and 429: at 10,000 in 10 minutes Discord bans the address. */
  invalidRequests = 0;
  readonly #watch: ConditionWaiter;

  constructor(watch: ConditionWaiter) {
    this.#watch = watch;
  }

  called(asked: Pick<Call, 'method' | 'path' | 'route' | 'query' | 'body'>): Call {
    const call: Call = {
      ...asked,
      at: performance.now(),
      status: undefined,
      code: undefined,
      answeredAt: undefined,
      injected: false,
      aborted: false,
    };
    this.calls.push(call);
    this.#watch.check();
    return call;
  }

  abandoned(call: Call): void {
    call.aborted = true;
    this.#watch.check();
  }

  answered(call: Call, status: number, code?: number): void {
    call.status = status;
    call.code = code;
    call.answeredAt = performance.now();
    if (status === 401 || status === 403 || status === 429) this.invalidRequests += 1;
    this.#watch.check();
  }

  /** Takes note of whom the bot's message pings, and of what it shows previews. */
  written(message: Message, by: 'post' | 'edit'): void {
    const { channelId, id: messageId, mentions } = message;
    if (mentions.everyone || mentions.users.length > 0 || mentions.roles.length > 0) {
      this.pings.push({ ...mentions, channelId, messageId, by, at: performance.now() });
    }
    for (const url of linksShown(message, messageFlags.suppressEmbeds)) {
      this.linkEmbeds.push({ channelId, messageId, url });
    }
  }

  happened(): void {
    this.#watch.check();
  }
}
