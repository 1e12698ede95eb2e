import { type Fields, fieldsOf, listOf, textOf } from '../../core/fields.ts';
import { isSnowflake } from './snowflake.ts';

/** A person, a bot or a webhook. */
interface Person {
  readonly id: string;
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
  /** As Discord writes it: `<@1>` for people. */
  readonly text: string;
  /** Everybody whom the text mentions, and the author of the message that it replies to. */
  readonly mentions: readonly Person[];
  /** It calls roles, or everybody. */
  readonly callsGroup: boolean;
  readonly files: readonly string[];
  /** The message that it replies to, as far as Discord sends it along. */
  readonly repliesTo?: Reference;
}

/** A message that another one replies to. */
interface Reference {
  readonly id: string;
  /** Absent where that message is deleted, or was not sent along. */
  readonly author?: Person;
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
  const contents = [fields, ...forwardedIn(fields)];
  const repliesTo = fields['type'] === 19 ? referenceIn(fields) : undefined;
  return {
    id,
    channel,
    ...(guild === undefined ? {} : { guild }),
    author,
    text: wordsIn(fields),
    mentions: listOf(fields['mentions'])
      .map((one) => personIn(one, fieldsOf(one)))
      .filter((one) => one !== undefined),
    callsGroup: fields['mention_everyone'] === true || listOf(fields['mention_roles']).length > 0,
    files: contents.flatMap((one) => [
      ...listOf(one['attachments']).map((file) => named('file', fieldsOf(file)['filename'])),
      ...listOf(one['sticker_items']).map((sticker) => named('sticker', fieldsOf(sticker)['name'])),
    ]),
    ...(repliesTo === undefined ? {} : { repliesTo }),
  };
}

/** Its text, or that of the message that it passes on. */
function wordsIn(fields: Fields): string {
  const own = textOf(fields['content']);
  const forwarded = forwardedIn(fields)
    .map(({ content }) => textOf(content))
    .filter((text) => text !== undefined);
  return [own ?? '', ...forwarded.map((text) => `[forwarded] ${text}`)].join('\n').trim();
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
    ...(author === undefined ? {} : { author }),
    ...(isSnowflake(before) ? { repliesTo: before } : {}),
  };
}

/** @param around what the person stands in: a message's own has the nickname beside it */
function personIn(value: unknown, around: Fields): Person | undefined {
  const user = fieldsOf(value);
  const { id } = user;
  if (!isSnowflake(id)) return undefined;
  const name =
    textOf(fieldsOf(around['member'])['nick']) ??
    textOf(user['global_name']) ??
    textOf(user['username']) ??
    'someone';
  return { id, name, bot: user['bot'] === true || textOf(around['webhook_id']) !== undefined };
}

function named(kind: string, name: unknown): string {
  return `[${kind}: ${(textOf(name) ?? kind).replaceAll(/\s+/g, ' ')}]`;
}
