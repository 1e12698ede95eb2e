import { type Fields, fieldsOf, listOf, textOf } from '../../../core/foreign-data.ts';
import { cleanName, maxRawChars } from '../../../core/domain/message.ts';
import { isSnowflake } from '../api/snowflake.ts';

/** A person, a bot or a webhook. */
interface Person {
  readonly id: string;
  /** On one line, and never empty. */
  readonly name: string;
  /** Not a person. */
  readonly bot: boolean;
}

/** Something that was said in Discord, before anybody judged what it means. */
export interface Said {
  /** The message's id, which tells its time, too. */
  readonly id: string;
  /** A thread is a channel of its own. */
  readonly channel: string;
  /** Absent in direct conversations. */
  readonly guild?: string;
  readonly author: Person;
  /** Ids of the roles that the author has in the guild, where Discord tells. */
  readonly rolesOfAuthor?: readonly string[];
  /** Its own words as Discord writes them: `<@1>` for people. */
  readonly text: string;
  /** The words of the messages that it passes on. */
  readonly forwarded: readonly string[];
  /** Everybody whom the text mentions, and the author of the message that it replies to. */
  readonly mentions: readonly Person[];
  readonly callsEverybody: boolean;
  /** Ids of the roles that it calls. */
  readonly roles: readonly string[];
  /** Files, stickers and polls, as a line each. */
  readonly files: readonly string[];
  /** The message that it replies to, as far as Discord sends it along. */
  readonly repliesTo?: Reference;
}

/** A message that another one replies to. */
interface Reference {
  readonly id: string;
  /** Absent where that message is deleted, or was not sent along. */
  readonly author?: Person;
  readonly deleted?: true;
  /** The message that it replied to in its turn. */
  readonly repliesTo?: string;
}

/** What people say; every other type reports something, such as a pin. */
const types = new Set<unknown>([0, 19]);

/**
 * Reads a message of an event or of the API. Undefined for what nobody said, such as joins and
 * pins, and for what is no message at all.
 *
 * @param place where it is, as the API does not tell a message's guild
 */
export function saidIn(message: unknown, place: { guild?: string } = {}): Said | undefined {
  const fields = fieldsOf(message);
  const { id, channel_id: channel } = fields;
  const author = personIn(fields['author'], fields);
  if (!isSnowflake(id) || !isSnowflake(channel) || author === undefined) return undefined;
  if (!types.has(fields['type'])) return undefined;
  const guild = textOf(fields['guild_id']) ?? place.guild;
  const forwarded = forwardedIn(fields);
  const contents = [fields, ...forwarded];
  const { roles } = fieldsOf(fields['member']);
  const repliesTo = fields['type'] === 19 ? referenceIn(fields) : undefined;
  return {
    id,
    channel,
    ...(guild === undefined ? {} : { guild }),
    author,
    ...(Array.isArray(roles) ? { rolesOfAuthor: roles.filter(isSnowflake) } : {}),
    text: wordsOf(fields['content']),
    forwarded: forwarded.map(({ content }) => wordsOf(content)).filter((words) => words !== ''),
    mentions: listOf(fields['mentions'])
      .map((one) => personIn(one, fieldsOf(one)))
      .filter((one) => one !== undefined),
    callsEverybody: fields['mention_everyone'] === true,
    roles: listOf(fields['mention_roles']).filter(isSnowflake),
    files: contents.flatMap((one) => [
      ...listOf(one['attachments']).map((file) => named('file', fieldsOf(file)['filename'])),
      ...listOf(one['sticker_items']).map((sticker) => named('sticker', fieldsOf(sticker)['name'])),
      ...pollIn(fieldsOf(one['poll'])),
    ]),
    ...(repliesTo === undefined ? {} : { repliesTo }),
  };
}

function wordsOf(content: unknown): string {
  return textOf(content)?.slice(0, maxRawChars).trim() ?? '';
}

/** The messages that it passes on. */
function forwardedIn(fields: Fields): Fields[] {
  return listOf(fields['message_snapshots']).map((one) => fieldsOf(fieldsOf(one)['message']));
}

function referenceIn(fields: Fields): Reference | undefined {
  const id = fieldsOf(fields['message_reference'])['message_id'];
  if (!isSnowflake(id)) return undefined;
  const referenced = fieldsOf(fields['referenced_message']);
  const author = personIn(referenced['author'], referenced);
  const before = fieldsOf(referenced['message_reference'])['message_id'];
  return {
    id,
    ...(fields['referenced_message'] === null ? { deleted: true as const } : {}),
    ...(author === undefined ? {} : { author }),
    ...(isSnowflake(before) ? { repliesTo: before } : {}),
  };
}

/** @param around what the person stands in: a message's own has the nickname beside it */
function personIn(value: unknown, around: Fields): Person | undefined {
  const user = fieldsOf(value);
  const { id } = user;
  if (!isSnowflake(id)) return undefined;
  const names = [fieldsOf(around['member'])['nick'], user['global_name'], user['username']];
  const name =
    names.map((one) => cleanName(textOf(one) ?? '')).find((one) => isVisible(one)) ?? 'someone';
  return { id, name, bot: user['bot'] === true || textOf(around['webhook_id']) !== undefined };
}

/** A question with its answers; nothing where there is neither. */
function pollIn({ question, answers }: Fields): string[] {
  const asked = textOf(fieldsOf(question)['text']);
  const choices = listOf(answers)
    .map((one) => textOf(fieldsOf(fieldsOf(one)['poll_media'])['text']))
    .filter((text) => text !== undefined);
  const parts = [asked, choices.join(' / ')].filter((part) => part !== undefined && part !== '');
  return parts.length === 0 ? [] : [named('poll', parts.join('; '))];
}

function named(kind: string, name: unknown): string {
  return `[${kind}: ${oneLine(textOf(name) ?? kind)}]`;
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
