import { type JsonRecord, asRecord, asList, asText } from '../../../core/foreign-data.ts';
import { cleanName, maxRawChars } from '../../../core/domain/message.ts';
import { isSnowflake } from '../api/snowflake.ts';

/** A person, a bot or a webhook. */
interface DiscordUser {
  readonly id: string;
  /** On one line, and never empty. */
  readonly name: string;
  /** Not a person. */
  readonly bot: boolean;
}

/** Something that was said in Discord, before anybody judged what it means. */
export interface DiscordMessage {
  /** The message's id, which tells its time, too. */
  readonly id: string;
  /** A thread is a channel of its own. */
  readonly channel: string;
  /** Absent in direct conversations. */
  readonly guild?: string;
  readonly author: DiscordUser;
  /** Ids of the roles that the author has in the guild, where Discord tells. */
  readonly authorRoles?: readonly string[];
  /** Its own words as Discord writes them: `<@1>` for people. */
  readonly text: string;
  /** The words of the messages that it passes on. */
  readonly forwarded: readonly string[];
  /** Everybody whom the text mentions, and the author of the message that it replies to. */
  readonly mentions: readonly DiscordUser[];
  readonly mentionsEveryone: boolean;
  /** Ids of the roles that it calls. */
  readonly mentionedRoles: readonly string[];
  /** Files, stickers and polls, as a line each. */
  readonly files: readonly string[];
  /** The message that it replies to, as far as Discord sends it along. */
  readonly repliesTo?: RepliedMessage;
}

/** A message that another one replies to. */
interface RepliedMessage {
  readonly id: string;
  /** Absent where that message is deleted, or was not sent along. */
  readonly author?: DiscordUser;
  readonly deleted?: true;
  /** The message that it replied to in its turn. */
  readonly repliesTo?: string;
}

/** What people say; every other type reports something, such as a pin. */
const messageTypes = new Set<unknown>([0, 19]);

/**
 * Reads a message of an event or of the API. Undefined for what nobody said, such as joins and
 * pins, and for what is no message at all.
 *
 * @param place where it is, as the API does not tell a message's guild
 */
export function parseMessage(
  message: unknown,
  place: { guild?: string } = {},
): DiscordMessage | undefined {
  const fields = asRecord(message);
  const { id, channel_id: channel } = fields;
  const author = parseUser(fields['author'], fields);
  if (!isSnowflake(id) || !isSnowflake(channel) || author === undefined) return undefined;
  if (!messageTypes.has(fields['type'])) return undefined;
  const guild = asText(fields['guild_id']) ?? place.guild;
  const forwarded = forwardedMessages(fields);
  const contents = [fields, ...forwarded];
  const { roles } = asRecord(fields['member']);
  const repliesTo = fields['type'] === 19 ? parseReference(fields) : undefined;
  return {
    id,
    channel,
    ...(guild === undefined ? {} : { guild }),
    author,
    ...(Array.isArray(roles) ? { authorRoles: roles.filter(isSnowflake) } : {}),
    text: contentOf(fields['content']),
    forwarded: forwarded.map(({ content }) => contentOf(content)).filter((words) => words !== ''),
    mentions: asList(fields['mentions'])
      .map((one) => parseUser(one, asRecord(one)))
      .filter((one) => one !== undefined),
    mentionsEveryone: fields['mention_everyone'] === true,
    mentionedRoles: asList(fields['mention_roles']).filter(isSnowflake),
    files: contents.flatMap((one) => [
      ...asList(one['attachments']).map((file) => bracketed('file', asRecord(file)['filename'])),
      ...asList(one['sticker_items']).map((sticker) =>
        bracketed('sticker', asRecord(sticker)['name']),
      ),
      ...pollLine(asRecord(one['poll'])),
    ]),
    ...(repliesTo === undefined ? {} : { repliesTo }),
  };
}

function contentOf(content: unknown): string {
  return asText(content)?.slice(0, maxRawChars).trim() ?? '';
}

/** The messages that it passes on. */
function forwardedMessages(fields: JsonRecord): JsonRecord[] {
  return asList(fields['message_snapshots']).map((one) => asRecord(asRecord(one)['message']));
}

function parseReference(fields: JsonRecord): RepliedMessage | undefined {
  const id = asRecord(fields['message_reference'])['message_id'];
  if (!isSnowflake(id)) return undefined;
  const referenced = asRecord(fields['referenced_message']);
  const author = parseUser(referenced['author'], referenced);
  const before = asRecord(referenced['message_reference'])['message_id'];
  return {
    id,
    ...(fields['referenced_message'] === null ? { deleted: true as const } : {}),
    ...(author === undefined ? {} : { author }),
    ...(isSnowflake(before) ? { repliesTo: before } : {}),
  };
}

/** @param around what the person stands in: a message's own has the nickname beside it */
function parseUser(value: unknown, around: JsonRecord): DiscordUser | undefined {
  const user = asRecord(value);
  const { id } = user;
  if (!isSnowflake(id)) return undefined;
  const names = [asRecord(around['member'])['nick'], user['global_name'], user['username']];
  const name =
    names.map((one) => cleanName(asText(one) ?? '')).find((one) => isVisible(one)) ?? 'someone';
  return { id, name, bot: user['bot'] === true || asText(around['webhook_id']) !== undefined };
}

/** A question with its answers; nothing where there is neither. */
function pollLine({ question, answers }: JsonRecord): string[] {
  const asked = asText(asRecord(question)['text']);
  const choices = asList(answers)
    .map((one) => asText(asRecord(asRecord(one)['poll_media'])['text']))
    .filter((text) => text !== undefined);
  const parts = [asked, choices.join(' / ')].filter((part) => part !== undefined && part !== '');
  return parts.length === 0 ? [] : [bracketed('poll', parts.join('; '))];
}

function bracketed(kind: string, name: unknown): string {
  return `[${kind}: ${oneLine(asText(name) ?? kind)}]`;
}

/** Names and titles come from people: they must neither be empty nor pose as lines of their own. */

/** A text on one line. */
export function oneLine(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();
}

/** Whether people see anything of it: some letters, and an empty Braille cell, look like nothing. */
export function isVisible(text: string): boolean {
  return /[^\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}\p{Z}\u2800]/u.test(text);
}
