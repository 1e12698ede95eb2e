import { REST } from 'discord.js';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RateLimited } from '../../../../../src/core/domain/errors.ts';
import { DiscordApi, routeLabel } from '../../../../../src/platforms/discord/api/rest-api.ts';
import { ChannelRateLimits } from '../../../../../src/platforms/discord/api/rate-limits.ts';
import { recordingLog } from '../../../../fakes/recording-log.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const { signal } = new AbortController();

/** @param latencyMs of every answer */
function setUp(latencyMs = 0) {
  const budgets = new ChannelRateLimits({ alone: true });
  const sentAt: number[] = [];
  const rest = new REST({
    retries: 0,
    makeRequest: async () => {
      sentAt.push(performance.now());
      await new Promise((resolve) => setTimeout(resolve, latencyMs));
      return new Response('{}', { headers: { 'content-type': 'application/json' } });
    },
  }).setToken('token');
  const onUnauthorized = (): void => undefined;
  const api = new DiscordApi({ rest, budgets, log: recordingLog(), onUnauthorized });
  /** How each call ends that posts in one of the channels from `first` on. */
  const post = (first: number, channels: number): Promise<PromiseSettledResult<unknown>[]> => {
    const calls = Array.from({ length: channels }, (_, index) =>
      api.call('POST', `/channels/${10n ** 17n + BigInt(first + index)}/messages`, {}, signal),
    );
    return Promise.allSettled(calls);
  };
  return { api, budgets, sentAt, post };
}

const mostInASecond = (times: readonly number[]): number =>
  Math.max(...times.map((at) => times.filter((to) => to >= at && to < at + 1_000).length));

describe('a call to Discord', () => {
  it('is not sent where it would be one too many for all that the bot does', async () => {
    const { post, sentAt } = setUp();
    const ended = post(0, 51);
    await vi.advanceTimersByTimeAsync(100);
    const refused = (await ended).flatMap((end): unknown[] =>
      end.status === 'rejected' ? [end.reason] : [],
    );
    expect(refused).toEqual([expect.any(RateLimited)]);
    expect(sentAt).toHaveLength(50);
  });

  it('counts when it is sent, though it waited behind others of its channel', async () => {
    const { post, sentAt } = setUp(300);
    const ended = [1, 2, 3, 4, 5].map(() => post(0, 10));
    await vi.advanceTimersByTimeAsync(1_050);
    ended.push(post(10, 50));
    await vi.advanceTimersByTimeAsync(2_000);
    await Promise.all(ended);
    expect(sentAt.length).toBeGreaterThan(50);
    expect(mostInASecond(sentAt)).toBeLessThanOrEqual(50);
  });

  it('that was never sent leaves its place to others', async () => {
    const { api, budgets, post } = setUp(3_000);
    void post(0, 1);
    const given = new AbortController();
    const path = `/channels/${10n ** 17n}/messages` as const;
    const waiting = api.call('POST', path, {}, given.signal).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(1_500);
    expect(budgets.global.reported).toMatchObject({ left: 47 });
    given.abort(new Error('given up'));
    expect(await waiting).toBe(given.signal.reason);
    expect(budgets.global.reported).toMatchObject({ left: 48 });
  });

  it('that was given up before takes no place of others, nor is it said to be one too many', async () => {
    const { api, budgets } = setUp();
    const reason = new Error('given up');
    const call = () => api.call('GET', '/users/@me', {}, AbortSignal.abort(reason));
    await expect(call()).rejects.toBe(reason);
    expect(budgets.global.reported).toMatchObject({ left: 48 });
    for (let calls = 0; calls < 50; calls += 1) budgets.global.acquire();
    await expect(call()).rejects.toBe(reason);
  });
});

it.for<[string, string]>([
  ['/channels/1100000000000000001/messages', '/channels/:id/messages'],
  ['/channels/1/messages/2/threads', '/channels/:id/messages/:id/threads'],
  ['/users/@me', '/users/@me'],
  ['/applications/@me', '/applications/@me'],
  ['/gateway/bot', '/gateway/bot'],
  ['/webhooks/1/aW50ZXJhY3Rpb246Mjoz/callback', '/webhooks/:id/:id/callback'],
])('%s is a call of %s', ([path, expected]) => {
  expect(routeLabel('GET', path)).toBe(`GET ${expected}`);
});
