import type { ConversationId } from '../../../core/domain/conversation.ts';
import { MessageRefused, StoreUnavailable } from '../../../core/domain/errors.ts';
import type { Followups } from '../../../core/intake/access.ts';
import { isStop, type Message } from '../../../core/domain/message.ts';
import type { Log } from '../../../core/ports/log.ts';
import { Once } from '../../common/once.ts';
import { persist } from '../../../core/timing.ts';
import type { Intake } from '../../../core/ports/platform.ts';
import type { Store } from '../../../core/ports/store.ts';
import { type Fields, fieldsOf, listOf } from '../../../core/foreign-data.ts';
import { sentences } from '../../../core/domain/user-texts.ts';
import type { ReadingNotes } from '../../../core/intake/poison-messages.ts';
import type { TurnedAway } from '../../../core/intake/refusal-notices.ts';
import type { Door } from './access-check.ts';
import { authorId, isOwn, mayAsk, meant, mentions, speakerOf } from './classify-message.ts';
import type { People } from '../api/users.ts';
import { conversationOf, isDirect, placeOf } from '../messages/conversation-location.ts';
import type { Said } from '../messages/slack-message.ts';
import type { Self } from '../api/identify-bot.ts';
import { textFor, toMessage } from '../messages/normalize-message.ts';
import { type Told, toldBy } from './parse-event.ts';
import { Twins } from './mention-deduplicator.ts';
import { peopleIn } from '../messages/slack-text.ts';
import { endAnswers } from '../../../core/intake/end-answers.ts';

export interface ListenerOptions {
  readonly self: Self;
  readonly intake: Intake;
  readonly store: Pick<Store, 'participation' | 'active' | 'view'>;
  readonly people: People;
  readonly followups: Followups;
  /** Who may ask, and where. */
  readonly door: Door;
  readonly turnedAway: TurnedAway;
  readonly reading: ReadingNotes;
  /** Ids of the bots that are answered like people. */
  readonly bots: ReadonlySet<string>;
  readonly log: Log;
  /** Ends what is waited for when nothing is taken in any more. */
  readonly signal: AbortSignal;
  /** Tells the author why a message is not taken in. */
  readonly tell: (said: Said, sentence: string) => void;
  /**
   * A message was deleted. The conversation whose running reply it belongs to, as a question or as
   * one of the reply's own; nothing more of that reply is written.
   */
  readonly withdraw: (said: Said) => ConversationId | undefined;
  /** A message of the bot's own came in that carries the key of a reply's page. */
  readonly land: (said: Said, key: string) => void;
  /** Somebody opened the direct conversation with the bot. */
  readonly greet: (user: string, channel: string) => void;
}

