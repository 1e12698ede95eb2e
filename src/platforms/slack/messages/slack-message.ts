// Tested by test/unit/platforms/slack/messages/normalize-message-traits.test.ts
import { asList, asRecord, asText, type JsonRecord } from '../../../core/foreign-data.ts';
import { maxRawChars } from '../../../core/domain/message.ts';

/** A message in Slack, of a person or a bot, as an event or the API has it. */
export interface SlackMessage {
  readonly channel: string;
  /** The message's id in its channel, and its time. */
  readonly ts: string;
  /** The thread's first message, if this one is a reply to it. */
  readonly threadTs?: string;
  /** The author's id; absent where the author is a bot. */
  readonly user?: string;
  /** The author, where it is a bot. */
  readonly botAuthor?: { readonly id?: string; readonly user?: string; readonly name: string };
  /** As Slack writes it: `<@U1>` for people, `&lt;` for `<`. */
  readonly text: string;
  readonly files: readonly string[];
  /** Reported as `app_mention`: it mentions the bot, even where the text does not show it. */
  readonly isAppMention?: true;
  /** The author's workspace or organisation, where Slack says so. */
  readonly team?: string;
  /** Whether people of other organisations can be in this channel, where Slack says so. */
  readonly shared?: boolean;
}

/** Subtypes that are messages of their own; every other one reports a change or an event. */
const messageSubtypes = new Set([undefined, 'file_share', 'thread_broadcast', 'bot_message']);

/**
 * Reads a message of an event, of `conversations.history` or of `conversations.replies`.
 * Undefined for other entries: joins, topics, pins, the tombstone of a deleted message.
 */
export function parseMessage(
  message: unknown,
  place: { readonly channel: string; readonly shared?: boolean },
): SlackMessage | undefined {
  const fields = asRecord(message);
  const ts = asText(fields['ts']);
  if (
    ts === undefined ||
    !messageSubtypes.has(asText(fields['subtype'])) ||
    fields['hidden'] === true
  ) {
    return undefined;
  }
  const botAuthor = botAuthorOf(fields);
  const user = asText(fields['user']);
  if ((botAuthor === undefined && user === undefined) || user === 'USLACKBOT') return undefined;
  const threadTs = asText(fields['thread_ts']);
  const team =
    asText(fields['user_team']) ?? asText(fields['source_team']) ?? asText(fields['team']);
  return {
    ...place,
    ts,
    ...(threadTs === undefined || threadTs === ts ? {} : { threadTs }),
    ...(botAuthor === undefined ? { user: user ?? '' } : { botAuthor }),
    text: (asText(fields['text']) ?? (botAuthor === undefined ? '' : attachedText(fields))).slice(
      0,
      maxRawChars,
    ),
    files: asList(fields['files']).map(
      (file) => asText(asRecord(file)['name']) ?? asText(asRecord(file)['title']) ?? 'a file',
    ),
    ...(team === undefined ? {} : { team }),
  };
}

function botAuthorOf(fields: JsonRecord): SlackMessage['botAuthor'] {
  const id = asText(fields['bot_id']);
  if (id === undefined && fields['subtype'] !== 'bot_message') return undefined;
  const user = asText(fields['user']);
  const name = asText(fields['username']) ?? asText(asRecord(fields['bot_profile'])['name']);
  return {
    ...(id === undefined ? {} : { id }),
    ...(user === undefined ? {} : { user }),
    name: name ?? 'a bot',
  };
}

/** Many bots leave the text empty and write everything into attachments. */
function attachedText(fields: JsonRecord): string {
  const texts = asList(fields['attachments']).map((attachment) => {
    const { text, fallback } = asRecord(attachment);
    return asText(text) ?? asText(fallback) ?? '';
  });
  return texts.filter((text) => text !== '').join('\n');
}
