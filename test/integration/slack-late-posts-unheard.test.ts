import { describe, expect } from 'vitest';
import { latePostHandled } from '../worlds/late-slack-posts.ts';
import { itInWorlds as it } from '../worlds/slack-world.ts';

describe.concurrent('a post that Slack applies late', () => {
  it.for([25_000, 9_000])(
    'and tells nobody of, after %i ms: it is looked for',
    async (ms, { worlds }) => {
      const world = await worlds.begin({ fake: { subscriptions: new Set(['app_mention']) } });
      const { fake } = world;
      world.answerEverything();
      fake.fail('chat.postMessage', { kind: 'late', ms });
      const root = fake.person('U1').mentions('C1', 'go on');
      await world.turnsDone(1, 20_000);
      await latePostHandled(world, 1);
      expect(world.replies('C1', root.ts)).toEqual(['Answer to: Ann: go on']);
    },
  );

  it.for(['before', 'after', 'before it was heard that'] as const)(
    'though the process ended %s it was made again',
    async (when, { worlds }) => {
      const world = await worlds.begin();
      const { fake } = world;
      fake.fail('chat.postMessage', { kind: 'late', ms: 12_000 });
      if (when === 'before it was heard that') {
        fake.fail('chat.postMessage', { kind: 'lost', by: 'hang' });
      }
      const { root, writing } = await world.ask();
      writing.write('One');
      const posts = when === 'before' ? 1 : 2;
      await fake.until(() => fake.calls('chat.postMessage').length === posts);
      if (posts === 2) await fake.until(() => world.replies('C1', root.ts)[0] === 'One');
      await world.restart();
      (await fake.until(() => world.model.answers[0])).write('One two.').end();
      await world.turnsDone(1, 20_000);
      await latePostHandled(world, 1);
      expect(world.replies('C1', root.ts)).toEqual(['One two.']);
    },
  );
});
