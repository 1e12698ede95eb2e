import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, vi } from 'vitest';
import { PageSplitter } from '../../src/core/reply/pages/page-splitter.ts';
import { slackFormat } from '../../src/platforms/slack/reply/markdown-format.ts';
import type { ScriptedAnswer } from '../fakes/scripted-model.ts';
import { sampleText } from '../fakes/openai/scripts.ts';
import type { Fault } from '../fakes/slack/faults.ts';
import type { Message } from '../fakes/slack/message.ts';
import { type Asked, itInWorlds as it, scopes, type SlackWorld } from '../worlds/slack-world.ts';

const native = { platform: { streaming: 'native' } } as const;

/** A reply that has begun as a stream. */
async function begun(world: SlackWorld, words = 'One'): Promise<Begun> {
  const { root, writing } = await world.ask();
  writing.write(words);
  const message = await world.posted(root);
  await world.fake.until(() => message.text !== '');
  expect(message.stream).toBeDefined();
  return { root, writing, message };
}

interface Begun extends Asked {
  readonly message: Message;
}

/** The calls that wrote in Slack, without what they were sent. */
function written({ fake }: SlackWorld): string[] {
  return fake.calls().flatMap(({ method }) => (method.startsWith('chat.') ? [method] : []));
}

/** What a whole reply reads, page by page. */
function pagesOf(text: string): string[] {
  const pages = new PageSplitter(slackFormat);
  pages.push(text);
  pages.end();
  const last = pages.live();
  return [...pages.frozen, ...(last === undefined ? [] : [last])].map((page) => page.text);
}

async function write(
  writing: ScriptedAnswer,
  text: string,
  piece = 8,
  everyMs = 15,
): Promise<void> {
  for (let at = 0; at < text.length; at += piece) {
    writing.write(text.slice(at, at + piece));
    await delay(everyMs);
  }
  writing.end();
}

const answer = `## A plan

It has **two parts**, and a _remark_ with \`code\`.

| part | who |
| --- | --- |
| one | Ann |
| two | Ben & Cem |

1. First
   - with a detail
2. Second

\`\`\`ts
const a = b < c ? [1, 2] : [];
\`\`\`

> Done!`;

