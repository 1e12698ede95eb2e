import { LRUCache } from 'lru-cache';
import type { ConversationId } from '../../core/domain/conversation.ts';
import { MessageRefused, StoreUnavailable } from '../../core/domain/errors.ts';
import { isStopCommand, type Message } from '../../core/domain/message.ts';
import { userTexts } from '../../core/domain/user-texts.ts';
import type { FollowUpPolicy, RefusalNotices } from '../../core/intake/access.ts';
import type { PoisonMessageGuard } from '../../core/intake/poison-messages.ts';
import type { Log } from '../../core/ports/log.ts';
import type { Intake } from '../../core/ports/platform.ts';
import type { Store } from '../../core/ports/store.ts';
import { retryWhileStoreIsDown } from '../../core/timing.ts';
import { classifyMessage, dependsOnParticipation, type MessageTraits } from './classify-message.ts';

/** 24 hours: a message that is edited later is no new question, as nobody waits for an answer. */
const editableMs = 24 * 60 * 60_000;
/** Messages of which it is remembered that their authors know of the store's trouble. */
const maxRemembered = 10_000;

/** Facts of a message that are known without a call and without reading its text. */
export interface MessageFacts {
  /** As in the core's `Message.id`: unique in its conversation. */
  readonly id: string;
  /** Unique on the platform. */
  readonly globalId: string;
  /** Id of the author, unique on the platform. */
  readonly author: string;
  /** The author is a person, or a bot that is listed in `ALLOW_BOTS`. */
  readonly mayAsk: boolean;
  readonly isFromBot: boolean;
  /** In milliseconds since the epoch. */
  readonly sentAt: number;
  /** Of its text, in UTF-16 units. */
  readonly length: number;
  /** Where it is, for the log. */
  readonly location: Readonly<Record<string, unknown>>;
}

/** Where a message belongs, and what it is like. */
export interface MessageRoute {
  readonly conversation: ConversationId;
  /** The conversation begins with it if it is a question: everybody may follow up there. */
  readonly opens: boolean;
  readonly traits: MessageTraits;
}

/**
 * One platform's way to read its messages. Methods that return promises may call the platform or
 * the store, and throw what those throw: the event is then received again.
 */
export interface MessageAdapter<M> {
  factsOf(message: M): MessageFacts;
  /** Where the message belongs; undefined where it has nothing to do with the bot. */
  route(message: M): Promise<MessageRoute | undefined>;
  /**
   * The conversation of which the message may be a question; undefined if the bot takes no part.
   *
   * @param options.readText false: the text is not looked at, as reading it may end the process
   */
  conversationOf(
    message: M,
    options: { readonly readText: boolean },
  ): Promise<ConversationId | undefined>;
  /** Whether an edit can make it a question: it is in a channel, and mentions the bot by now. */
  mentionsBotInChannel(message: M): boolean;
  /** The work of a "stop" that is posted in a channel, where it begins no conversation. */
  stopCommandOf(message: M): Promise<(() => Promise<void>) | undefined>;
  /**
   * Why the author may not use the bot there; undefined if they may. `unknown`: the platform does
   * not tell now what it depends on.
   */
  denialReason(message: M): Promise<string | undefined>;
  /** The message as the core receives it. */
  normalize(message: M, as: MessageRoute & Pick<Message, 'kind'>): Promise<Message>;
  /** The text of an edited message, as in `normalize`. */
  textOf(message: M): Promise<string>;
  /** Tells the author something about their message; bots are told nothing. */
  notify(message: M, text: string): void;
  /** Tells the author, in private, that they may not use the bot there. */
  notifyDenied(message: M): void;
}

