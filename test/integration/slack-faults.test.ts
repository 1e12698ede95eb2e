import { describe, expect, vi } from 'vitest';
import { itInWorlds as it, scopes, type SlackWorld, transports } from '../worlds/slack-world.ts';

describe.concurrent.each(transports)('by %s', (transport) => {
  describe('passing faults of calls', () => {
    /** Parley answers, and is not told that its first post was made. */
    async function postUnanswered(worlds: {
      begin(options: { transport: typeof transport }): Promise<SlackWorld>;
    }): Promise<SlackWorld> {
      const world = (await worlds.begin({ transport })).answerEverything();
      world.fake.fail('chat.postMessage', { kind: 'lost', by: 'reset' });
      return world;
    }

    it.for([
      ['429 as ok:false', { kind: 'rate-limited', retryAfterSeconds: 1, by: 'body' }],
      ['internal_error', { kind: 'error', error: 'internal_error' }],
    ] as const)('%s: the whole answer, once', async ([, fault], { worlds }) => {
      const world = await worlds.begin({ transport });
      const { fake } = world;
      fake.fail('chat.postMessage', fault);
      fake.fail('chat.update', fault, { times: 2 });
      const { root, writing } = await world.ask();
      writing.write('One');
      await world.posted(root);
      writing.write(' two three.').end();
      await world.turnsDone(1);
      expect(world.replies('C1', root.ts)).toEqual(['One two three.']);
      expect(fake.status('C1', root.ts)).toBe('');
    });

    it('does not look in Slack for a post that events told of, though its answer was lost', async ({
      worlds,
    }) => {
      const world = await postUnanswered(worlds);
      const { fake } = world;
      const root = fake.person('U1').mentions('C1', 'hello');
      await world.turnsDone(1);
      expect(world.replies('C1', root.ts)).toEqual(['Answer to: Ann: hello']);
      expect(fake.calls('conversations.replies')).toEqual([]);
    });

    it('finds a post in a flat direct conversation, too, when its answer was lost', async ({
      worlds,
    }) => {
      const world = await postUnanswered(worlds);
      world.fake.person('U1').posts('D1', 'hello');
      await world.turnsDone(1);
      expect(world.botTexts('D1')).toEqual(['Answer to: Ann: hello']);
    });
    it('begins when Slack comes back, if it was away at the start', async ({ worlds }) => {
      const world = await worlds.prepare({ transport });
      world.answerEverything();
      world.fake.fail('auth.test', { kind: 'status', status: 503 });
      await world.start();
      world.fake.person('U1').posts('D1', 'hello');
      await world.turnsDone(1);
      expect(world.logged('Slack does not answer; still trying')).toHaveLength(1);
    });
  });

  describe('refusals', () => {
    it.for(['edit_window_closed', 'cant_update_message'])(
      '%s: the answer ends with a sentence in the thread',
      async (error, { worlds }) => {
        const world = await worlds.begin({ transport });
        const { fake } = world;
        const { root, writing } = await world.ask();
        writing.write('One');
        await world.posted(root);
        fake.fail('chat.update', { kind: 'error', error }, { times: 100 });
        writing.write(' two');
        await world.turnsDone(1);
        expect(writing.request.signal.aborted).toBe(true);
        await fake.until(() => world.replies('C1', root.ts).length === 2);
        expect(world.replies('C1', root.ts)[1]).toContain('does not let me change my message');
        expect(world.logged('turn done')[0]).toMatchObject({ outcome: 'failed' });
      },
    );

    it('an archived channel ends the answer', async ({ worlds }) => {
      const world = await worlds.begin({ transport });
      const { fake } = world;
      const { root, writing } = await world.ask();
      writing.write('One');
      await world.posted(root);
      fake.admin().archives('C1');
      writing.write(' two');
      await world.turnsDone(1);
      expect(writing.request.signal.aborted).toBe(true);
      expect(world.replies('C1', root.ts)).toEqual(['One']);
    });

    it('a bot removed from the channel before its first words ends the answer, and says so', async ({
      worlds,
    }) => {
      const world = await worlds.begin({ transport });
      const { fake } = world;
      const { root, writing } = await world.ask();
      fake.admin().removes('C1');
      writing.write('One');
      await world.turnsDone(1);
      expect(world.replies('C1', root.ts)).toEqual([]);
      expect(world.logged('Slack refuses').at(-1)).toMatchObject({
        error: 'not_in_channel',
        remedy: expect.stringContaining('invite'),
      });
    });

    it('a revoked token ends the answer, and the log says what to do', async ({ worlds }) => {
      const world = await worlds.begin({ transport });
      const { fake } = world;
      const { root, writing } = await world.ask();
      writing.write('One');
      await world.posted(root);
      fake.admin().revokesToken();
      writing.write(' two');
      await world.turnsDone(1);
      expect(world.logged('Slack refuses').at(-1)).toMatchObject({
        error: 'token_revoked',
        remedy: expect.stringContaining('copy the current one'),
      });
      await vi.waitFor(() => expect(world.logged('Slack app removed')).toHaveLength(1));
    });

    it('a missing scope is named, with where to add it', async ({ worlds }) => {
      const few = scopes.filter((scope) => scope !== 'chat:write');
      const world = await worlds.begin({
        transport,
        fake: { workspaces: [{ id: 'T1', scopes: few }] },
      });
      world.answerEverything();
      world.fake.person('U1').mentions('C1', 'hello');
      await world.turnsDone(1);
      expect(world.logged('Slack refuses')).toContainEqual({
        method: 'chat.postMessage',
        error: 'missing_scope',
        needed: 'chat:write',
        remedy: expect.stringContaining('OAuth & Permissions'),
      });
    });

    it('a wrong bot token stops the start, with what to do', async ({ worlds }) => {
      const world = await worlds.prepare({ transport, platform: { token: 'xoxb-wrong' } });
      await expect(world.start()).rejects.toThrow(/SLACK_BOT_TOKEN.*invalid_auth/);
    });

    it('a status that Slack does not take is not tried again; a placeholder stands in', async ({
      worlds,
    }) => {
      const world = await worlds.begin({ transport });
      const { fake } = world;
      fake.fail(
        'assistant.threads.setStatus',
        { kind: 'error', error: 'channel_type_not_supported' },
        { times: 100 },
      );
      const { root, writing } = await world.ask();
      const placeholder = await world.posted(root);
      expect(placeholder.text).toBe('Thinking…');
      writing.write('Done.').end();
      await world.turnsDone(1);
      world.answerEverything();
      fake.person('U1').mentions('C2', 'again');
      await world.turnsDone(2);
      expect(world.replies('C1', root.ts)).toEqual(['Done.']);
      expect(fake.calls('assistant.threads.setStatus')).toHaveLength(1);
    });
  });

  it('a status that one thread does not take is shown in the next one all the same', async ({
    worlds,
  }) => {
    const world = await worlds.begin({ transport });
    const { fake } = world;
    fake.fail('assistant.threads.setStatus', { kind: 'error', error: 'invalid_thread_ts' });
    const { writing } = await world.ask();
    await fake.until(() => fake.calls('assistant.threads.setStatus').length === 1);
    writing.write('Done.').end();
    await world.turnsDone(1);
    const second = fake.person('U2').mentions('C2', 'again');
    await fake.until(() => fake.status('C2', second.ts) === 'is thinking…');
    world.model.answers[1]!.write('Done.').end();
    await world.turnsDone(2);
  });

  it('a status that comes too soon is shown as soon as Slack takes it, and no other one before', async ({
    worlds,
  }) => {
    const world = await worlds.begin({ transport });
    const { fake } = world;
    fake.fail('assistant.threads.setStatus', { kind: 'rate-limited', retryAfterSeconds: 2 });
    const { root } = await world.ask();
    await vi.waitFor(() => expect(world.logged('working mark not shown')).toHaveLength(1));
    const second = await world.ask('go on', 'C2');
    await fake.until(() => fake.status('C1', root.ts) === 'is thinking…');
    await fake.until(() => fake.status('C2', second.root.ts) === 'is thinking…');
    const [refused, next] = fake.calls('assistant.threads.setStatus');
    expect(next!.at - refused!.at).toBeGreaterThan(1_900);
  });

  describe('what a model must not do', () => {
    const orders = ['<!channel>', '<!here>', '<!everyone>', '<@U2>', '<!subteam^S1>', '<#C2>'];

    it('calls nobody, in one piece, in many, and in code', async ({ worlds }) => {
      const world = await worlds.begin({ transport });
      const { fake } = world;
      const { root, writing } = await world.ask();
      const text = `${orders.join(' ')}\n\n\`${orders.join(' ')}\`\n\n\`\`\`html\n<!DOCTYPE html>\n${orders.join('\n')}\n\`\`\``;
      for (const char of text) writing.write(char);
      writing.end();
      await world.turnsDone(1);
      const [reply] = world.replies('C1', root.ts);
      expect(fake.activity.notifications).toEqual([]);
      expect(reply!.replaceAll('\u2060', '')).toBe(text);
      expect(reply).toContain('<!DOCTYPE html>');
    });

    it('posts no address, and shows it at once all the same', async ({ worlds }) => {
      const world = await worlds.begin({ transport });
      const { fake } = world;
      const { root, writing } = await world.ask();
      writing.write('https://evil.example/?secret=1 and [this](https://evil.example/2)').end();
      await world.turnsDone(1);
      const [reply] = fake.workspace().channel('C1').replies(root.ts);
      expect(reply!.readings[0]!.text).toBe('…');
      expect(reply!.text).toBe('https://evil.example/?secret=1 and [this](https://evil.example/2)');
    });

    it('shows an address whose edit is rate limited, and posts nothing twice', async ({
      worlds,
    }) => {
      const world = await worlds.begin({ transport });
      const { fake } = world;
      fake.fail('chat.update', { kind: 'rate-limited', retryAfterSeconds: 1 });
      const { root, writing } = await world.ask();
      writing.write('see https://a.example').end();
      await world.turnsDone(1);
      expect(world.replies('C1', root.ts)).toEqual(['see https://a.example']);
    });
  });
});

it('a wrong app token stops the start, with what to do', async ({ worlds }) => {
  const transport = { kind: 'socket', appToken: 'xapp-wrong' } as const;
  const world = await worlds.prepare({ platform: { transport } });
  await expect(world.start()).rejects.toThrow(/SLACK_APP_TOKEN.*invalid_auth/);
});
