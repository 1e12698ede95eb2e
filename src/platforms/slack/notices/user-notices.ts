// Tested by test/contract/platform/slack.test.ts
import { LRUCache } from 'lru-cache';
import { userTexts } from '../../../core/domain/user-texts.ts';
import type { JsonRecord } from '../../../core/foreign-data.ts';
import type { BackgroundCalls } from '../../common/platform-calls.ts';
import { NoticeThrottle } from '../../common/throttles.ts';
import type { SlackApi } from '../api/web-api.ts';
import { isDirect, type SlackLocation } from '../messages/conversation-location.ts';
import type { SlackMessage } from '../messages/slack-message.ts';

/** People who were offered something to ask; beyond this many the oldest is forgotten. */
const maxGreeted = 10_000;

/** Offers in a new conversation of the messages tab; the manifest says the same. */
export const suggestedPrompts: readonly { readonly title: string; readonly message: string }[] = [
  { title: 'What can you do?', message: 'What can you do for me? Answer in a few lines.' },
  { title: 'Explain something', message: 'Explain to me, in plain words: ' },
  { title: 'Improve a text', message: 'Make this text shorter and clearer:\n\n' },
];

/** Texts to people that are no replies: why a message was refused, and what they can ask. */
export class UserNotices {
  readonly #api: SlackApi;
  readonly #backgroundCalls: BackgroundCalls;
  readonly #throttle = new NoticeThrottle();
  readonly #greeted = new LRUCache<string, true>({ max: maxGreeted });

  constructor(options: { api: SlackApi; backgroundCalls: BackgroundCalls }) {
    this.#api = options.api;
    this.#backgroundCalls = options.backgroundCalls;
  }

  /** Tells the author, and nobody else, something about their message; bots are told nothing. */
  notify({ channel, threadTs, user }: SlackMessage, text: string): void {
    if (user === undefined || !this.#throttle.allows(user, channel, text)) return;
    this.#backgroundCalls.run('notify the author', async (signal) => {
      if (isDirect(channel)) {
        const location = { channel, ...(threadTs === undefined ? {} : { root: threadTs }) };
        await postNotice(this.#api, location, text, signal);
        return;
      }
      // Under a message without replies nobody would see it: there is no thread to open yet.
      const thread = threadTs === undefined ? {} : { thread_ts: threadTs };
      const args = { channel, user, markdown_text: text, ...thread };
      await this.#api.call('chat.postEphemeral', args, signal);
    });
  }

  /** Tells the author, and nobody else, that they may not use the bot there. */
  notifyDenied(message: SlackMessage): void {
    this.notify(message, userTexts.notAllowed);
  }

  /** Offers something to ask to a person who opens the messages tab for the first time. */
  suggestPrompts(user: string, channel: string): void {
    if (this.#greeted.has(user)) return;
    this.#greeted.set(user, true);
    this.#backgroundCalls.run('suggest prompts', async (signal) => {
      const args = { channel_id: channel, prompts: suggestedPrompts };
      await this.#api.call('assistant.threads.setSuggestedPrompts', args, signal);
    });
  }
}

/** Posts a text of Parley's own that is no part of a reply. */
export async function postNotice(
  api: SlackApi,
  location: Pick<SlackLocation, 'channel' | 'root'>,
  text: string,
  signal: AbortSignal,
): Promise<void> {
  await api.call('chat.postMessage', noticeArguments(location, text), signal);
}

/** Arguments of the call that posts it. */
export function noticeArguments(
  { channel, root }: Pick<SlackLocation, 'channel' | 'root'>,
  text: string,
): JsonRecord {
  return {
    channel,
    ...(root === undefined ? {} : { thread_ts: root }),
    markdown_text: text,
    // Without metadata it could be taken for a stream whose response was lost.
    metadata: { event_type: 'parley_sentence', event_payload: {} },
    unfurl_links: false,
    unfurl_media: false,
  };
}
