import type { ConversationId } from '../../../core/domain/conversation.ts';
import { withDeadline } from '../../../core/timing.ts';
import { CallFailed, RateLimited } from '../../../core/domain/errors.ts';
import type { Gate } from '../../common/request-throttle.ts';
import type { Log } from '../../../core/ports/log.ts';
import type { Store } from '../../../core/ports/store.ts';
import type { DiscordApi } from '../api/rest-api.ts';
import { rootedConversation } from '../messages/conversation-location.ts';
import { Refused } from '../api/api-errors.ts';
import { type Said, saidIn } from '../messages/discord-message.ts';
import type { Self } from '../api/identify-bot.ts';

/** Nobody replies along a longer chain in earnest. */
const longestChain = 50;
/** A chain that Discord does not tell of for so long is not waited for, in milliseconds. */
const lookUpMs = 5_000;
/** Questions whose conversation is remembered; others are looked up. */
const maxRemembered = 10_000;

/** Where a chain of replies goes on. */
export interface Link {
  readonly conversation: ConversationId;
  /** It begins here: nobody asked anything in it before. */
  readonly opens: boolean;
}

interface Question {
  readonly conversation: ConversationId;
  /** It replies to another message. */
  readonly replies: boolean;
}

/**
 * Chains of replies in a channel: a reply to the bot's newest answer goes on in the conversation,
 * one to an earlier answer branches off into a conversation of its own, which begins with what was
 * said on the way to it.
 */
export class Chains {
  readonly #api: DiscordApi;
  readonly #gate: Gate;
  readonly #store: Pick<Store, 'participation' | 'view'>;
  readonly #self: Self;
  readonly #log: Log;
  /** Questions by the message's id. */
  readonly #questions = new Map<string, Question>();

  constructor(options: {
    api: DiscordApi;
    gate: Gate;
    store: Pick<Store, 'participation' | 'view'>;
    self: Self;
    log: Log;
  }) {
    this.#api = options.api;
    this.#gate = options.gate;
    this.#store = options.store;
    this.#self = options.self;
    this.#log = options.log;
  }

  /** A message belongs to this conversation. */
  remember({ id, repliesTo }: Said, conversation: ConversationId): void {
    if (this.#questions.size >= maxRemembered) {
      this.#questions.delete(this.#questions.keys().next().value ?? '');
    }
    this.#questions.set(id, { conversation, replies: repliesTo !== undefined });
  }

  /** Whether it certainly replies to nothing. */
  standsAlone(message: string): boolean {
    return this.#questions.get(message)?.replies === false;
  }

  /** The conversation of a message in a channel, which may be a question. */
  conversationOf(guild: string, channel: string, message: string): ConversationId {
    return (
      this.#questions.get(message)?.conversation ?? rootedConversation(guild, channel, message)
    );
  }

  /**
   * Where a reply to one of the bot's messages belongs. Where Discord does not tell, the reply
   * begins a conversation of its own: nobody behind it is to wait.
   */
  async link(said: Said, guild: string, signal: AbortSignal): Promise<Link> {
    const answered = said.repliesTo?.repliesTo ?? '';
    const conversation = await this.answeredBy(said, guild, signal);
    // In a branch of its own a bot would have its turns anew.
    const goesOn =
      conversation !== undefined &&
      (said.author.bot || (await this.#isNewest(conversation, answered)));
    if (goesOn) return { conversation, opens: false };
    return { conversation: rootedConversation(guild, said.channel, said.id), opens: true };
  }

  /** The conversation of the answer that this replies to; undefined if it is not known in time. */
  async answeredBy(
    said: Said,
    guild: string,
    signal: AbortSignal,
  ): Promise<ConversationId | undefined> {
    const question = said.repliesTo?.repliesTo;
    if (question === undefined) return undefined;
    try {
      return await withDeadline(lookUpMs, signal, (end) =>
        this.find(guild, said.channel, question, end),
      );
    } catch (error) {
      if (!(error instanceof CallFailed || error instanceof RateLimited)) throw error;
      this.#log.warn({ err: error, message: said.id }, 'chain of replies not known');
      return undefined;
    }
  }

  /** The conversation in which this question was asked, if it is known. */
  async find(
    guild: string,
    channel: string,
    question: string,
    signal: AbortSignal,
  ): Promise<ConversationId | undefined> {
    let id: string | undefined = question;
    for (let steps = 0; id !== undefined && steps < longestChain; steps += 1) {
      const remembered = this.#questions.get(id)?.conversation;
      if (remembered !== undefined) return remembered;
      const rooted = rootedConversation(guild, channel, id);
      if ((await this.#store.participation(rooted)) !== undefined) return rooted;
      id = await this.#questionBefore(channel, id, signal);
    }
    return undefined;
  }

  /** The question before this one, up the chain. */
  async #questionBefore(
    channel: string,
    id: string,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const said = await this.message(channel, id, signal);
    return said?.repliesTo?.author?.id === this.#self.id ? said.repliesTo.repliesTo : undefined;
  }

  /** A message of the channel; undefined if it is deleted, or may not be read. */
  async message(channel: string, id: string, signal: AbortSignal): Promise<Said | undefined> {
    try {
      const path = `/channels/${channel}/messages/${id}` as const;
      return saidIn(await this.#api.read(path, {}, this.#gate, signal));
    } catch (error) {
      if (error instanceof Refused) return undefined;
      throw error;
    }
  }

  /** Whether nothing was asked there after the turn that this question is part of. */
  async #isNewest(conversation: ConversationId, question: string): Promise<boolean> {
    const { history, running, queued } = await this.#store.view(conversation);
    if (queued.length > 0) return queued.some(({ id }) => id === question);
    if (running !== undefined) return running.messages.some(({ id }) => id === question);
    const turn = history.findLast(({ role }) => role === 'assistant')?.turn;
    return turn !== undefined && history.some((one) => one.id === question && one.turn === turn);
  }
}
