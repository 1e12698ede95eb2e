import { describe, expect } from 'vitest';
import { ModelFailed } from '../../src/core/domain/errors.ts';
import { itInWorlds as it } from '../worlds/discord-world.ts';

describe.concurrent('a conversation on Discord', () => {
  it('answers a mention in a thread of its own, which grows as the model writes', async ({
    worlds,
  }) => {
    const world = await worlds.begin();
    const { fake } = world;
    const question = fake.person('Ada').mention('general', 'what is a **fugue**?');
    const writing = await world.modelAsked(1);
    expect(writing.question).toBe('Ada: what is a **fugue**?');
    const thread = await fake.until(() => fake.thread(question));
    expect(thread.name).toBe('what is a fugue?');
    writing.write('A fugue');
    const shown = await fake.until(() => world.botMessages(thread)[0]);
    expect(shown.text).toBe('A fugue');
    writing.write(' is a **chase**');
    await fake.until(() => world.botTexts(thread)[0] === 'A fugue is a **chase**');
    writing.write(' of voices.').end();
    await world.turnsDone(1);
    expect(world.replies(question)).toEqual(['A fugue is a **chase** of voices.']);
    expect(world.botTexts('general')).toEqual([]);
  });

  it('goes on in the thread without another mention', async ({ worlds }) => {
    const world = (await worlds.begin()).answerEverything();
    const { fake } = world;
    const question = fake.person('Ada').mention('general', 'one');
    await world.turnsDone(1);
    fake.person('Ben').say(fake.thread(question)!, 'two');
    await world.turnsDone(2);
    expect(world.replies(question)).toEqual(['Answer to: Ada: one', 'Answer to: Ben: two']);
    expect(world.prompt).toEqual(['Ada: one', 'Answer to: Ada: one', 'Ben: two']);
  });

  it('answers direct messages, which have one past until "new"', async ({ worlds }) => {
    const world = (await worlds.begin()).answerEverything();
    const ada = world.fake.person('Ada');
    ada.dm('one');
    await world.turnsDone(1);
    ada.dm('two');
    await world.turnsDone(2);
    expect(world.prompt).toEqual(['Ada: one', 'Answer to: Ada: one', 'Ada: two']);
    ada.dm('new');
    await world.turnsDone(3);
    ada.dm('three');
    await world.turnsDone(4);
    expect(world.prompt).toEqual(['Ada: three']);
    expect(world.botTexts(ada.directChannel).at(-1)).toBe('Answer to: Ada: three');
  });

  it('tells a failure of the model in a sentence, in the thread', async ({ worlds }) => {
    const world = await worlds.begin();
    world.model.onRequest = (writing) => writing.fail(new ModelFailed('overloaded', 'HTTP 529'));
    const question = world.fake.person('Ada').mention('general', 'hello?');
    await world.turnsDone(1);
    expect(world.replies(question)).toEqual([
      '_The model is overloaded right now; ask again in a minute._',
    ]);
  });
});
