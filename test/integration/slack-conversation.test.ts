import { describe, expect } from 'vitest';
import { ModelFailed } from '../../src/core/domain/errors.ts';
import { itInWorlds as it, transports } from '../worlds/slack-world.ts';

describe.concurrent.each(transports)('by %s', (transport) => {
  it('answers a mention in a thread under it, which grows as the model writes', async ({
    worlds,
  }) => {
    const world = await worlds.begin({ transport });
    const { fake, model } = world;
    const question = fake.person('U1').mentions('C1', 'what is a fugue?');
    await fake.until(() => fake.status('C1', question.ts) === 'is thinking…');
    await fake.until(() => model.answers.length === 1);
    const [writing] = model.answers;
    expect(writing!.question).toBe('Ann: what is a fugue?');
    writing!.write('A fugue');
    const reply = await fake.until(() => fake.workspace().channel('C1').replies(question.ts)[0]);
    expect(reply.text).toBe('A fugue');
    writing!.write(' is a **chase**');
    await fake.until(() => reply.text === 'A fugue is a **chase**');
    writing!.write(' of voices.').end();
    await world.turnsDone(1);
    expect(fake.thread('C1', question.ts)).toMatchObject([
      { author: 'Ann' },
      { author: 'Parley', text: 'A fugue is a **chase** of voices.' },
    ]);
    expect(fake.status('C1', question.ts)).toBe('');
  });

  it('goes on in the thread without another mention', async ({ worlds }) => {
    const world = await worlds.begin({ transport });
    const { fake, model } = world;
    world.answerEverything();
    const root = fake.person('U1').mentions('C1', 'one');
    await world.turnsDone(1);
    fake.person('U2').posts('C1', 'two', { thread_ts: root.ts });
    await world.turnsDone(2);
    expect(world.replies('C1', root.ts)).toEqual(['Answer to: Ann: one', 'Answer to: Ben: two']);
    expect(model.answers[1]!.request.messages.map(({ text }) => text)).toEqual([
      'Ann: one',
      'Answer to: Ann: one',
      'Ben: two',
    ]);
  });

  it('answers direct messages, flat and in threads, each with its own past', async ({ worlds }) => {
    const world = await worlds.begin({ transport });
    const { fake, model } = world;
    world.answerEverything();
    const first = fake.person('U1').posts('D1', 'flat');
    await world.turnsDone(1);
    expect(world.botTexts('D1')).toEqual(['Answer to: Ann: flat']);
    await fake.until(() => fake.status('D1', first.ts) === '');
    fake.person('U1').posts('D1', 'in a thread', { thread_ts: first.ts });
    await world.turnsDone(2);
    expect(world.replies('D1', first.ts)).toEqual(['Answer to: Ann: in a thread']);
    expect(model.answers[1]!.request.messages.map(({ text }) => text)).toEqual([
      'Ann: flat',
      'Ann: in a thread',
    ]);
  });

  it('ends the answer at "stop", and keeps its text', async ({ worlds }) => {
    const world = await worlds.begin({ transport });
    const { fake, model } = world;
    const root = fake.person('U1').mentions('C1', 'go on and on');
    await fake.until(() => model.answers.length === 1);
    model.answers[0]!.write('On and');
    await fake.until(() => world.replies('C1', root.ts).length === 1);
    fake.person('U1').posts('C1', 'stop', { thread_ts: root.ts });
    await world.turnsDone(1);
    expect(world.replies('C1', root.ts)).toEqual(['On and\n\n_Stopped._']);
  });

  it('answers what is written during an answer next, together', async ({ worlds }) => {
    const world = await worlds.begin({ transport });
    const { fake, model } = world;
    const root = fake.person('U1').mentions('C1', 'one');
    await fake.until(() => model.answers.length === 1);
    fake.person('U2').posts('C1', 'two', { thread_ts: root.ts });
    fake.person('U3').posts('C1', 'three', { thread_ts: root.ts });
    await world.delivered();
    model.answers[0]!.write('First.').end();
    await fake.until(() => model.answers.length === 2);
    model.answers[1]!.write('Second.').end();
    await world.turnsDone(2);
    expect(model.answers[1]!.request.messages.map(({ text }) => text)).toEqual([
      'Ann: one',
      'First.',
      'Ben: two',
      'Cem: three',
    ]);
    expect(world.replies('C1', root.ts)).toEqual(['First.', 'Second.']);
  });

  it('tells a failure of the model in a sentence, in the thread', async ({ worlds }) => {
    const world = await worlds.begin({ transport });
    const { fake, model } = world;
    model.onRequest = (writing) => writing.fail(new ModelFailed('overloaded', 'HTTP 529'));
    const root = fake.person('U1').mentions('C1', 'hello?');
    await world.turnsDone(1);
    expect(world.replies('C1', root.ts)).toEqual([
      '_The model is overloaded right now; ask again in a minute._',
    ]);
  });
});
