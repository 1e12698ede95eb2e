import { describe, expect } from 'vitest';
import type { Fault } from '../fakes/slack/faults.ts';
import type { Message } from '../fakes/slack/message.ts';
import { itInWorlds as it, type SlackWorld } from '../worlds/slack-world.ts';

const native = { platform: { streaming: 'native' } } as const;

/** A reply whose stream was begun and lost: it is posted instead, and over. */
async function lost(world: SlackWorld, fault: Fault): Promise<Message> {
  world.fake.fail('chat.startStream', fault);
  const { root, writing } = await world.ask();
  writing.write('One.').end();
  await world.turnsDone(1, 20_000);
  expect(world.replies('C1', root.ts)).toEqual(['One.']);
  return root;
}

describe.concurrent('a look for a stream that was begun and lost', () => {
  it.for([
    ['that never comes', { kind: 'reset' }, 0],
    ['that comes late', { kind: 'late', ms: 9_000 }, 1],
  ] as const)('%s leaves the next reply alone', async ([, fault, strays], { worlds }) => {
    const world = await worlds.begin(native);
    const { fake, model } = world;
    const root = await lost(world, fault);
    await fake.until(() => world.replies('C1', root.ts).length === 1 + strays, 20_000);
    fake.person('U1').posts('C1', 'and then?', { thread_ts: root.ts });
    const writing = await fake.until(() => model.answers[1]);
    writing.write('Two');
    const next = await fake.until(() =>
      fake
        .workspace()
        .channel('C1')
        .replies(root.ts)
        .find(({ text }) => text === 'Two'),
    );
    expect(next.stream?.state).toBe('open');
    // Slack was asked for the lost page, for late posts at the reply's end, and now for the stream.
    await fake.until(() => fake.calls('conversations.replies').length >= 3, 20_000);
    await fake.until(() => fake.calls('chat.delete').length === strays);
    writing.write(' three.');
    await fake.until(() => next.text === 'Two three.');
    writing.end();
    await world.turnsDone(2);
    expect(world.replies('C1', root.ts)).toEqual(['One.', 'Two three.']);
    expect(fake.calls('chat.delete')).toHaveLength(strays);
  });

  it('is taken at once where the service ends', async ({ worlds }) => {
    const world = await worlds.begin(native);
    const { fake } = world;
    const root = await lost(world, { kind: 'late', ms: 9_000 });
    await fake.until(() => world.replies('C1', root.ts).length === 2, 20_000);
    await world.restart();
    expect(world.replies('C1', root.ts)).toEqual(['One.']);
    expect(world.logged('background call failed')).toEqual([]);
  });
});

describe.concurrent('a look for a post that may come late', () => {
  it('is given up, without a word, where the service ends', async ({ worlds }) => {
    const world = await worlds.begin();
    const { fake } = world;
    world.answerEverything();
    fake.fail('chat.postMessage', { kind: 'reset' });
    const root = fake.person('U1').mentions('C1', 'go on');
    await world.turnsDone(1, 20_000);
    await world.restart();
    expect(world.replies('C1', root.ts)).toEqual(['Answer to: Ann: go on']);
    expect(world.logged('background call failed')).toEqual([]);
  });
});
