import { describe, expect } from 'vitest';
import { SlackApi } from '../../src/platforms/slack/api/web-api.ts';
import { metadataOf } from '../../src/platforms/slack/reply/posted-messages.ts';
import { settled, written } from '../worlds/late-slack-posts.ts';
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
    world.answering();
    const before = fake.person('U1').mentions('C1', 'before');
    await world.turns(1);
    fake.fail('chat.postMessage', { kind: 'late', ms });
    const root = fake.person('U1').mentions('C1', 'go on');
    await world.turns(2, 20_000);
    fake.person('U1').posts('C1', 'and then?', { thread_ts: root.ts });
    await world.turns(3);
    await settled(world, removed);
    expect(world.replies('C1', before.ts)).toEqual(['Answer to: Ann: before']);
    expect(world.replies('C1', root.ts)).toEqual([
      'Answer to: Ann: go on',
      'Answer to: Ann: and then?',
    ]);
    expect(written(world, 'C1').all).toHaveLength(3 + removed);
    expect(fake.calls('chat.delete')).toHaveLength(removed);
  });

  it('in a flat direct conversation, too', async ({ worlds }) => {
    const world = await worlds.begin({ transport });
    world.answering();
    world.fake.fail('chat.postMessage', { kind: 'late', ms: 9_000 });
    world.fake.person('U1').posts('D1', 'hello');
    await world.turns(1, 20_000);
    await settled(world, 1, 'D1');
    expect(world.said('D1')).toEqual(['Answer to: Ann: hello']);
  });

  it('while the answer is still written: that goes on', async ({ worlds }) => {
    const world = await worlds.begin({ transport });
    world.fake.fail('chat.postMessage', { kind: 'late', ms: 9_000 });
    const { root, writing } = await world.ask();
    writing.write('One');
    await settled(world, 1);
    writing.write(' two.').end();
    await world.turns(1, 20_000);
    expect(world.replies('C1', root.ts)).toEqual(['One two.']);
  });

  it('leaves what another instance writes alone', async ({ worlds }) => {
    const world = await worlds.begin({ transport });
    const { fake } = world;
    world.answering();
    fake.fail('chat.postMessage', { kind: 'late', ms: 9_000 });
    const root = fake.person('U1').mentions('C1', 'go on');
    await world.turns(1, 20_000);
    const api = new SlackApi({ token: fake.botToken, apiUrl: fake.apiUrl, log: world.log });
    await api.call(
      'chat.postMessage',
      {
        channel: 'C1',
        thread_ts: root.ts,
        markdown_text: 'Of another turn.',
        metadata: metadataOf('another.0'),
        unfurl_links: false,
        unfurl_media: false,
      },
      new AbortController().signal,
    );
    await settled(world, 1);
    expect(world.replies('C1', root.ts)).toEqual(['Answer to: Ann: go on', 'Of another turn.']);
  });
});
