import type { Errands } from '../../../common/background-calls.ts';
import { CallFailed, OtherWay, RateLimited, Rejected } from '../../../../core/domain/errors.ts';
import { type Fields, textOf } from '../../../../core/foreign-data.ts';
import { callTimeoutMs } from '../../api/web-api.ts';
import { Refused } from '../../api/api-errors.ts';
import { pause } from '../../../common/abortable-sleep.ts';
import { isDirect, type Place } from '../../messages/conversation-location.ts';
import type { Strays } from '../lost-posts/find-lost-posts.ts';
import type { Streams } from './stream-policy.ts';

export interface StartsOptions {
  readonly streams: Streams;
  readonly strays: Strays;
  readonly errands: Errands;
  readonly place: Place;
  /** Who asked: Slack wants to know it in channels. */
  readonly asker?: string;
  /** Aborts when the service ends: nothing is waited for any more. */
  readonly ending: AbortSignal;
  /** Calls a method for streams in the reply's channel. */
  readonly call: (method: string, args: Fields, signal: AbortSignal) => Promise<Fields>;
}

/** Begins the streams of a reply; one whose answer was lost is stopped and removed in the end. */
export class Starts {
  readonly #options: StartsOptions;
  #failed = false;
  /** When a stream may have begun that nobody knows of. */
  #lostAt: number | undefined;

  constructor(options: StartsOptions) {
    this.#options = options;
  }

  /** One was refused, or lost: the reply is better written by edits. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Resolves to the stream's `ts`. Throws `OtherWay` if Slack refuses it. */
  async begin(text: string, signal: AbortSignal): Promise<string> {
    const { streams, place, asker, call } = this.#options;
    const recipient =
      isDirect(place.channel) || asker === undefined
        ? {}
        : { recipient_user_id: asker, recipient_team_id: place.team };
    const args = { thread_ts: place.root, ...recipient, markdown_text: text };
    try {
      const ts = textOf((await call('chat.startStream', args, signal))['ts']);
      if (ts === undefined) throw new CallFailed('chat.startStream: begun without an id');
      return ts;
    } catch (error) {
      if (error instanceof Refused && error.reason === 'refused') {
        this.#failed = true;
        streams.refuse(place, error.code);
        throw new OtherWay('Slack refuses the stream', { called: true, cause: error });
      }
      if (!(error instanceof RateLimited || error instanceof Rejected)) {
        this.#failed = true;
        this.#lostAt = performance.now();
      }
      throw error;
    }
  }

  /** The one whose answer was lost is found. */
  found(): void {
    this.#lostAt = undefined;
  }

  /** The reply is over. */
  close(): void {
    const { errands, strays, ending } = this.#options;
    const lostAt = this.#lostAt;
    if (lostAt === undefined) return;
    errands.run('look for a lost stream', async (signal) => {
      // It may come late. Where nobody can wait for it, it is removed if it came already.
      await pause(Math.max(0, lostAt + callTimeoutMs - performance.now()), ending);
      await strays.removeStreams(signal);
    });
  }
}
