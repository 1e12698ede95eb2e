import type { Fields } from '../../../core/foreign-data.ts';
import type { SlackApi } from '../api/web-api.ts';
import type { Place } from '../messages/conversation-location.ts';

/** Posts a sentence of Parley's own, which is no part of a reply. */
export async function say(
  api: SlackApi,
  place: Pick<Place, 'channel' | 'root'>,
  sentence: string,
  signal: AbortSignal,
): Promise<void> {
  await api.call('chat.postMessage', sentenceIn(place, sentence), signal);
}

/** What posts it. */
export function sentenceIn(
  { channel, root }: Pick<Place, 'channel' | 'root'>,
  sentence: string,
): Fields {
  return {
    channel,
    ...(root === undefined ? {} : { thread_ts: root }),
    markdown_text: sentence,
    // Else it could be taken for a stream that was begun and lost.
    metadata: { event_type: 'parley_sentence', event_payload: {} },
    unfurl_links: false,
    unfurl_media: false,
  };
}
