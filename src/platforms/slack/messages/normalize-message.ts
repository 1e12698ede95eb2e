import type { Message } from '../../../core/domain/message.ts';
import { personId, mentionsBot, authorIdOf } from '../receive/classify-message.ts';
import { conversationOf, isDirect } from './conversation-location.ts';
import type { SlackMessage } from './slack-message.ts';
import type { BotIdentity } from '../api/identify-bot.ts';
import { toPlainText } from './slack-text.ts';

/**
 * The message that was said, as the core takes it in.
 *
 * @param names of the author and of everybody mentioned, by id
 */
export function normalizeMessage(
  said: SlackMessage,
  kind: Message['kind'],
  self: BotIdentity,
  names: ReadonlyMap<string, string>,
): Message {
  const author = authorOf(said, self, names);
  const opens =
    kind === 'question' &&
    said.threadTs === undefined &&
    !isDirect(said.channel) &&
    mentionsBot(said, self);
  return {
    id: said.ts,
    conversation: conversationOf(self.team, said),
    author,
    text: messageText(said, self, names),
    sentAt: Number(said.ts) * 1_000,
    kind,
    ...(opens ? { opens } : {}),
  };
}

/** What was said, as people read it, without the mention that only rings the bot's bell. */
export function messageText(
  said: SlackMessage,
  self: BotIdentity,
  names: ReadonlyMap<string, string>,
): string {
  const all = new Map(names).set(self.userId, self.name);
  const words = toPlainText(withoutBotMention(said.text, self.userId), all).trim();
  const files = said.files.map((name) => `[file: ${name.replaceAll(/\s+/g, ' ')}]`);
  const text = [words, ...files].filter((part) => part !== '').join('\n');
  if (text !== '' || !mentionsBot(said, self)) return text;
  return said.threadTs === undefined
    ? '(mentions you without a word)'
    : '(mentions you without a word: what was said above wants your answer)';
}

/** "@parley: stop" and "stop @parley" are the order to stop. */
function withoutBotMention(text: string, userId: string): string {
  // Each once, and from the first of a row alone: no text takes long.
  const bell = `<@${userId}(?:\\|[^<>]*)?>`;
  return text
    .replace(new RegExp(`^\\s*${bell}(?:[\\s,:;]|${bell})*`), '')
    .replace(new RegExp(`(?<![\\s,]|${bell})(?:[\\s,]*${bell})+\\s*$`), '');
}

function authorOf(
  said: SlackMessage,
  self: BotIdentity,
  names: ReadonlyMap<string, string>,
): Message['author'] {
  if (said.user === undefined) {
    const id = authorIdOf(said);
    const own = id === self.botId || id === self.userId;
    return { id: personId(self.team, id), name: own ? self.name : (said.bot?.name ?? 'a bot') };
  }
  // Who has no name for us is told apart from the others all the same.
  return { id: personId(self.team, said.user), name: names.get(said.user) ?? said.user };
}
