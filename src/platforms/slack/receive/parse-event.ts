import { type Fields, fieldsOf, textOf } from '../../../core/foreign-data.ts';
import { keyOf } from '../reply/posted-messages.ts';
import { type Said, saidIn } from '../messages/slack-message.ts';

/** What an event tells. */
export type Told =
  /**
   * `mention`: the `app_mention` of a message, whose twin event `message` says more. `key`: it
   * carries the key of a reply's page.
   */
  | {
      readonly kind: 'said';
      readonly said: Said;
      readonly mention: boolean;
      readonly key?: string;
    }
  /** A person changed a message, which now reads so. */
  | { readonly kind: 'changed'; readonly said: Said }
  /** A message was deleted, which read so. */
  | { readonly kind: 'deleted'; readonly said: Said }
  /** A person opened the direct conversation with the bot. */
  | { readonly kind: 'opened'; readonly user: string; readonly channel: string }
  /** The app may do nothing here any more. */
  | { readonly kind: 'gone'; readonly why: string }
  /** Slack leaves events out because there are too many. */
  | { readonly kind: 'throttled' };

/** Reads the body of an event; undefined for what is of no concern, or of no known shape. */
export function toldBy(body: unknown): Told | undefined {
  const envelope = fieldsOf(body);
  if (envelope['type'] === 'app_rate_limited') return { kind: 'throttled' };
  if (envelope['type'] !== 'event_callback') return undefined;
  const event = fieldsOf(envelope['event']);
  switch (event['type']) {
    case 'app_mention':
    case 'message':
      return toldByMessage(event, envelope);
    case 'app_home_opened':
      return toldByHome(event);
    case 'tokens_revoked':
    case 'app_uninstalled':
      return { kind: 'gone', why: event['type'] };
    default:
      return undefined;
  }
}

function toldByMessage(event: Fields, envelope: Fields): Told | undefined {
  const channel = textOf(event['channel']);
  if (channel === undefined) return undefined;
  const shared = envelope['is_ext_shared_channel'];
  const place = { channel, ...(typeof shared === 'boolean' ? { shared } : {}) };
  switch (event['subtype']) {
    case 'message_changed':
      return toldByChange(event, place);
    case 'message_deleted': {
      const said = saidIn(event['previous_message'], place);
      return said && { kind: 'deleted', said };
    }
    default: {
      const said = saidIn(event, place);
      const key = keyOf(event);
      const mention = event['type'] === 'app_mention';
      return said && { kind: 'said', said, mention, ...(key === undefined ? {} : { key }) };
    }
  }
}

/** Previews of links, new replies and our own edits arrive as changes, too. */
function toldByChange(event: Fields, place: { channel: string }): Told | undefined {
  const before = saidIn(event['previous_message'], place);
  if (fieldsOf(event['message'])['subtype'] === 'tombstone') {
    return before && { kind: 'deleted', said: before };
  }
  const said = saidIn(event['message'], place);
  if (said?.user === undefined || said.text === before?.text) return undefined;
  return { kind: 'changed', said };
}

function toldByHome(event: Fields): Told | undefined {
  const [user, channel] = [textOf(event['user']), textOf(event['channel'])];
  if (event['tab'] !== 'messages' || user === undefined || channel === undefined) return undefined;
  return { kind: 'opened', user, channel };
}
