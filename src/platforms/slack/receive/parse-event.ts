import { type JsonRecord, asRecord, asText } from '../../../core/foreign-data.ts';
import { pageKeyOf } from '../reply/posted-messages.ts';
import { type SlackMessage, parseMessage } from '../messages/slack-message.ts';

/** An event that Parley handles. */
export type SlackEvent =
  /** A message was posted. `key`: it carries the key of a reply's page. */
  | { readonly kind: 'posted'; readonly message: SlackMessage; readonly key?: string }
  /** A person or a bot edited a message: as it reads now. */
  | { readonly kind: 'edited'; readonly message: SlackMessage }
  /** A message was deleted: as it read. */
  | { readonly kind: 'deleted'; readonly message: SlackMessage }
  /** A person opened the direct conversation with the bot. */
  | { readonly kind: 'dm_opened'; readonly user: string; readonly channel: string }
  /** The app may do nothing here any more. `why`: the event's type. */
  | { readonly kind: 'app_removed'; readonly why: string }
  /** Slack leaves events out because there are too many. */
  | { readonly kind: 'rate_limited' };

/** Reads the body of an event; undefined for one that is ignored, or of no known shape. */
export function parseEvent(body: unknown): SlackEvent | undefined {
  const envelope = asRecord(body);
  if (envelope['type'] === 'app_rate_limited') return { kind: 'rate_limited' };
  if (envelope['type'] !== 'event_callback') return undefined;
  const event = asRecord(envelope['event']);
  switch (event['type']) {
    case 'app_mention':
    case 'message':
      return parseMessageEvent(event, envelope);
    case 'app_home_opened':
      return parseHomeOpened(event);
    case 'tokens_revoked':
    case 'app_uninstalled':
      return { kind: 'app_removed', why: event['type'] };
    default:
      return undefined;
  }
}

function parseMessageEvent(event: JsonRecord, envelope: JsonRecord): SlackEvent | undefined {
  const channel = asText(event['channel']);
  if (channel === undefined) return undefined;
  const shared = envelope['is_ext_shared_channel'];
  const place = { channel, ...(typeof shared === 'boolean' ? { shared } : {}) };
  switch (event['subtype']) {
    case 'message_changed':
      return parseChange(event, place);
    case 'message_deleted': {
      const message = parseMessage(event['previous_message'], place);
      return message && { kind: 'deleted', message };
    }
    default: {
      const message = parseMessage(event, place);
      if (message === undefined) return undefined;
      if (event['type'] === 'app_mention') {
        // Slack sends it again for each edit of a message that mentions the bot.
        const kind = event['edited'] === undefined ? 'posted' : 'edited';
        return { kind, message: { ...message, isAppMention: true } };
      }
      const key = pageKeyOf(event);
      return { kind: 'posted', message, ...(key === undefined ? {} : { key }) };
    }
  }
}

/** Previews of links and new replies are reported as changes, too: the text is as before. */
function parseChange(event: JsonRecord, place: { channel: string }): SlackEvent | undefined {
  const before = parseMessage(event['previous_message'], place);
  if (asRecord(event['message'])['subtype'] === 'tombstone') {
    return before && { kind: 'deleted', message: before };
  }
  const message = parseMessage(event['message'], place);
  if (message === undefined || message.text === before?.text) return undefined;
  return { kind: 'edited', message };
}

function parseHomeOpened(event: JsonRecord): SlackEvent | undefined {
  const [user, channel] = [asText(event['user']), asText(event['channel'])];
  if (event['tab'] !== 'messages' || user === undefined || channel === undefined) return undefined;
  return { kind: 'dm_opened', user, channel };
}