export interface MessageHandlerOptions<M> {
  readonly adapter: MessageAdapter<M>;
  readonly intake: Intake;
  readonly store: Pick<Store, 'participation'>;
  /** Who may follow up in a thread without a mention. */
  readonly followUps: FollowUpPolicy;
  readonly refusalNotices: RefusalNotices;
  readonly poisonMessages: PoisonMessageGuard;
  /**
   * A message was deleted: nothing more is written of the running reply that it belongs to, as a
   * question or as one of the reply's own. That reply's conversation, if there is one.
   *
   * @param globalId as `MessageFacts.globalId`
   */
  readonly onMessageDeleted: (globalId: string) => ConversationId | undefined;
  readonly log: Log;
  /** Aborts when no events are received any more. */
  readonly signal: AbortSignal;
}

/**
 * Decides what is done with messages that people post, edit and delete, on every platform alike, and
 * submits them to the core. Each method resolves once what matters is stored, and throws what
 * `Intake` and the adapter throw, but for messages that are refused: their authors are told.
 */
export class MessageHandler<M> {
  readonly #options: MessageHandlerOptions<M>;
  /** Global ids of messages whose authors know of the store's trouble. */
  readonly #toldOfTrouble = new LRUCache<string, true>({ max: maxRemembered });

  constructor(options: MessageHandlerOptions<M>) {
    this.#options = options;
  }

  /**
   * A message was posted, now or while no events were received.
   *
   * @param schedule runs `accept`, perhaps later, or not at all where another event of the same
   *   message does
   */
  onMessage(
    message: M,
    schedule = (accept: () => Promise<void>): Promise<void> => accept(),
  ): Promise<void> {
    return this.#guard(message, () => schedule(() => this.#accept(message)));
  }

