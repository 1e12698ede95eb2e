import { type JsonRecord, asRecord, asText } from '../../../core/foreign-data.ts';
import { pageKeyOf } from '../reply/posted-messages.ts';
import { type SlackMessage, parseMessage } from '../messages/slack-message.ts';

/** What an event tells. */
export type SlackEvent =
  /**
   * `mention`: the `app_mention` of a message, whose twin event `message` says more. `key`: it
   * carries the key of a reply's page.
   */
  | {
      readonly kind: 'said';
      readonly said: SlackMessage;
      readonly mention: boolean;
      readonly key?: string;
    }
  /** A person changed a message, which now reads so. */
  | { readonly kind: 'changed'; readonly said: SlackMessage }
  /** A message was deleted, which read so. */
  | { readonly kind: 'deleted'; readonly said: SlackMessage }
  /** A person opened the direct conversation with the bot. */
  | { readonly kind: 'opened'; readonly user: string; readonly channel: string }
  /** The app may do nothing here any more. */
  | { readonly kind: 'gone'; readonly why: string }
  /** Slack leaves events out because there are too many. */
  | { readonly kind: 'throttled' };

/** Reads the body of an event; undefined for what is of no concern, or of no known shape. */
export function parseEvent(body: unknown): SlackEvent | undefined {
  const envelope = asRecord(body);
  if (envelope['type'] === 'app_rate_limited') return { kind: 'throttled' };
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
      return { kind: 'gone', why: event['type'] };
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
      const said = parseMessage(event['previous_message'], place);
      return said && { kind: 'deleted', said };
    }
    default: {
      const said = parseMessage(event, place);
      const key = pageKeyOf(event);
      const mention = event['type'] === 'app_mention';
      return said && { kind: 'said', said, mention, ...(key === undefined ? {} : { key }) };
    }
  }
}

/** Previews of links, new replies and our own edits arrive as changes, too. */
function parseChange(event: JsonRecord, place: { channel: string }): SlackEvent | undefined {
  const before = parseMessage(event['previous_message'], place);
  if (asRecord(event['message'])['subtype'] === 'tombstone') {
    return before && { kind: 'deleted', said: before };
  }
  const said = parseMessage(event['message'], place);
  if (said?.user === undefined || said.text === before?.text) return undefined;
  return { kind: 'changed', said };
}

function parseHomeOpened(event: JsonRecord): SlackEvent | undefined {
  const [user, channel] = [asText(event['user']), asText(event['channel'])];
  if (event['tab'] !== 'messages' || user === undefined || channel === undefined) return undefined;
  return { kind: 'opened', user, channel };
}
