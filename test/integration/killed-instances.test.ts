import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { killAtEachPoint, firstKillPoints } from '../chaos/kill-points.ts';
import { QuestionLedger } from '../chaos/question-ledger.ts';
import { runRandomFailures, type RandomFailuresOptions } from '../chaos/random-failures.ts';
import { ChaosEnvironment } from '../chaos/environment.ts';
import { spawnParley } from '../processes/waiting-start.ts';
import { startParley } from '../processes/parley-process.ts';
import { leakCanaries } from '../fakes/leak-canaries.ts';
import { freePort, startRedis } from '../redis/server.ts';

/** Another one each time; `npm run chaos` goes on for longer, and takes it as `--seed`. */
const seed = Date.now() % 1_000_000;

const common = {
  seed,
  instances: 2,
  conversations: 12,
  pauseMs: [500, 2_000],
} as const satisfies Partial<RandomFailuresOptions>;

// They wait for leases to end, most of the time: beside each other they take no longer than one.
describe.concurrent(`several instances, by chance of seed ${seed}`, () => {
  it('answers every question once and whole, while instances and Redis are killed', async () => {
    const { broken, kills, redisDeaths } = await runRandomFailures({
      ...common,
      seconds: 6,
      slack: 'socket',
      killEveryMs: [1_500, 2_500],
      redisDiesAt: [0.5],
      redisAwayMs: 1_500,
    });
    expect(broken).toEqual([]);
    expect(kills).toBeGreaterThan(0);
    expect(redisDeaths).toBe(1);
  }, 120_000);

  it('answers every question once and whole, while instances are renewed', async () => {
    const { broken, restarts } = await runRandomFailures({
      ...common,
      seconds: 9,
      slack: 'http',
      rollsAt: [0.1],
    });
    expect(broken).toEqual([]);
    expect(restarts).toBe(2);
  }, 120_000);

  it('completes a reply in its own messages, killed after any call of it', async () => {
    const points = firstKillPoints({ slack: 4, discord: 7 });
    const { survivors, broken } = await killAtEachPoint(points);
    expect(broken).toEqual([]);
    for (const { before, end, place: corner, after, heard } of survivors) {
      const place = `${corner}: killed after call ${after[0]}, ${heard ? 'heard' : 'not heard'}`;
      expect(end.slice(0, before.length), place).toEqual(before);
      // A reply of one Slack message, and one of two on Discord.
      expect(end, place).toHaveLength(corner === 'discord thread' ? 2 : 1);
    }
    // Calls of every kind were the last one of a process.
    const last = new Set(
      survivors.flatMap(({ done, calls, after: [call] }) => (done ? [] : calls[call - 1])),
    );
    for (const name of [
      'assistant.threads.setStatus',
      'chat.postMessage',
      'chat.update',
      'POST /channels/:channel/messages/:message/threads',
      'POST /channels/:channel/typing',
      'POST /channels/:channel/messages',
      'PATCH /channels/:channel/messages/:message',
    ]) {
      expect(last).toContain(name);
    }
  }, 120_000);

  it('lets Redis be away for 20 s', async ({ onTestFinished }) => {
    const environment = await ChaosEnvironment.start({
      slack: 'http',
      instances: 2,
      threads: 2,
      directs: 1,
    });
    onTestFinished(() => environment.stop());
    const ledger = new QuestionLedger(environment.conversations, environment.model);
    const [writing, late, other] = environment.conversations;
    const ready = async (): Promise<number[]> =>
      Promise.all(
        [0, 1].map(async (at) => (await fetch(`${environment.fleet.at(at).url}/readyz`)).status),
      );
    const shown = (): number => writing!.replies().join('').length;

    ledger.ask(writing!, { words: 700, perSecond: 60 });
    await environment.slack.until(() => shown() > 0);
    await environment.redis.kill9();
    const back = delay(20_000);
    const before = shown();
    const asked = [late!, other!].map((conversation) => ledger.ask(conversation));
    await environment.slack.until(() => shown() > before, 15_000);
    const seen = shown();
    await environment.slack.until(() => shown() > seen, 15_000);
    await vi.waitFor(async () => expect(await ready()).toEqual([503, 503]), { timeout: 10_000 });
    const unkept = environment.slack
      .deliveries()
      .filter(({ payload }) =>
        asked.some(({ name }) => JSON.stringify(payload).includes(`${name} in `)),
      );
    expect(unkept.length).toBeGreaterThan(0);
    await back;
    expect(unkept.filter(({ acked }) => acked)).toEqual([]);

    await environment.redis.restart();
    await vi.waitFor(async () => expect(await ready()).toEqual([200, 200]), { timeout: 10_000 });
    await vi.waitFor(
      () => {
        ledger.checkAnswers();
        expect(ledger.open).toEqual([]);
      },
      { timeout: 60_000, interval: 100 },
    );
    expect(ledger.broken()).toEqual([]);
    expect(environment.slack.violations).toEqual([]);
  }, 150_000);

  it('does not start without the Redis that it was given, and says what to do', async () => {
    const url = `redis://somebody:${leakCanaries.password}@127.0.0.1:1`;
    const parley = spawnParley({ REDIS_URL: url });
    await vi.waitFor(
      () => {
        expect(parley.output).toContain('waiting for Redis at redis://127.0.0.1:1,');
        expect(parley.output).toContain('correct REDIS_URL');
      },
      { timeout: 40_000 },
    );
    expect(parley.output).not.toContain('Parley talks');
    expect(await parley.terminate()).toBe(0);
    expect(parley.output).toContain('stopped');
    expect(parley.output).not.toContain(leakCanaries.password);
  }, 60_000);

  it('waits for its Redis as long as that takes, and then talks', async ({ onTestFinished }) => {
    const port = await freePort();
    const url = `redis://:${leakCanaries.password}@127.0.0.1:${port}`;
    const parley = spawnParley({ REDIS_URL: url });
    onTestFinished(async () => void (await parley.terminate()));
    // It tells so every five seconds.
    await vi.waitFor(
      () => expect(parley.output.split('waiting for Redis').length - 1).toBeGreaterThanOrEqual(4),
      { timeout: 80_000 },
    );
    const redis = await startRedis({ port, args: ['--requirepass', leakCanaries.password] });
    onTestFinished(() => redis.stop());
    await vi.waitFor(() => expect(parley.output).toContain('Parley talks'), { timeout: 40_000 });
    expect(await parley.terminate()).toBe(0);
    expect(parley.output).not.toContain(leakCanaries.password);
  }, 150_000);

  it('does not start with a wrong password for Redis, and says what to do', async ({
    onTestFinished,
  }) => {
    const redis = await startRedis({ args: ['--requirepass', 'the right one'] });
    onTestFinished(() => redis.stop());
    const url = redis.url.replace('redis://', `redis://:${leakCanaries.password}@`);
    const starting = startParley({ REDIS_URL: url });
    await expect(starting).rejects.toThrow(/exit code 78[\s\S]*Correct them in REDIS_URL/);
    await expect(starting).rejects.not.toThrow(leakCanaries.password);
  }, 60_000);
});
