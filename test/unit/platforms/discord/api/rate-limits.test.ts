import { describe, expect, it } from 'vitest';
import { Budgets } from '../../../../../src/platforms/discord/api/rate-limits.ts';

const channel = '100000000000000001';
const message = '100000000000000002';

function headers(limit: string, remaining: string, resetAfter: string): Headers {
  return new Headers({
    'x-ratelimit-limit': limit,
    'x-ratelimit-remaining': remaining,
    'x-ratelimit-reset-after': resetAfter,
  });
}

describe('the limits of a channel', () => {
  it('are five calls in five seconds until Discord tells', () => {
    const { edit, post } = new Budgets({ alone: true }).of(channel);
    expect(edit[0]).toMatchObject({ burst: 5, perSecond: 1, told: undefined, oneAtATime: true });
    expect(post[0]).toMatchObject({ burst: 5, perSecond: 1, told: undefined });
    expect(post[0]).not.toHaveProperty('oneAtATime');
  });

  it.each([
    ['POST', `/channels/${channel}/messages`, 'post'],
    ['PATCH', `/channels/${channel}/messages/${message}`, 'edit'],
    ['DELETE', `/channels/${channel}/messages/${message}`, 'remove'],
  ] as const)('are learned from the answer to %s %s', (method, path, kind) => {
    const budgets = new Budgets({ alone: true });
    const before = performance.now();
    budgets.hear(method, path, headers('7', '3', '1.5'));
    const { told } = budgets.of(channel)[kind][0]!;
    expect(told).toMatchObject({ limit: 7, left: 3 });
    // The client library waits 50 ms longer than Discord says.
    expect(told!.resetsAt - told!.at).toBeGreaterThan(1_550);
    expect(told!.resetsAt - before).toBeLessThan(2_500);
    for (const other of ['post', 'edit', 'remove'] as const) {
      if (other !== kind) expect(budgets.of(channel)[other][0]!.told).toBeUndefined();
    }
    expect(budgets.of(message)[kind][0]!.told).toBeUndefined();
  });

  it.each([
    ['POST', `/channels/${channel}/typing`],
    ['GET', `/channels/${channel}/messages`],
    ['PATCH', `/channels/${channel}`],
    ['POST', `/channels/${channel}/messages/${message}/threads`],
  ])('have nothing to do with %s %s', (method, path) => {
    const budgets = new Budgets({ alone: true });
    budgets.hear(method, path, headers('7', '3', '1.5'));
    const { post, edit, remove } = budgets.of(channel);
    expect([post, edit, remove].map(([own]) => own!.told)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it.each([
    ['', '', ''],
    ['0', '0', '1'],
    ['5', '-1', '1'],
    ['5', '1', 'soon'],
  ])('are not taken from headers that make no sense: %j %j %j', (...values) => {
    const budgets = new Budgets({ alone: true });
    budgets.hear('POST', `/channels/${channel}/messages`, headers(...values));
    expect(budgets.of(channel).post[0]!.told).toBeUndefined();
  });

  it('of two channels share nothing but the limit over all', () => {
    const budgets = new Budgets({ alone: true });
    const keys = (of: string) => budgets.of(of).edit.map(({ key }) => key);
    const both = keys(channel).filter((key) => keys(message).includes(key));
    expect(both).toEqual(['discord:global']);
  });
});
