import { describe, expect, vi } from 'vitest';
import { ScriptedModel } from '../fakes/scripted-model.ts';
import type { ScriptedAnswer } from '../fakes/scripted-model.ts';
import { itInWorlds as it, type SlackWorld, transports } from '../worlds/slack-world.ts';

/** The model's writing for the question that reads so, once it is asked. */
function asked({ model }: SlackWorld, question: string): Promise<ScriptedAnswer> {
  return vi.waitFor(
    () => {
      const found = model.answers.find((writing) => writing.question === question);
      if (found === undefined) throw new Error(`not asked: ${question}`);
      return found;
    },
    { timeout: 10_000, interval: 5 },
  );
}

describe.concurrent.each(transports)('"stop", said to the bot in a channel, by %s', (transport) => {
  it('ends what its author asked there, says nothing, and is not answered', async ({ worlds }) => {
    const world = await worlds.begin({ transport });
    const { fake, model } = world;
    const [ann, ben] = [fake.person('U1'), fake.person('U2')];
    const root = ann.mentions('C1', 'one');
    const first = await asked(world, 'Ann: one');
    ann.mentions('C2', 'elsewhere');
    const elsewhere = await asked(world, 'Ann: elsewhere');
    const other = ben.mentions('C1', 'two');
    const second = await asked(world, 'Ben: two');
    for (const writing of [first, elsewhere, second]) writing.write('So far');
    await fake.until(() => world.replies('C1', root.ts)[0] === 'So far');
    const order = ann.mentions('C1', 'stop');
    await vi.waitFor(() => expect(first.request.signal.aborted).toBe(true), 5_000);
    await world.delivered();
    for (const writing of [elsewhere, second]) {
      expect(writing.request.signal.aborted).toBe(false);
      writing.end();
    }
    await world.turnsDone(3);
    const nothing = ann.mentions('C1', 'Stop!');
    await world.delivered();
    ann.mentions('C1', 'three');
    (await asked(world, 'Ann: three')).write('Three.').end();
    await world.turnsDone(4);
    expect(model.answers).toHaveLength(4);
    expect(world.replies('C1', root.ts)[0]).toContain('So far');
    expect(world.replies('C1', other.ts)).toEqual(['So far']);
    for (const { ts } of [order, nothing]) {
      expect(world.replies('C1', ts)).toEqual([]);
      expect(fake.status('C1', ts)).toBe('');
    }
    expect(world.botTexts('C1')).toEqual([]);
    expect(fake.activity.ephemerals).toEqual([]);
  });

  it('ends nothing that was asked in a thread', async ({ worlds }) => {
    const world = await worlds.begin({ transport });
    const { fake, model } = world;
    const root = fake.person('U2').posts('C1', 'a topic');
    fake.person('U1').mentions('C1', 'and you?', { thread_ts: root.ts });
    const writing = await asked(world, 'Ann: and you?');
    fake.person('U1').mentions('C1', 'stop');
    await world.delivered();
    expect(writing.request.signal.aborted).toBe(false);
    writing.write('Yes.').end();
    await world.turnsDone(1);
    expect(world.replies('C1', root.ts)).toEqual(['Yes.']);
    expect(model.answers).toHaveLength(1);
  });

  it('ends nothing that was asked after it, though it is read again later', async ({ worlds }) => {
    const world = await worlds.begin({ transport });
    const { fake } = world;
    fake.person('U1').mentions('C1', 'one');
    await asked(world, 'Ann: one');
    await world.stop();
    fake.person('U1').mentions('C1', 'stop');
    fake.person('U1').mentions('C1', 'two');
    world.model = new ScriptedModel();
    await world.start();
    const two = await asked(world, 'Ann: two');
    await vi.waitFor(() => expect(world.logged('turn done')).toHaveLength(1), 10_000);
    expect(world.logged('turn done')[0]).toMatchObject({ outcome: 'stopped' });
    expect(two.request.signal.aborted).toBe(false);
    two.write('Two.').end();
    await world.turnsDone(2);
  });

  it('in a direct conversation, ends the answer as it does in a thread', async ({ worlds }) => {
    const world = await worlds.begin({ transport });
    const { fake } = world;
    fake.person('U1').posts('D1', 'at length');
    const writing = await asked(world, 'Ann: at length');
    writing.write('So far');
    await fake.until(() => world.botTexts('D1')[0] === 'So far');
    fake.person('U1').posts('D1', 'stop');
    await world.turnsDone(1);
    expect(writing.request.signal.aborted).toBe(true);
    expect(world.botTexts('D1')[0]).toContain('So far');
  });
});
