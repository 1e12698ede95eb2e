import { type FollowUpPolicy, mayFollowUp } from '../../../core/intake/access.ts';
import type { Participation } from '../../../core/ports/store.ts';
import type { DiscordMessage } from '../messages/discord-message.ts';
import type { BotIdentity } from '../api/identify-bot.ts';
import { mentionsIn } from '../messages/discord-text.ts';

/**
 * Whether its words mention the bot, or the role that is the bot's alone. A reply's own mention of
 * the author is none, and neither is what Discord rings no bell for: code, and the words of a
 * message that is passed on.
 */
export function mentionsBot(message: DiscordMessage, bot: BotIdentity): boolean {
  const { people, roles } = mentionsIn(message.text);
  if (roles.some((id) => bot.roles.has(id))) return true;
  return people.includes(bot.id) && message.mentions.some(({ id }) => id === bot.id);
}

/** Whether it replies to one of the bot's messages. */
export function repliesToBot(message: DiscordMessage, bot: BotIdentity): boolean {
  return message.repliesTo?.author?.id === bot.id;
}

/** Whether its author may be answered: a person, or a bot of those that are listed by their ids. */
export function mayAsk(
  { author }: DiscordMessage,
  bot: BotIdentity,
  bots: ReadonlySet<string>,
): boolean {
  return author.id !== bot.id && (!author.bot || bots.has(author.id));
}

/** Whether it is addressed to the bot by itself, wherever it stands. */
export function isAddressedToBot(message: DiscordMessage, bot: BotIdentity): boolean {
  return message.guild === undefined || mentionsBot(message, bot) || repliesToBot(message, bot);
}

/**
 * What is to be done with what was said in a thread: answer it, keep it as context, or (undefined)
 * leave it alone.
 *
 * @param participation the bot's in this thread; undefined if it takes no part
 * @param bots ids of the bots and webhooks that are answered like people
 */
export function classify(
  message: DiscordMessage,
  bot: BotIdentity,
  followups: FollowUpPolicy,
  participation: Participation | undefined,
  bots: ReadonlySet<string> = new Set(),
): 'question' | 'context' | undefined {
  if (!mayAsk(message, bot, bots)) return undefined;
  if (isAddressedToBot(message, bot)) return 'question';
  if (participation === undefined) return undefined;
  if (mentionsOthers(message, bot)) return 'context';
  return mayFollowUp(message.author.id, followups, participation) ? 'question' : 'context';
}

function mentionsOthers(
  { mentionsEveryone, mentionedRoles, text, author, repliesTo }: DiscordMessage,
  bot: BotIdentity,
): boolean {
  if (mentionsEveryone || mentionedRoles.some((id) => !bot.roles.has(id))) return true;
  if (mentionsIn(text).people.length > 0) return true;
  // Discord does not always send along what is replied to: then it may be anybody's.
  if (repliesTo?.author === undefined) return repliesTo?.deleted === true;
  return repliesTo.author.id !== author.id;
}