/** Hears what happens in Slack, finds out what it means for the bot, and hands it in. */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #twins = new Twins();
  readonly #notStored = new Once();

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  /**
   * Takes an event's body in. Resolves once it may be acknowledged: what matters of it is stored.
   * Throws what `Intake` throws, but for messages that are refused: their authors are told.
   */
  async take(body: Fields): Promise<void> {
    if (!this.#isOurs(body)) return;
    const told = toldBy(body);
    if (told === undefined) {
      const { type, subtype } = fieldsOf(body['event']);
      this.#options.log.debug({ type, subtype }, 'slack event of no concern');
      return;
    }
    await this.#act(told);
  }

  /** Somebody said something that may have been missed. `answered`: the bot spoke after it. */
  async hear(said: Said, { answered = false } = {}): Promise<void> {
    await this.#reading(said, () => this.#hear(said, { answered }));
  }

  async #hear(said: Said, { answered = false, mention = false } = {}): Promise<void> {
    const { self, intake, store, followups, people, bots, signal } = this.#options;
    if (isOwn(said, self)) return;
    if ((mention || mentions(said, self)) && stopsInChannel(said, self)) {
      return stopOwn(said, self, this.#options);
    }
    const conversation = conversationOf(self.team, said);
    const calls = mention || isDirect(said.channel) || mentions(said, self);
    // A round trip that most of what is said does not need: what calls the bot is a question
    // anyway, and what calls nobody outside of threads is none.
    const depends = calls ? !mayAsk(said, self, bots) : said.threadTs !== undefined;
    const participation = depends || answered ? await store.participation(conversation) : undefined;
    if (answered && participation === undefined) return;
    let kind = meant(said, self, followups, participation, bots);
    // A mention may be where the text does not show it.
    if (mention && mayAsk(said, self, bots)) kind = 'question';
    if (kind === undefined || (await this.#turnsAway(said, conversation, kind))) return;
    const names = await people.names([said.user], [peopleIn(said.text)], signal);
    const message = toMessage(said, kind, self, names);
    // Nothing in it that could be read, such as a picture of the app's own making.
    if (message.text === '') return;
    // Where nobody goes on without a mention, this much is understood of those who have asked.
    const asker = said.user !== undefined && authorId(self.team, said.user);
    const stops =
      kind === 'context' && asker && isStop(message.text) && participation?.people.includes(asker);
    try {
      const receipt = await intake.receive(message, (sentence) =>
        this.#options.tell(said, sentence),
      );
      // Read again later, it must not end another answer.
      if (stops && receipt === 'kept') {
        await persist(() => intake.stop(conversation), this.#options.log, signal);
      }
    } catch (error) {
      if (error instanceof StoreUnavailable) this.#regret(said, message, error);
      if (!(error instanceof MessageRefused)) throw error;
      await this.#refuse(said, message, error);
    }
  }

  /** What waits for another event is taken in now. */
  hurry(): void {
    this.#twins.giveUp();
  }

  async #act(told: Told): Promise<void> {
    const { log, greet, self, land, door } = this.#options;
    switch (told.kind) {
      case 'said':
        if (told.key !== undefined && isOwn(told.said, self)) land(told.said, told.key);
        return this.#reading(told.said, () => this.#hearTwin(told.said, told.mention));
      case 'changed':
        return this.#reading(told.said, () => this.#revise(told.said));
      case 'deleted':
        return this.#reading(told.said, () => this.#withdraw(told.said));
      case 'opened':
        if (door.plainRefusal({ ...told, ts: '', text: '', files: [] }) === undefined) {
          greet(told.user, told.channel);
        }
        return;
      case 'gone':
        log.error({ why: told.why, remedy: 'install the app again' }, 'Slack app removed');
        return;
      case 'throttled':
        log.warn({}, 'Slack leaves events out: there are too many');
    }
  }

  #hearTwin(said: Said, mention: boolean): Promise<void> {
    const key = `${said.channel} ${said.ts}`;
    if (mention) return this.#twins.mention(key, () => this.#hear(said, { mention }));
    if (isDirect(said.channel) || !mentions(said, this.#options.self)) return this.#hear(said);
    return this.#twins.message(key, () => this.#hear(said));
  }

  /** Reads what was said, unless reading it ended the process before. */
  #reading(said: Said, read: () => Promise<void>): Promise<void> {
    const { self, reading, intake, tell } = this.#options;
    const id = `${self.team}:${said.channel}:${said.ts}`;
    return reading.during({ id, chars: said.text.length }, read, async () => {
      await intake.withdraw(conversationOf(self.team, said), said.ts);
      if (said.user !== undefined) tell(said, sentences.unreadable);
    });
  }

  async #revise(said: Said): Promise<void> {
    const { self, intake, people, door, signal } = this.#options;
    if (!(await this.#concerns(said)) || (await door.refusal(said, signal)) !== undefined) return;
    const names = await people.names([], [peopleIn(said.text)], signal);
    const text = textFor(said, self, names);
    try {
      await intake.revise(conversationOf(self.team, said), said.ts, text);
    } catch (error) {
      if (!(error instanceof MessageRefused)) throw error;
      this.#options.tell(said, error.message);
    }
  }

  async #withdraw(said: Said): Promise<void> {
    const { self, intake, withdraw } = this.#options;
    if (await this.#concerns(said)) {
      if (await intake.withdraw(conversationOf(self.team, said), said.ts)) return;
    }
    const conversation = withdraw(said);
    if (conversation !== undefined) await intake.stop(conversation);
  }

  /** Whether it can have been a question: most that people change in channels was none. */
  async #concerns(said: Said): Promise<boolean> {
    const { self, store } = this.#options;
    if (said.user === undefined || said.user === self.userId) return false;
    if (isDirect(said.channel) || mentions(said, self)) return true;
    return (await store.participation(conversationOf(self.team, said))) !== undefined;
  }

  /** Whether its author may not use the bot; a person who asked something is told so. */
  async #turnsAway(
    said: Said,
    conversation: ConversationId,
    kind: Message['kind'],
  ): Promise<boolean> {
    const { self, door, turnedAway, intake, tell, signal } = this.#options;
    const why = await door.refusal(said, signal);
    if (why === undefined) return false;
    const person = authorId(self.team, speakerOf(said));
    turnedAway.note(person, { why, channel: said.channel, ts: said.ts });
    // What is not known now may be known when it is read again.
    if (kind === 'context' || why === 'unknown') return true;
    await intake.withdraw(conversation, said.ts);
    const sentAt = Number(said.ts) * 1_000;
    if (said.user !== undefined && (await turnedAway.isToBeTold(person, sentAt))) {
      tell(said, sentences.notAllowed);
    }
    return true;
  }

  async #refuse(said: Said, message: Message, refused: MessageRefused): Promise<void> {
    const { intake, tell } = this.#options;
    if (message.kind === 'context' || refused.reason === 'empty') return;
    // Known from now on: read again after an outage it must not be answered after all.
    await intake.withdraw(message.conversation, message.id);
    tell(said, refused.message);
  }

  /** Tells whoever asked, once, that somebody has to mend the store first; Slack delivers it again. */
  #regret(said: Said, { kind }: Message, { trouble }: StoreUnavailable): void {
    if (kind === 'context' || trouble === undefined) return;
    if (!this.#notStored.isFirst(`${said.channel} ${said.ts}`)) return;
    this.#options.tell(said, sentences.notStored(trouble));
  }

  /** Events of a workspace that our token is not for. */
  #isOurs(body: Fields): boolean {
    const { team, enterprise } = this.#options.self;
    const teams = [body, ...listOf(body['authorizations']).map(fieldsOf)].flatMap((fields) => [
      fields['team_id'],
      fields['enterprise_id'],
    ]);
    const ours = teams.some((id) => id === team || (id !== undefined && id === enterprise));
    if (!ours) this.#options.log.debug({ team: body['team_id'] }, 'event of another workspace');
    return ours;
  }
}

/** Whether it is the order to stop, said to the bot outside of threads: it begins no thread. */
export function stopsInChannel(said: Said, self: Self): boolean {
  if (said.user === undefined || said.threadTs !== undefined || isDirect(said.channel))
    return false;
  return said.user !== self.userId && isStop(textFor(said, self, new Map()));
}

/**
 * Ends the answers to what its author asked in this channel, and not in a thread. Read again after
 * an outage, it ends nothing that was asked after it.
 */
export async function stopOwn(
  { channel, ts, user = '' }: Said,
  { team }: Self,
  { intake, store }: { readonly intake: Intake; readonly store: Pick<Store, 'active' | 'view'> },
): Promise<void> {
  const author = authorId(team, user);
  await endAnswers({
    platform: 'slack',
    orderedAt: Number(ts) * 1_000,
    intake,
    store,
    meantIn: (conversation) => {
      const place = placeOf(conversation);
      if (place.team !== team || place.channel !== channel) return undefined;
      return (question) =>
        question.author.id === author && question.id === place.root && question.id < ts;
    },
  });
}
