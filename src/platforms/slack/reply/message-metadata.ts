import { type Fields, fieldsOf, textOf } from '../../../core/foreign-data.ts';

const eventType = 'parley_page';

/** The metadata by which a page's post is found again. */
export function metadataOf(key: string): Fields {
  return { event_type: eventType, event_payload: { key } };
}

/** The idempotency key that a message carries, if it is a page's post. */
export function keyOf(message: Fields): string | undefined {
  const metadata = fieldsOf(message['metadata']);
  if (metadata['event_type'] !== eventType) return undefined;
  return textOf(fieldsOf(metadata['event_payload'])['key']);
}
