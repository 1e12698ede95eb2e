import { describe, expect } from 'vitest';
import { itInWorlds as it } from '../worlds/discord-world.ts';

const breathe = () => new Promise((resolve) => setImmediate(resolve));

/** Limits are not what is looked at. */
const generous = { limits: { scale: 20 } } as const;
describe.concurrent('a reply on Discord', () => {
  it('pings nobody and shows no previews, in posts and edits, over deltas and pages', async ({
    worlds,
  }) => {
    const world = await worlds.begin({ fake: generous });
    const { fake } = world;
    const role = fake.admin.addRole('everybody here', { mentionable: true });
    const orders = `@everyone @here <@${fake.person('Ben').id}> <@!${fake.person('Cem').id}> <@&${role.id}> https://evil.example/?q=1`;
    const question = fake.person('Ada').mention('general', 'ping them');
    const writing = await world.modelAsked(1);
    const text = `${orders}\n\n\`${orders}\`\n\n${`${orders}\n`.repeat(50)}`;
    for (const [at, char] of Array.from(text).entries()) {
      writing.write(char);
      if (at % 100 === 0) await breathe();
    }
    writing.end();
    await world.turnsDone(1, 20_000);
    const pages = world.replies(question);
    expect(pages.length).toBeGreaterThan(2);
    expect(pages.join('\n').split('@everyone').length - 1).toBe(52);
    expect(fake.callsOf('PATCH', '/channels/:channel/messages/:message').length).toBeGreaterThan(0);
    expect(fake.pings).toEqual([]);
    expect(fake.linkEmbeds).toEqual([]);
  });

  it('pings nobody in a channel either, nor with a sentence of its own', async ({ worlds }) => {
    const world = await worlds.begin({ mostOpen: 1, platform: { replyIn: 'channel' } });
    const { fake } = world;
    fake.person('Ada').mention('general', 'one');
    const writing = await world.modelAsked(1);
    fake.person('Ada').mention('general', '@everyone two');
    await fake.until(() => world.botTexts('general').length === 1);
    writing.write('@everyone, done').end();
    await world.turnsDone(1);
    expect(world.botTexts('general')).toEqual([
      expect.stringContaining('several questions open'),
      '@everyone, done',
    ]);
    expect(fake.pings).toEqual([]);
  });

  it('shows where a link goes whose text is another address', async ({ worlds }) => {
    const world = (await worlds.begin()).answerEverything(
      () =>
        'Log in at [https://bank.example](https://evil.example/x), or read [the docs](https://a.example).',
    );
    const question = world.fake.person('Ada').mention('general', 'where?');
    await world.turnsDone(1);
    expect(world.replies(question)).toEqual([
      'Log in at https://bank.example (<https://evil.example/x>), or read [the docs](https://a.example).',
    ]);
  });

  it('is typed until its first words are there, and no longer', async ({ worlds }) => {
    const world = await worlds.begin();
    const { fake } = world;
    fake.person('Ada').dm('hello');
    const writing = await world.modelAsked(1);
    const typing = () => fake.callsOf('POST', '/channels/:channel/typing');
    await fake.until(() => typing().length === 1);
    writing.write('Hello').end();
    await world.turnsDone(1);
    const [post] = fake.callsOf('POST', '/channels/:channel/messages');
    expect(typing().every(({ at }) => at < post!.at)).toBe(true);
  });

  it('is not typed where its first words come at once', async ({ worlds }) => {
    const world = (await worlds.begin()).answerEverything();
    const { fake } = world;
    const ada = fake.person('Ada');
    ada.dm('hello');
    ada.mention('general', 'hello');
    await world.turnsDone(2);
    expect(fake.callsOf('POST', '/channels/:channel/typing')).toEqual([]);
    expect(fake.callsOf('POST', '/channels/:channel/messages')).toHaveLength(2);
  });

  it('goes on in the chain where it stands, each page a reply to the question', async ({
    worlds,
  }) => {
    const world = await worlds.begin({ fake: generous, platform: { replyIn: 'channel' } });
    const { fake } = world;
    const question = fake.person('Ada').mention('general', 'a long one');
    (await world.modelAsked(1)).write('Words and more words.\n\n'.repeat(150)).end();
    await world.turnsDone(1);
    const pages = world.botMessages('general');
    expect(pages.length).toBeGreaterThan(1);
    expect(pages.map(({ replyTo }) => replyTo)).toEqual(pages.map(() => question.id));
  });
});
