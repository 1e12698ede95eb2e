import { describe, expect, it, vi } from 'vitest';
import { streamText } from '../fakes/openai/scripts.ts';
import { startOpenAiFake } from '../fakes/openai/server.ts';
import { startParley } from '../processes/parley-process.ts';
import type { Call } from '../fakes/slack/activity-record.ts';
import type { Message } from '../fakes/slack/message.ts';
import { startSlackFake } from '../fakes/slack/slack-fake.ts';
import { scopes } from '../worlds/slack-world.ts';

/** After which call of its reply the process dies, and whether it has got the answer to it. */
interface Victim {
  readonly root: Message;
  /** From 1; `stop`: the one that ends its stream. */
  readonly call: number | 'stop';
  readonly heard: boolean;
  readonly calls: Call[];
}

const words = Array.from({ length: 160 }, (_, at) => `word-${at}`).join(' ');
const answer = `The answer **begins**. ${words}\n\nThe answer ends.`;
/** Where edits and streams share the limits, the first ones asked for are edited. */
const points = [5, 4, 3, 2, 1, 'stop'] as const;

describe.concurrent.each(['native', 'auto'] as const)('%s', (streaming) => {
  it('completes a reply in its own messages, killed after any call of it', async ({
    onTestFinished,
  }) => {
    const model = await startOpenAiFake({
      script: streamText({ text: answer, tokensPerSecond: 60 }),
    });
    onTestFinished(() => model.close());
    const fake = await startSlackFake({
      workspaces: [{ id: 'T1', scopes }],
      // Two processes in a row spend what one could.
      limits: { scale: 10 },
    });
    onTestFinished(() => fake.close());
    let parley = await startParley({
      OPENAI_BASE_URL: model.url,
      SLACK_BOT_TOKEN: fake.botToken,
      SLACK_APP_TOKEN: fake.appToken,
      SLACK_API_URL: fake.apiUrl,
      SLACK_STREAMING: streaming,
    });
    onTestFinished(async () => void (await parley.stop()));
    const repliesTo = ({ channel, ts }: Message): Message[] =>
      fake
        .workspace()
        .channel(channel)
        .replies(ts)
        .filter(({ author }) => author.name === 'Parley');

    // A reply that has come to its point stands still until all have.
    const victims: Victim[] = [];
    const placeOf = (call: Call): { victim: Victim; place: number } | undefined => {
      if (!call.method.startsWith('chat.')) return undefined;
      const { channel, thread_ts: root, ts } = call.args;
      const of =
        root ?? fake.workspace().channel(String(channel)).everything.get(String(ts))?.threadTs;
      const victim = victims.find((one) => one.root.ts === of && one.root.channel === channel);
      if (victim === undefined) return undefined;
      if (!victim.calls.includes(call)) victim.calls.push(call);
      return { victim, place: victim.calls.indexOf(call) + 1 };
    };
    /** The place of the last call before its death; undefined while it is not known. */
    const lastOf = ({ call, calls }: Victim): number | undefined => {
      if (call !== 'stop') return call;
      const at = calls.findIndex(({ method }) => method === 'chat.stopStream');
      return at < 0 ? undefined : at + 1;
    };
    const times = Number.POSITIVE_INFINITY;
    const isUnheard = (call: Call): boolean => {
      const found = placeOf(call);
      return found !== undefined && !found.victim.heard && found.place === lastOf(found.victim);
    };
    const isBeyond = (call: Call): boolean => {
      const found = placeOf(call);
      return found !== undefined && found.place > (lastOf(found.victim) ?? Infinity);
    };
    const ends = [
      fake.fail('*', { kind: 'lost', by: 'hang' }, { times, when: isUnheard }),
      fake.fail('*', { kind: 'hang' }, { times, when: isBeyond }),
    ];
    for (const call of points) {
      for (const heard of [true, false]) {
        const channel = ['C1', 'C2', 'G1', 'M1'][victims.length % 4]!;
        const root = fake.person('U1').mentions(channel, `killed after call ${call}`);
        victims.push({ root, call, heard, calls: [] });
      }
    }
    const isWhole = ({ root }: Victim): boolean => {
      const last = repliesTo(root).at(-1);
      return last?.stream?.state !== 'open' && (last?.text.endsWith('answer ends.') ?? false);
    };
    await vi.waitFor(
      () => {
        for (const victim of victims) {
          if (isWhole(victim)) continue;
          const least = (lastOf(victim) ?? Infinity) + (victim.heard ? 1 : 0);
          expect(victim.calls.length, String(victim.call)).toBeGreaterThanOrEqual(least);
        }
      },
      { timeout: 30_000, interval: 10 },
    );
    parley.kill();
    await parley.died();
    const before = victims.map(({ root }) => repliesTo(root).map(({ ts }) => ts));
    const last = new Set(victims.map((one) => one.calls[(lastOf(one) ?? 0) - 1]?.method));
    for (const end of ends) end();

    parley = await parley.restart();
    await fake.until(() => victims.every(isWhole), 60_000);
    for (const [at, { root, call, heard }] of victims.entries()) {
      const where = `after call ${call}, ${heard ? 'heard' : 'not heard'}`;
      const after = repliesTo(root);
      expect(after, where).toHaveLength(1);
      expect(after[0]!.text, where).toBe(answer);
      expect([after[0]!.ts], where).toEqual(before[at]!.length > 0 ? before[at] : [after[0]!.ts]);
    }
    expect(last).toContain('chat.startStream');
    expect(last).toContain('chat.appendStream');
    expect(last).toContain('chat.stopStream');
    if (streaming === 'auto') expect(last).toContain('chat.update');
    expect(fake.violations).toEqual([]);
    expect(fake.activity.unfurls).toEqual([]);
  }, 120_000);
});
