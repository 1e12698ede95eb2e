import type { ConversationId } from '../../../core/domain/conversation.ts';
import { MessageRefused, StoreUnavailable } from '../../../core/domain/errors.ts';
import type { FollowUpPolicy } from '../../../core/intake/access.ts';
import { isStopCommand, type Message } from '../../../core/domain/message.ts';
import type { Log } from '../../../core/ports/log.ts';
import { Once } from '../../common/once.ts';
import { retryWhileStoreIsDown } from '../../../core/timing.ts';
import type { Intake } from '../../../core/ports/platform.ts';
import type { Store } from '../../../core/ports/store.ts';
import { type JsonRecord, asRecord, asList } from '../../../core/foreign-data.ts';
import { userTexts } from '../../../core/domain/user-texts.ts';
import type { PoisonMessageGuard } from '../../../core/intake/poison-messages.ts';
import type { RefusalNotices } from '../../../core/intake/refusal-notices.ts';
import type { AccessCheck } from './access-check.ts';
import { personId, isOwn, mayAsk, classify, mentionsBot, authorIdOf } from './classify-message.ts';
import type { Users } from '../api/users.ts';
import { conversationOf, isDirect, locationOf } from '../messages/conversation-location.ts';
import type { SlackMessage } from '../messages/slack-message.ts';
import type { BotIdentity } from '../api/identify-bot.ts';
import { messageText, normalizeMessage } from '../messages/normalize-message.ts';
import { type SlackEvent, parseEvent } from './parse-event.ts';
import { MentionDeduplicator } from './mention-deduplicator.ts';
import { mentionedUsers } from '../messages/slack-text.ts';
import { endAnswers } from '../../../core/intake/end-answers.ts';

export interface EventHandlerOptions {
  readonly identity: BotIdentity;
  readonly intake: Intake;
  readonly store: Pick<Store, 'participation' | 'recentlyActive' | 'conversationView'>;
  readonly users: Users;
  readonly followups: FollowUpPolicy;
  /** Who may ask, and where. */
  readonly accessCheck: AccessCheck;
  readonly refusalNotices: RefusalNotices;
  readonly readingNotes: PoisonMessageGuard;
  /** Ids of the bots that are answered like people. */
  readonly bots: ReadonlySet<string>;
  readonly log: Log;
  /** Ends what is waited for when nothing is taken in any more. */
  readonly signal: AbortSignal;
  /** Tells the author why a message is not taken in. */
  readonly notify: (said: SlackMessage, sentence: string) => void;
  /**
   * A message was deleted. The conversation whose running reply it belongs to, as a question or as
   * one of the reply's own; nothing more of that reply is written.
   */
  readonly onMessageDeleted: (said: SlackMessage) => ConversationId | undefined;
  /** A message of the bot's own came in that carries the key of a reply's page. */
  readonly onOwnPost: (said: SlackMessage, key: string) => void;
  /** Somebody opened the direct conversation with the bot. */
  readonly suggestPrompts: (user: string, channel: string) => void;
}

/** Hears what happens in Slack, finds out what it means for the bot, and hands it in. */
export class EventHandler {
  readonly #options: EventHandlerOptions;
  readonly #twins = new MentionDeduplicator();
  readonly #notStored = new Once();

  constructor(options: EventHandlerOptions) {
    this.#options = options;
  }

