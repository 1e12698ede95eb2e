import { expect, it, onTestFinished, vi } from 'vitest';
import { type Metrics, noMetrics } from '../../src/core/ports/metrics.ts';
import { DiscordWorld } from '../worlds/discord-world.ts';
import { SlackWorld } from '../worlds/slack-world.ts';

/** Metrics that note the calls to platforms: platform, method and result. */
function notingCalls(): { metrics: Metrics; calls: string[] } {
  const calls: string[] = [];
  const called: Metrics['platformCalled'] = (...[platform, method, result, ms]) => {
    expect(ms).toBeGreaterThan(0);
    calls.push(`${platform} ${method} ${result}`);
  };
  return { metrics: { ...noMetrics, platformCalled: called }, calls };
}

it('Discord: counts calls without ids, and tells whether it is heard', async () => {
  const { metrics, calls } = notingCalls();
  const world = await DiscordWorld.prepare({ platform: { metrics } });
  onTestFinished(() => world.end());
  await world.start();
  await vi.waitFor(() => expect(world.platform.state?.()).toEqual({ up: true, listens: true }), {
    timeout: 10_000,
  });
  world.answerEverything();
  const { fake } = world;
  fake.person('Ada').mention('general', 'hello');
  await world.turnsDone(1);
  expect(calls).toContain('discord POST /channels/:id/messages ok');
  expect(calls).toContain('discord GET /users/@me ok');
  expect(calls.join('\n')).not.toMatch(/\d{5}/);
  await world.stop();
  expect(world.platform.state?.()).toEqual({ up: false, listens: false });
});

it('Slack: counts calls by method, and tells whether it is heard', async () => {
  const { metrics, calls } = notingCalls();
  const world = await SlackWorld.prepare({ platform: { metrics } });
  onTestFinished(() => world.end());
  await world.start();
  expect(world.platform.state?.()).toEqual({ up: true });
  world.answerEverything();
  const { fake } = world;
  fake.fail('chat.postMessage', { kind: 'status', status: 500 });
  fake.person('U1').mentions('C1', 'hello');
  await world.turnsDone(1);
  expect(calls).toContain('slack auth.test ok');
  const posts = calls.filter((call) => call.includes('chat.postMessage'));
  expect(posts).toEqual(['slack chat.postMessage failed', 'slack chat.postMessage ok']);
  await world.stop();
  expect(world.platform.state?.()).toEqual({ up: false });
});