describe.concurrent('a reply as a stream', () => {
  it('is begun with the first words, goes on bit by bit, and ends as it was written', async ({
    worlds,
  }) => {
    const world = await worlds.begin(native);
    const { fake } = world;
    const { root, writing } = await world.ask();
    await fake.until(() => fake.status('C1', root.ts) === 'is thinking…');
    await write(writing, answer, 4, 25);
    await world.turnsDone(1);
    expect(world.replies('C1', root.ts)).toEqual(pagesOf(answer));
    const calls = written(world);
    expect(calls.at(0)).toBe('chat.startStream');
    expect(calls.at(-1)).toBe('chat.stopStream');
    expect(calls.length).toBeGreaterThan(2);
    expect(new Set(calls.slice(1, -1))).toEqual(new Set(['chat.appendStream']));
    const [start] = fake.calls('chat.startStream');
    expect(start!.args).toMatchObject({ recipient_user_id: 'U1', recipient_team_id: 'T1' });
    // Each word was sent once.
    const sent = fake
      .calls()
      .map(({ method, args }) => (method.startsWith('chat.') ? args['markdown_text'] : undefined));
    expect(sent.filter((words) => typeof words === 'string').join('')).toBe(answer);
    expect(fake.status('C1', root.ts)).toBe('');
  });

  it('is one in the thread of a direct conversation, too, and edits outside of threads', async ({
    worlds,
  }) => {
    const world = await worlds.begin(native);
    const { fake } = world;
    world.answerEverything();
    const root = fake.person('U1').posts('D1', 'hello');
    await world.turnsDone(1);
    expect(written(world)).toEqual(['chat.postMessage']);
    fake.person('U1').posts('D1', 'hello again', { thread_ts: root.ts });
    await world.turnsDone(2);
    expect(written(world).slice(1)).toEqual(['chat.startStream', 'chat.stopStream']);
    expect(fake.calls('chat.startStream')[0]!.args).not.toHaveProperty('recipient_user_id');
  });

  it.for(['auto', 'edit'] as const)(
    '%s: one reply alone is edited',
    async (streaming, { worlds }) => {
      const world = await worlds.begin({ platform: { streaming } });
      const { root, writing } = await world.ask();
      await write(writing, answer);
      await world.turnsDone(1);
      expect(new Set(written(world))).toEqual(new Set(['chat.postMessage', 'chat.update']));
      expect(world.replies('C1', root.ts)).toEqual(pagesOf(answer));
    },
  );

  it('auto: thirty at once are streams and edits together, and nobody is refused', async ({
    worlds,
  }) => {
    const channels = Array.from({ length: 6 }, (_, at) => ({
      id: `C${100 + at}`,
      members: ['U1'],
    }));
    const world = await worlds.begin({
      platform: { streaming: 'auto' },
      fake: { workspaces: [{ id: 'T1', scopes, channels }] },
    });
    const { fake } = world;
    fake.settings.latency = { medianMs: 40, jitter: 0.3 };
    const text = sampleText(1_500);
    world.model.onRequest = (writing) => void write(writing, text, 10, 20);
    const roots = Array.from({ length: 30 }, (_, at) =>
      fake.person('U1').mentions(`C${100 + (at % 6)}`, 'go on'),
    );
    await world.turnsDone(30, 30_000);
    for (const root of roots) {
      expect(world.replies(root.channel, root.ts).join(' ')).toBe(pagesOf(text).join(' '));
    }
    expect(fake.calls('chat.startStream').length).toBeGreaterThan(8);
    expect(fake.calls('chat.postMessage').length).toBeGreaterThan(3);
    expect(fake.calls('chat.appendStream').length).toBeGreaterThan(20);
    expect(fake.calls('chat.update').length).toBeGreaterThan(5);
  });

  it('ends as it should read where what follows changes what was shown', async ({ worlds }) => {
    const world = await worlds.begin(native);
    const { writing, root, message } = await begun(world, 'One **two');
    writing.write(' three').fail(new Error('the model broke'));
    await world.turnsDone(1);
    expect(world.replies('C1', root.ts)[0]).toMatch(/^One \*\*two three\*\*\n\n_.*_$/);
    expect(message.stream?.state).toBe('stopped');
  });

  it.for([
    '[it is](https://evil.example/?secret=1)',
    '[it [is]](evil.com/?secret=1)',
    'secret.evil.com',
    'evil.com/?secret=1',
  ])('goes on by edits before %s, which Slack never fetches', async (address, { worlds }) => {
    const world = await worlds.begin(native);
    const { fake } = world;
    const text = `Well, here ${address}, and more: ${sampleText(200).trimEnd()}`;
    const { writing, root, message } = await begun(world, 'Well');
    // What stands before the address is read before there is anything else to be shown.
    writing.write(text.slice(4, text.indexOf(address) + address.length));
    await fake.until(() => message.readings.some(({ text: read }) => read === 'Well, here'));
    await write(writing, text.slice(text.indexOf(address) + address.length));
    await world.turnsDone(1);
    expect(world.replies('C1', root.ts)).toEqual([text]);
    expect(fake.activity.unfurls).toEqual([]);
    const calls = written(world);
    expect(calls.indexOf('chat.stopStream')).toBeLessThan(calls.indexOf('chat.update'));
    expect(calls.lastIndexOf('chat.appendStream')).toBeLessThan(calls.indexOf('chat.stopStream'));
    for (const { method, args } of fake.calls()) {
      if (!method.endsWith('Stream')) continue;
      expect(args['markdown_text'] ?? '').not.toMatch(/http|evil|\[/);
    }
  });

  it('that would begin with an address is posted', async ({ worlds }) => {
    const world = await worlds.begin(native);
    const { root, writing } = await world.ask();
    writing.write('https://evil.example/ is it').end();
    await world.turnsDone(1);
    expect(written(world)[0]).toBe('chat.postMessage');
    expect(world.replies('C1', root.ts)).toEqual(['https://evil.example/ is it']);
  });

  it.for(['https://a.example/ is it', 'Note:'])(
    'that cannot begin yet, with %j, is a post among others, and none is refused',
    async (words, { worlds }) => {
      const world = await worlds.begin(native);
      (await begun(world)).writing.end();
      await world.turnsDone(1);
      const asked: Asked[] = [];
      for (let count = 0; count < 8; count += 1) asked.push(await world.ask());
      for (const { writing } of asked) writing.write(words);
      for (const { root } of asked) await world.posted(root);
      expect(world.fake.rateLimited()).toEqual([]);
      expect(world.fake.calls('chat.startStream')).toHaveLength(1);
      expect(world.fake.calls('chat.postMessage')).toHaveLength(asked.length);
    },
  );

  it('calls nobody, whatever it is split into', async ({ worlds }) => {
    const world = await worlds.begin(native);
    const orders = ['<!channel>', '<!here>', '<@U2>', '<!subteam^S1>', '<!channels>', '<#C2>'];
    const text = `Hello ${orders.join(' ')} \`<!here>\` and a < b.`;
    const { root, writing } = await world.ask();
    await write(writing, text, 1, 30);
    await world.turnsDone(1);
    expect(world.fake.activity.notifications).toEqual([]);
    expect(world.replies('C1', root.ts)).toEqual([slackFormat.render(text)]);
    expect(written(world)).not.toContain('chat.update');
    expect(written(world).length).toBeGreaterThan(5);
  });

  it('goes on in the next message before a stream is full', async ({ worlds }) => {
    const world = await worlds.begin(native);
    const { fake } = world;
    const text = sampleText(22_000);
    const { root, writing } = await world.ask();
    await write(writing, text, 100, 10);
    await world.turnsDone(1, 30_000);
    const pages = world.replies('C1', root.ts);
    expect(pages).toHaveLength(3);
    expect(pages).toEqual(pagesOf(text));
    // The last one is posted if it is whole by then.
    expect(fake.calls('chat.startStream').length).toBeGreaterThanOrEqual(2);
    expect(fake.calls().filter(({ outcome }) => outcome === 'msg_too_long')).toEqual([]);
  }, 60_000);

  it('goes on by edits before Slack ends the stream', async ({ worlds }) => {
    const world = await worlds.begin({
      platform: { streaming: 'native', streamMs: 600 },
      fake: { streamLastsMs: 4_000 },
    });
    const { fake } = world;
    const { root, writing } = await world.ask();
    await write(writing, answer, 4, 25);
    await world.turnsDone(1);
    expect(world.replies('C1', root.ts)).toEqual(pagesOf(answer));
    const calls = written(world);
    expect(calls).toContain('chat.appendStream');
    expect(calls).toContain('chat.update');
    expect(fake.calls().every(({ outcome }) => outcome === 'ok')).toBe(true);
  });

  it('goes on by edits where Slack has ended the stream', async ({ worlds }) => {
    const world = await worlds.begin({ ...native, fake: { streamLastsMs: 500 } });
    const { root, writing } = await world.ask();
    await write(writing, answer, 4, 25);
    await world.turnsDone(1);
    expect(world.replies('C1', root.ts)).toEqual(pagesOf(answer));
    expect(world.fake.calls('chat.appendStream').some(({ outcome }) => outcome !== 'ok')).toBe(
      true,
    );
  });

  it('that a person stops ends the turn, and keeps its text', async ({ worlds }) => {
    const world = await worlds.begin(native);
    const { fake } = world;
    const { root, writing, message } = await begun(world);
    fake.person('U1').stopsStream(message);
    writing.write(' two');
    await world.turnsDone(1);
    expect(writing.request.signal.aborted).toBe(true);
    expect(world.replies('C1', root.ts)).toEqual(['One']);
    expect(world.logged('turn done')[0]).toMatchObject({ outcome: 'stopped' });
    expect(fake.calls('chat.update')).toEqual([]);
  });

  it('is ended, too, when a person deletes the question', async ({ worlds }) => {
    const world = await worlds.begin(native);
    const { fake } = world;
    const { root, writing, message } = await begun(world);
    fake.person('U1').deletes(root);
    await vi.waitFor(() => expect(writing.request.signal.aborted).toBe(true));
    await world.turnsDone(1);
    await fake.until(() => message.stream?.state === 'stopped');
    expect(message.text).toBe('One');
  });

  it('begun under a question that is gone is taken back', async ({ worlds }) => {
    const world = await worlds.begin(native);
    const { fake } = world;
    const { root, writing } = await world.ask();
    fake.fail('chat.startStream', { kind: 'slow', ms: 400 });
    writing.write('One');
    await fake.until(() => fake.calls('chat.startStream').length === 1);
    fake.person('U1').deletes(root);
    writing.end();
    await world.turnsDone(1);
    await fake.until(() => fake.calls('chat.delete').length === 1);
    expect(world.botTexts('C1')).toEqual([]);
  });

  it('leaves nothing open when its turn is stopped by a word', async ({ worlds }) => {
    const world = await worlds.begin(native);
    const { root, message } = await begun(world);
    world.fake.person('U1').posts('C1', 'stop', { thread_ts: root.ts });
    await world.turnsDone(1);
    expect(message.text).toMatch(/^One\n\n_.*_$/);
    expect(message.stream?.state).toBe('stopped');
  });
});

describe.concurrent('where Slack takes no streams', () => {
  it.for(['unknown_method', 'method_deprecated', 'feature_not_enabled'])(
    '%s: the reply is posted, and none is tried again in the workspace',
    async (error, { worlds }) => {
      const world = await worlds.begin(native);
      const { fake } = world;
      world.answerEverything();
      fake.fail('chat.startStream', { kind: 'error', error });
      const roots = [fake.person('U1').mentions('C1', 'one')];
      await world.turnsDone(1);
      roots.push(fake.person('U1').mentions('C2', 'two'));
      await world.turnsDone(2);
      expect(roots.map(({ channel, ts }) => world.replies(channel, ts))).toEqual([
        ['Answer to: Ann: one'],
        ['Answer to: Ann: two'],
      ]);
      expect(fake.calls('chat.startStream')).toHaveLength(1);
    },
  );

  it('channel_type_not_supported: none is tried again in such places', async ({ worlds }) => {
    const world = await worlds.begin(native);
    const { fake } = world;
    world.answerEverything();
    fake.fail('chat.startStream', { kind: 'error', error: 'channel_type_not_supported' });
    for (const [at, channel] of ['C1', 'C1', 'C2'].entries()) {
      const root = fake.person('U1').mentions(channel, 'hello');
      await world.turnsDone(at + 1);
      expect(world.replies(channel, root.ts)).toEqual(['Answer to: Ann: hello']);
    }
    expect(fake.calls('chat.startStream').map(({ args }) => args['channel'])).toEqual(['C1', 'C2']);
  });

  it('too many of them begun: nothing but streams waits for that, and the reply is posted', async ({
    worlds,
  }) => {
    const world = await worlds.begin(native);
    const { fake } = world;
    fake.fail('chat.startStream', { kind: 'rate-limited', retryAfterSeconds: 20 });
    for (const channel of ['C1', 'C1', 'C2']) {
      const { root, writing } = await world.ask('go on', channel);
      writing.write('One two three');
      await fake.until(() => world.replies(channel, root.ts)[0] === 'One two three');
    }
    expect(written(world)).toEqual(['chat.startStream', ...Array(3).fill('chat.postMessage')]);
  });

  it('GovSlack is asked for none', async ({ worlds }) => {
    const { StreamPolicy } =
      await import('../../src/platforms/slack/reply/streaming/stream-policy.ts');
    const world = await worlds.begin();
    const streams = new StreamPolicy({ streaming: 'native', isGov: true, log: world.log });
    expect(streams.offerStream({}, { team: 'T1', channel: 'C1', root: '1.0' })).toBe(false);
  });
});

describe.concurrent('when calls of a stream fail', () => {
  const faults: readonly [string, Fault][] = [
    ['429', { kind: 'rate-limited', retryAfterSeconds: 1 }],
    ['500', { kind: 'status', status: 500 }],
    ['a broken connection', { kind: 'reset' }],
    ['an answer lost though it was done', { kind: 'lost', by: 'reset' }],
    ['message_not_in_streaming_state', { kind: 'error', error: 'message_not_in_streaming_state' }],
    ['msg_too_long', { kind: 'error', error: 'msg_too_long' }],
    ['an unknown refusal', { kind: 'error', error: 'something_new' }],
  ];

  for (const method of ['chat.startStream', 'chat.appendStream', 'chat.stopStream']) {
    it.for(faults)(`${method}, %s: the whole answer, once`, async ([, fault], { worlds }) => {
      const world = await worlds.begin(native);
      const { fake } = world;
      fake.fail(method, fault);
      const { root, writing } = await world.ask();
      await write(writing, answer, 8, 25);
      await world.turnsDone(1, 20_000);
      expect(world.replies('C1', root.ts)).toEqual(pagesOf(answer));
      expect(fake.calls(method).length).toBeGreaterThan(0);
    });
  }

  it('a start that comes late leaves one message', async ({ worlds }) => {
    const world = await worlds.begin(native);
    const { fake } = world;
    fake.fail('chat.startStream', { kind: 'late', ms: 7_000 });
    const { root, writing } = await world.ask();
    writing.write('One two.');
    await world.posted(root, 1);
    writing.end();
    await world.turnsDone(1, 30_000);
    await fake.until(() => world.replies('C1', root.ts).length === 1);
    expect(world.replies('C1', root.ts)).toEqual(['One two.']);
  });

  it('a bit that comes late changes nothing any more', async ({ worlds }) => {
    const world = await worlds.begin(native);
    const { fake } = world;
    const { root, writing } = await begun(world);
    fake.fail('chat.appendStream', { kind: 'late', ms: 7_500 });
    writing.write(' two three.').end();
    await world.turnsDone(1, 30_000);
    await fake.until(() =>
      fake.calls('chat.appendStream').every(({ outcome }) => outcome === 'late'),
    );
    expect(world.replies('C1', root.ts)).toEqual(['One two three.']);
  });

  it('the last words, added though the answer is lost, stand there once', async ({ worlds }) => {
    const world = await worlds.begin(native);
    const { fake } = world;
    const { root, writing, message } = await begun(world);
    fake.fail('chat.appendStream', { kind: 'lost', by: 'reset' });
    writing.write(' two three.');
    await fake.until(() =>
      fake.calls('chat.appendStream').some(({ outcome }) => outcome === 'lost'),
    );
    writing.end();
    await world.turnsDone(1);
    expect(world.replies('C1', root.ts)).toEqual(['One two three.']);
    expect(message.readings.map(({ text }) => text)).not.toContain('One two three. two three.');
  });

  it('another attempt goes on in the same message, which is no stream any more', async ({
    worlds,
  }) => {
    const world = await worlds.begin(native);
    const { root, writing, message } = await begun(world, 'One');
    writing.write(' two');
    await world.fake.until(() => message.text === 'One two');
    expect(message.stream?.state).toBe('open');
    await world.restart();
    const again = await world.fake.until(() => world.model.answers[0]);
    again.write('One two three.').end();
    await world.turnsDone(1);
    expect(world.replies('C1', root.ts)).toEqual(['One two three.']);
    expect(message.text).toBe('One two three.');
    expect(message.stream?.state).toBe('stopped');
  });
});