  /**
   * Takes an event's body in. Resolves once it may be acknowledged: what matters of it is stored.
   * Throws what `Intake` throws, but for messages that are refused: their authors are told.
   */
  async handle(body: JsonRecord): Promise<void> {
    if (!this.#isOurs(body)) return;
    const told = parseEvent(body);
    if (told === undefined) {
      const { type, subtype } = asRecord(body['event']);
      this.#options.log.debug({ type, subtype }, 'slack event of no concern');
      return;
    }
    await this.#act(told);
  }

  /** Somebody said something that may have been missed. `answered`: the bot spoke after it. */
  async onMessage(said: SlackMessage, { answered = false } = {}): Promise<void> {
    await this.#reading(said, () => this.#hear(said, { answered }));
  }

  async #hear(said: SlackMessage, { answered = false, mention = false } = {}): Promise<void> {
    const { identity, intake, store, followups, users, bots, signal } = this.#options;
    if (isOwn(said, identity)) return;
    if ((mention || mentionsBot(said, identity)) && isChannelStop(said, identity)) {
      return stopOwnAnswers(said, identity, this.#options);
    }
    const conversation = conversationOf(identity.team, said);
    const calls = mention || isDirect(said.channel) || mentionsBot(said, identity);
    // A round trip that most of what is said does not need: what calls the bot is a question
    // anyway, and what calls nobody outside of threads is none.
    const depends = calls ? !mayAsk(said, identity, bots) : said.threadTs !== undefined;
    const participation = depends || answered ? await store.participation(conversation) : undefined;
    if (answered && participation === undefined) return;
    let kind = classify(said, identity, followups, participation, bots);
    // A mention may be where the text does not show it.
    if (mention && mayAsk(said, identity, bots)) kind = 'question';
    if (kind === undefined || (await this.#turnsAway(said, conversation, kind))) return;
    const names = await users.namesOf([said.user], [mentionedUsers(said.text)], signal);
    const message = normalizeMessage(said, kind, identity, names);
    // Nothing in it that could be read, such as a picture of the app's own making.
    if (message.text === '') return;
    // Where nobody goes on without a mention, this much is understood of those who have asked.
    const asker = said.user !== undefined && personId(identity.team, said.user);
    const stops =
      kind === 'context' &&
      asker &&
      isStopCommand(message.text) &&
      participation?.people.includes(asker);
    try {
      const receipt = await intake.receive(message, (sentence) =>
        this.#options.notify(said, sentence),
      );
      // Read again later, it must not end another answer.
      if (stops && receipt === 'kept') {
        await retryWhileStoreIsDown(() => intake.stop(conversation), this.#options.log, signal);
      }
    } catch (error) {
      if (error instanceof StoreUnavailable) this.#regret(said, message, error);
      if (!(error instanceof MessageRefused)) throw error;
      await this.#refuse(said, message, error);
    }
  }

  /** What waits for another event is taken in now. */
  flush(): void {
    this.#twins.flush();
  }

  async #act(told: SlackEvent): Promise<void> {
    const { log, suggestPrompts, identity, onOwnPost, accessCheck } = this.#options;
    switch (told.kind) {
      case 'said':
        if (told.key !== undefined && isOwn(told.said, identity)) onOwnPost(told.said, told.key);
        return this.#reading(told.said, () => this.#hearTwin(told.said, told.mention));
      case 'changed':
        return this.#reading(told.said, () => this.#revise(told.said));
      case 'deleted':
        return this.#reading(told.said, () => this.#withdraw(told.said));
      case 'opened':
        if (
          accessCheck.denialReasonFromMessageAlone({ ...told, ts: '', text: '', files: [] }) ===
          undefined
        ) {
          suggestPrompts(told.user, told.channel);
        }
        return;
      case 'gone':
        log.error({ why: told.why, remedy: 'install the app again' }, 'Slack app removed');
        return;
      case 'throttled':
        log.warn({}, 'Slack leaves events out: there are too many');
    }
  }

  #hearTwin(said: SlackMessage, mention: boolean): Promise<void> {
    const key = `${said.channel} ${said.ts}`;
    if (mention) return this.#twins.mention(key, () => this.#hear(said, { mention }));
    if (isDirect(said.channel) || !mentionsBot(said, this.#options.identity))
      return this.#hear(said);
    return this.#twins.message(key, () => this.#hear(said));
  }

  /** Reads what was said, unless reading it ended the process before. */
  #reading(said: SlackMessage, read: () => Promise<void>): Promise<void> {
    const { identity, readingNotes, intake, notify } = this.#options;
    const id = `${identity.team}:${said.channel}:${said.ts}`;
    return readingNotes.read({ id, chars: said.text.length }, read, async () => {
      await intake.withdraw(conversationOf(identity.team, said), said.ts);
      if (said.user !== undefined) notify(said, userTexts.unreadable);
    });
  }

  async #revise(said: SlackMessage): Promise<void> {
    const { identity, intake, users, accessCheck, signal } = this.#options;
    if (
      !(await this.#concerns(said)) ||
      (await accessCheck.denialReason(said, signal)) !== undefined
    )
      return;
    const names = await users.namesOf([], [mentionedUsers(said.text)], signal);
    const text = messageText(said, identity, names);
    try {
      await intake.revise(conversationOf(identity.team, said), said.ts, text);
    } catch (error) {
      if (!(error instanceof MessageRefused)) throw error;
      this.#options.notify(said, error.message);
    }
  }

  async #withdraw(said: SlackMessage): Promise<void> {
    const { identity, intake, onMessageDeleted } = this.#options;
    if (await this.#concerns(said)) {
      if (await intake.withdraw(conversationOf(identity.team, said), said.ts)) return;
    }
    const conversation = onMessageDeleted(said);
    if (conversation !== undefined) await intake.stop(conversation);
  }

  /** Whether it can have been a question: most that people change in channels was none. */
  async #concerns(said: SlackMessage): Promise<boolean> {
    const { identity, store } = this.#options;
    if (said.user === undefined || said.user === identity.userId) return false;
    if (isDirect(said.channel) || mentionsBot(said, identity)) return true;
    return (await store.participation(conversationOf(identity.team, said))) !== undefined;
  }

  /** Whether its author may not use the bot; a person who asked something is told so. */
  async #turnsAway(
    said: SlackMessage,
    conversation: ConversationId,
    kind: Message['kind'],
  ): Promise<boolean> {
    const { identity, accessCheck, refusalNotices, intake, notify, signal } = this.#options;
    const why = await accessCheck.denialReason(said, signal);
    if (why === undefined) return false;
    const person = personId(identity.team, authorIdOf(said));
    refusalNotices.log(person, { why, channel: said.channel, ts: said.ts });
    // What is not known now may be known when it is read again.
    if (kind === 'context' || why === 'unknown') return true;
    await intake.withdraw(conversation, said.ts);
    const sentAt = Number(said.ts) * 1_000;
    if (said.user !== undefined && (await refusalNotices.shouldNotify(person, sentAt))) {
      notify(said, userTexts.notAllowed);
    }
    return true;
  }

