import { type Followups, mayGoOn } from '../../../core/intake/access.ts';
import type { Participation } from '../../../core/ports/store.ts';
import type { Said } from '../messages/discord-message.ts';
import type { Self } from '../api/identify-bot.ts';
import { calledIn } from '../messages/discord-text.ts';

/**
 * Whether its words mention the bot, or the role that is the bot's alone. A reply's own mention of
 * the author is none, and neither is what Discord rings no bell for: code, and the words of a
 * message that is passed on.
 */
export function mentions(said: Said, self: Self): boolean {
  const { people, roles } = calledIn(said.text);
  if (roles.some((id) => self.roles.has(id))) return true;
  return people.includes(self.id) && said.mentions.some(({ id }) => id === self.id);
}

/** Whether it replies to one of the bot's messages. */
export function repliesToBot(said: Said, self: Self): boolean {
  return said.repliesTo?.author?.id === self.id;
}

/** Whether its author may be answered: a person, or a bot of those that are listed by their ids. */
export function mayAsk({ author }: Said, self: Self, bots: ReadonlySet<string>): boolean {
  return author.id !== self.id && (!author.bot || bots.has(author.id));
}

/** Whether it is addressed to the bot by itself, wherever it stands. */
export function addresses(said: Said, self: Self): boolean {
  return said.guild === undefined || mentions(said, self) || repliesToBot(said, self);
}

/**
 * What is to be done with what was said in a thread: answer it, keep it as context, or (undefined)
 * leave it alone.
 *
 * @param participation the bot's in this thread; undefined if it takes no part
 * @param bots ids of the bots and webhooks that are answered like people
 */
export function meant(
  said: Said,
  self: Self,
  followups: Followups,
  participation: Participation | undefined,
  bots: ReadonlySet<string> = new Set(),
): 'question' | 'context' | undefined {
  if (!mayAsk(said, self, bots)) return undefined;
  if (addresses(said, self)) return 'question';
  if (participation === undefined) return undefined;
  if (callsOthers(said, self)) return 'context';
  return mayGoOn(said.author.id, followups, participation) ? 'question' : 'context';
}

function callsOthers(
  { callsEverybody, roles, text, author, repliesTo }: Said,
  self: Self,
): boolean {
  if (callsEverybody || roles.some((id) => !self.roles.has(id))) return true;
  if (calledIn(text).people.length > 0) return true;
  // Discord does not always send along what is replied to: then it may be anybody's.
  if (repliesTo?.author === undefined) return repliesTo?.deleted === true;
  return repliesTo.author.id !== author.id;
}
