import type { ConversationId } from '../../core/conversation.ts';
import type { Errands } from '../../core/errands.ts';
import type { Message } from '../../core/message.ts';
import { Running } from '../../core/running.ts';
import type { DiscordApi } from './api.ts';
import type { Budgets } from './budgets.ts';
import { codes } from './faults.ts';
import { groundFor, type GroundOptions } from './ground.ts';
import { type Place, placeOf } from './place.ts';
import type { Posts } from './posts.ts';
import { saying } from './say.ts';
import { byAge } from './snowflake.ts';
import { DiscordSurface } from './surface.ts';

const blockedSentence =
  'This server’s AutoMod does not let me post my answer. Its moderators can except me from the rule.';
const linksSentence =
  'This server’s link filter does not let me post my answer. Its moderators can except me from it.';
const editsOverSentence =
  'Discord does not let me change my message any more, so this answer ends here. Ask again for the rest.';

export interface RepliesOptions extends GroundOptions {
  readonly api: DiscordApi;
  readonly budgets: Budgets;
  readonly posts: Posts;
  readonly errands: Errands;
  readonly botId: () => string | undefined;
}

/** Conversations whose last page is remembered. */
const maxRemembered = 10_000;

/** The replies that are being written. */
export class Replies {
  readonly #options: RepliesOptions;
  readonly #running = new Running<DiscordSurface>();
  /** The last page of each conversation's reply before. */
  readonly #lastPages = new Map<ConversationId, string>();

  constructor(options: RepliesOptions) {
    this.#options = options;
  }

  surface(
    conversation: ConversationId,
    turn: string,
    messages: readonly Message[],
  ): DiscordSurface {
    const place = placeOf(conversation);
    const ids = messages.map(({ id }) => id);
    // A reply may have gone on behind the next question.
    const before = [...ids, this.#lastPages.get(conversation) ?? '0'].toSorted(byAge).at(-1);
    const surface = new DiscordSurface({
      ...this.#options,
      likely: this.#likelyChannel(place, ids),
      findGround: (signal) => groundFor(place, messages, this.#options, signal),
      after: before ?? '0',
    });
    this.#running.begin(conversation, { turn, questions: new Set(ids), pen: surface });
    return surface;
  }

  /** A message was deleted. The conversation whose running reply it belongs to. */
  withdraw(message: string): ConversationId | undefined {
    return this.#running.withdraw(message);
  }

  /** No answer stops without a word. */
  ended(conversation: ConversationId, turn: string): void {
    const surface = this.#running.end(conversation, turn);
    if (surface?.newest !== undefined) this.#rememberLast(conversation, surface.newest);
    const silence = surface?.silence;
    if (silence === undefined) return;
    const { code, ground } = silence;
    const { api, errands } = this.#options;
    errands.run('say why the answer ends', saying(api, ground, sentenceFor(code)));
  }

  /** Where the limits are to be looked at that the reply will spend. */
  #likelyChannel({ channel, root }: Place, questions: readonly string[]): string {
    const { channels, threads } = this.#options;
    if (root === undefined) return channel;
    return channels.knows(root) || (threads && questions.includes(root)) ? root : channel;
  }

  #rememberLast(conversation: ConversationId, page: string): void {
    this.#lastPages.delete(conversation);
    if (this.#lastPages.size >= maxRemembered) {
      this.#lastPages.delete(this.#lastPages.keys().next().value ?? conversation);
    }
    this.#lastPages.set(conversation, page);
  }
}

function sentenceFor(code: number): string {
  if (code === codes.oldEdits) return editsOverSentence;
  return code === codes.linkFilter ? linksSentence : blockedSentence;
}
