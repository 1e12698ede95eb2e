import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { RequestThrottle } from '../../../../../src/platforms/common/throttles.ts';
import type { SlackApi } from '../../../../../src/platforms/slack/api/web-api.ts';
import { Users } from '../../../../../src/platforms/slack/api/users.ts';
import { recordingLog } from '../../../../fakes/recording-log.ts';

const { signal } = new AbortController();

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** Slack, which tells everybody's name within its limit; `asked` are the ids in order. */
function world() {
  const asked: string[] = [];
  const api = {
    async read(
      _method: string,
      { user }: { user: string },
      gate: RequestThrottle,
      end: AbortSignal,
    ) {
      await gate.acquire(end);
      asked.push(user);
      return { user: { id: user, real_name: `Name of ${user}` } };
    },
  };
  return { asked, users: new Users({ api: api as unknown as SlackApi, log: recordingLog() }) };
}

function strangers(count: number, at: number): string[] {
  return Array.from({ length: count }, (_, n) => `U${at}X${n}`);
}

it('knows authors by name while others mention thousands of made-up people', async () => {
  const { users, asked } = world();
  for (let message = 0; message < 20; message += 1) {
    const names = users.namesOf([`UA${message}`], [strangers(2_500, message)], signal);
    await vi.advanceTimersByTimeAsync(1_000);
    expect((await names).get(`UA${message}`)).toBe(`Name of UA${message}`);
  }
  expect(asked.length).toBeLessThan(100);
});

it('knows the first 20 people whom a message mentions, each once', async () => {
  const { users, asked } = world();
  const mentioned = [...strangers(19, 1), ...strangers(19, 1), 'U1', 'U2'];
  const names = users.namesOf(['U1'], [mentioned, ['U3']], signal);
  await vi.advanceTimersByTimeAsync(1_000);
  expect([...(await names).keys()].sort()).toEqual([...strangers(19, 1), 'U1', 'U3'].sort());
  expect(new Set(asked).size).toBe(asked.length);
});
