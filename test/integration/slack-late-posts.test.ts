import { describe, expect } from 'vitest';
import { SlackApi } from '../../src/platforms/slack/api/web-api.ts';
import { pageMetadata } from '../../src/platforms/slack/reply/posted-messages.ts';
import { latePostHandled, botPosts } from '../worlds/late-slack-posts.ts';
import { itInWorlds as it, transports } from '../worlds/slack-world.ts';

describe.concurrent.each(transports)('a post that Slack applies late, by %s', (transport) => {
  // The longest one first.
  it.for([
    [25_000, 1],
    [9_000, 1],
    [3_000, 0],
  ] as const)('after %i ms: the answer stands there once', async ([ms, removed], { worlds }) => {
    const world = await worlds.begin({ transport });
    const { fake } = world;
    world.answerEverything();
    const before = fake.person('U1').mentions('C1', 'before');
    await world.turnsDone(1);
    fake.fail('chat.postMessage', { kind: 'late', ms });
    const root = fake.person('U1').mentions('C1', 'go on');
    await world.turnsDone(2, 20_000);
    fake.person('U1').posts('C1', 'and then?', { thread_ts: root.ts });
    await world.turnsDone(3);
    await latePostHandled(world, removed);
    expect(world.replies('C1', before.ts)).toEqual(['Answer to: Ann: before']);
    expect(world.replies('C1', root.ts)).toEqual([
      'Answer to: Ann: go on',
      'Answer to: Ann: and then?',
    ]);
    expect(botPosts(world, 'C1').all).toHaveLength(3 + removed);
    expect(fake.calls('chat.delete')).toHaveLength(removed);
  });

  it('in a flat direct conversation, too', async ({ worlds }) => {
    const world = await worlds.begin({ transport });
    world.answerEverything();
    world.fake.fail('chat.postMessage', { kind: 'late', ms: 9_000 });
    world.fake.person('U1').posts('D1', 'hello');
    await world.turnsDone(1, 20_000);
    await latePostHandled(world, 1, 'D1');
    expect(world.botTexts('D1')).toEqual(['Answer to: Ann: hello']);
  });

  it('while the answer is still written: that goes on', async ({ worlds }) => {
    const world = await worlds.begin({ transport });
    world.fake.fail('chat.postMessage', { kind: 'late', ms: 9_000 });
    const { root, writing } = await world.ask();
    writing.write('One');
    await latePostHandled(world, 1);
    writing.write(' two.').end();
    await world.turnsDone(1, 20_000);
    expect(world.replies('C1', root.ts)).toEqual(['One two.']);
  });

  it('leaves what another instance writes alone', async ({ worlds }) => {
    const world = await worlds.begin({ transport });
    const { fake } = world;
    world.answerEverything();
    fake.fail('chat.postMessage', { kind: 'late', ms: 9_000 });
    const root = fake.person('U1').mentions('C1', 'go on');
    await world.turnsDone(1, 20_000);
    const api = new SlackApi({ token: fake.botToken, apiUrl: fake.apiUrl, log: world.log });
    await api.call(
      'chat.postMessage',
      {
        channel: 'C1',
        thread_ts: root.ts,
        markdown_text: 'Of another turn.',
        metadata: pageMetadata('another.0'),
        unfurl_links: false,
        unfurl_media: false,
      },
      new AbortController().signal,
    );
    await latePostHandled(world, 1);
    expect(world.replies('C1', root.ts)).toEqual(['Answer to: Ann: go on', 'Of another turn.']);
  });
});