  /** A message was edited. One that waits is answered as it reads now; it may become a question. */
  async onEdit(message: M): Promise<void> {
    if (!this.#options.adapter.factsOf(message).mayAsk) return;
    await this.#guard(message, () => this.#applyEdit(message));
  }

  /** A message was deleted, which is known as it read. */
  onDelete(message: M): Promise<void> {
    const { adapter } = this.#options;
    const { id, globalId } = adapter.factsOf(message);
    return this.#guard(message, async () => {
      const conversation = await adapter.conversationOf(message, { readText: true });
      await this.withdraw(conversation, { id, globalId });
    });
  }

  /**
   * A message was deleted: as a question it gets no answer, and a running reply ends.
   *
   * @param conversation of which it may be a question
   */
  async withdraw(
    conversation: ConversationId | undefined,
    { id, globalId }: Pick<MessageFacts, 'id' | 'globalId'>,
  ): Promise<void> {
    const { intake, onMessageDeleted } = this.#options;
    if (conversation !== undefined && (await intake.withdraw(conversation, id))) return;
    const running = onMessageDeleted(globalId);
    if (running !== undefined) await intake.stop(running);
  }

  /**
   * A message waits behind others that the store does not take. If it is a question its author is
   * told, once, that somebody has to mend the store.
   */
  async onBlocked(message: M, error: StoreUnavailable): Promise<void> {
    const { adapter } = this.#options;
    if (error.trouble === undefined || !adapter.factsOf(message).mayAsk) return;
    const classified = await this.#classify(message);
    if (classified === undefined || (await adapter.denialReason(message)) !== undefined) return;
    this.#notifyOfTrouble(message, classified.kind, error);
  }

  async #accept(message: M): Promise<void> {
    const { adapter, intake, log, signal } = this.#options;
    const { mayAsk } = adapter.factsOf(message);
    const stop = mayAsk ? await adapter.stopCommandOf(message) : undefined;
    if (stop !== undefined) {
      // Who may not ask may not stop what others asked.
      if ((await adapter.denialReason(message)) === undefined) await stop();
      return;
    }
    const classified = await this.#classify(message);
    if (classified === undefined) return;
    const { conversation, kind, participation } = classified;
    if (await this.#isDenied(message, conversation, kind)) return;
    const normalized = await adapter.normalize(message, classified);
    // Nothing that could be read, such as a picture that an app made.
    if (normalized.text === '') return;
    // Where nobody follows up without a mention, "stop" is understood of those who have asked.
    const stops =
      kind === 'context' &&
      isStopCommand(normalized.text) &&
      participation?.people.includes(normalized.author.id) === true;
    try {
      const receipt = await intake.receive(normalized, (text) => adapter.notify(message, text));
      // A duplicate is an old message that is read again: it must not stop another answer.
      if (stops && receipt === 'kept') {
        await retryWhileStoreIsDown(() => intake.stop(conversation), log, signal);
      }
    } catch (error) {
      if (error instanceof StoreUnavailable) this.#notifyOfTrouble(message, kind, error);
      if (!(error instanceof MessageRefused)) throw error;
      if (kind === 'context' || error.reason === 'empty') return;
      // Known from now on: read again after an outage it must not be answered after all.
      await intake.withdraw(conversation, normalized.id);
      adapter.notify(message, error.message);
    }
  }

  async #applyEdit(message: M): Promise<void> {
    const { adapter, intake } = this.#options;
    const { id, isFromBot, sentAt } = adapter.factsOf(message);
    const conversation = await adapter.conversationOf(message, { readText: true });
    if (conversation !== undefined) {
      if ((await adapter.denialReason(message)) !== undefined) return;
      try {
        if (await intake.revise(conversation, id, await adapter.textOf(message))) return;
      } catch (error) {
        if (!(error instanceof MessageRefused)) throw error;
        adapter.notify(message, error.message);
        return;
      }
    }
    // A bot edits its message while it writes: that asks nothing.
    if (isFromBot || sentAt < Date.now() - editableMs) return;
    // One that was answered before is a duplicate for the core, and is not answered again.
    if (adapter.mentionsBotInChannel(message)) await this.#accept(message);
  }

  async #classify(message: M) {
    const { adapter, store, followUps } = this.#options;
    const route = await adapter.route(message);
    if (route === undefined) return undefined;
    const participation = dependsOnParticipation(route.traits)
      ? await store.participation(route.conversation)
      : undefined;
    const { author } = adapter.factsOf(message);
    const kind = classifyMessage(route.traits, { author, followUps, participation });
    return kind === undefined ? undefined : { ...route, kind, participation };
  }

  /** Whether its author may not use the bot there; a person who asked something is told so. */
  async #isDenied(
    message: M,
    conversation: ConversationId,
    kind: Message['kind'],
  ): Promise<boolean> {
    const { adapter, refusalNotices, intake } = this.#options;
    const why = await adapter.denialReason(message);
    if (why === undefined) return false;
    const { id, author, isFromBot, sentAt, location } = adapter.factsOf(message);
    refusalNotices.log(author, { why, ...location });
    // What is unknown now may be known when the message is read again.
    if (kind === 'context' || why === 'unknown') return true;
    await intake.withdraw(conversation, id);
    if (!isFromBot && (await refusalNotices.shouldNotify(author, sentAt))) {
      adapter.notifyDenied(message);
    }
    return true;
  }

  /** Reads a message, unless reading it ended the process before. */
  #guard(message: M, read: () => Promise<void>): Promise<void> {
    const { adapter, poisonMessages, intake } = this.#options;
    const { id, globalId, length } = adapter.factsOf(message);
    return poisonMessages.read({ id: globalId, chars: length }, read, async () => {
      const conversation = await adapter.conversationOf(message, { readText: false });
      if (conversation !== undefined) await intake.withdraw(conversation, id);
      adapter.notify(message, userTexts.unreadable);
    });
  }

  /** Tells once of a store that somebody has to mend; the message itself is received again. */
  #notifyOfTrouble(message: M, kind: Message['kind'], { trouble }: StoreUnavailable): void {
    const { adapter } = this.#options;
    const { globalId } = adapter.factsOf(message);
    if (kind === 'context' || trouble === undefined || this.#toldOfTrouble.has(globalId)) return;
    this.#toldOfTrouble.set(globalId, true);
    adapter.notify(message, userTexts.notStored(trouble));
  }
}