  async #refuse(said: SlackMessage, message: Message, refused: MessageRefused): Promise<void> {
    const { intake, notify } = this.#options;
    if (message.kind === 'context' || refused.reason === 'empty') return;
    // Known from now on: read again after an outage it must not be answered after all.
    await intake.withdraw(message.conversation, message.id);
    notify(said, refused.message);
  }

  /** Tells whoever asked, once, that somebody has to mend the store first; Slack delivers it again. */
  #regret(said: SlackMessage, { kind }: Message, { trouble }: StoreUnavailable): void {
    if (kind === 'context' || trouble === undefined) return;
    if (!this.#notStored.isFirst(`${said.channel} ${said.ts}`)) return;
    this.#options.notify(said, userTexts.notStored(trouble));
  }

  /** Events of a workspace that our token is not for. */
  #isOurs(body: JsonRecord): boolean {
    const { team, enterprise } = this.#options.identity;
    const teams = [body, ...asList(body['authorizations']).map(asRecord)].flatMap((fields) => [
      fields['team_id'],
      fields['enterprise_id'],
    ]);
    const ours = teams.some((id) => id === team || (id !== undefined && id === enterprise));
    if (!ours) this.#options.log.debug({ team: body['team_id'] }, 'event of another workspace');
    return ours;
  }
}

/** Whether it is the order to stop, said to the bot outside of threads: it begins no thread. */
export function isChannelStop(said: SlackMessage, self: BotIdentity): boolean {
  if (said.user === undefined || said.threadTs !== undefined || isDirect(said.channel))
    return false;
  return said.user !== self.userId && isStopCommand(messageText(said, self, new Map()));
}

/**
 * Ends the answers to what its author asked in this channel, and not in a thread. Read again after
 * an outage, it ends nothing that was asked after it.
 */
async function stopOwnAnswers(
  { channel, ts, user = '' }: SlackMessage,
  { team }: BotIdentity,
  {
    intake,
    store,
  }: {
    readonly intake: Intake;
    readonly store: Pick<Store, 'recentlyActive' | 'conversationView'>;
  },
): Promise<void> {
  const author = personId(team, user);
  await endAnswers({
    platform: 'slack',
    orderedAt: Number(ts) * 1_000,
    intake,
    store,
    selectIn: (conversation) => {
      const place = locationOf(conversation);
      if (place.team !== team || place.channel !== channel) return undefined;
      return (question) =>
        question.author.id === author && question.id === place.root && question.id < ts;
    },
  });
}
