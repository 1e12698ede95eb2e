import type { SlackApi } from '../api/web-api.ts';
import type { BackgroundCalls } from '../../common/background-calls.ts';
import { isDirect, type SlackLocation } from '../messages/conversation-location.ts';
import type { SlackMessage } from '../messages/slack-message.ts';
import type { JsonRecord } from '../../../core/foreign-data.ts';

/** Somebody who asks far too much is told the same there only now and then, in milliseconds. */
const notifyEveryMs = 60_000;
/** Beyond this many, what was told first, and who was greeted first, is forgotten. */
const maxKnown = 10_000;

/** What people are told besides replies. */
export class UserNotices {
  readonly #api: SlackApi;
  readonly #errands: BackgroundCalls;
  readonly #toldAt = new Map<string, number>();
  readonly #greeted = new Map<string, number>();

  constructor(options: { api: SlackApi; errands: BackgroundCalls }) {
    this.#api = options.api;
    this.#errands = options.errands;
  }

  /** Tells the author, and nobody else, why a message is not taken in. */
  readonly notify = ({ channel, threadTs, user }: SlackMessage, sentence: string): void => {
    // Bots read nothing of the kind.
    if (user === undefined) return;
    const now = performance.now();
    const key = `${user} ${channel} ${sentence}`;
    if (now - (this.#toldAt.get(key) ?? Number.NEGATIVE_INFINITY) < notifyEveryMs) return;
    remember(this.#toldAt, key, now);
    this.#errands.run('tell why not', async (signal) => {
      if (isDirect(channel)) {
        const place = { channel, ...(threadTs === undefined ? {} : { root: threadTs }) };
        await postNotice(this.#api, place, sentence, signal);
        return;
      }
      // Under a message without replies nobody would see it: there is no thread to open yet.
      const thread = threadTs === undefined ? {} : { thread_ts: threadTs };
      const args = { channel, user, markdown_text: sentence, ...thread };
      await this.#api.call('chat.postEphemeral', args, signal);
    });
  };

  /** Offers something to ask to whoever opens the messages tab for the first time. */
  readonly suggestPrompts = (user: string, channel: string): void => {
    if (this.#greeted.has(user)) return;
    remember(this.#greeted, user, performance.now());
    this.#errands.run('suggest prompts', async (signal) => {
      const args = { channel_id: channel, prompts: suggestedPrompts };
      await this.#api.call('assistant.threads.setSuggestedPrompts', args, signal);
    });
  };
}

function remember(known: Map<string, number>, id: string, at: number): void {
  known.delete(id);
  if (known.size >= maxKnown) known.delete(known.keys().next().value ?? '');
  known.set(id, at);
}

/** Posts a sentence of Parley's own, which is no part of a reply. */
export async function postNotice(
  api: SlackApi,
  place: Pick<SlackLocation, 'channel' | 'root'>,
  sentence: string,
  signal: AbortSignal,
): Promise<void> {
  await api.call('chat.postMessage', noticeArguments(place, sentence), signal);
}

/** What posts it. */
export function noticeArguments(
  { channel, root }: Pick<SlackLocation, 'channel' | 'root'>,
  sentence: string,
): JsonRecord {
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

/** What a new conversation in the messages tab offers; the manifest says the same. */
export const suggestedPrompts: readonly { readonly title: string; readonly message: string }[] = [
  { title: 'What can you do?', message: 'What can you do for me? Answer in a few lines.' },
  { title: 'Explain something', message: 'Explain to me, in plain words: ' },
  { title: 'Improve a text', message: 'Make this text shorter and clearer:\n\n' },
];
