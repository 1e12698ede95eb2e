import { randomUUID } from 'node:crypto';
import type { DiscordApi } from '../api/rest-api.ts';
import type { Ground } from '../reply/reply-location.ts';
import { quietly } from '../reply/no-pings-no-embeds.ts';

/** What posts a sentence of Parley's own, which is no part of a reply; once, however often it runs. */
export function saying(
  api: DiscordApi,
  { channel, replyTo }: Ground,
  sentence: string,
): (signal: AbortSignal) => Promise<void> {
  const nonce = randomUUID().replaceAll('-', '').slice(0, 25);
  const reference = { message_id: replyTo, fail_if_not_exists: false };
  const body = {
    content: sentence,
    nonce,
    enforce_nonce: true,
    ...quietly,
    ...(replyTo === undefined ? {} : { message_reference: reference }),
  };
  return async (signal) => {
    await api.call('POST', `/channels/${channel}/messages`, { body }, signal);
  };
}
