import { describe, expect } from 'vitest';
import { itInWorlds as it } from '../worlds/discord-world.ts';

const breathe = () => new Promise((resolve) => setImmediate(resolve));

/** Limits are not what is looked at. */
const generous = { limits: { scale: 20 } } as const;

/** A section of a long answer; no line of it is like another one. */
function section(at: number): string {
  const rows = Array.from({ length: 30 }, (_, row) => `| r${at}.${row} | ${'x'.repeat(row)} |`);
  const code = Array.from({ length: 30 }, (_, line) => `const v${at}_${line} = ${line};`);
  const words = Array.from({ length: 90 }, (_, word) => `w${at}.${word}`);
  return [
    `##### Part ${at}`,
    '',
    words.join(' '),
    '',
    '| name | a longer head |',
    '| --- | --- |',
    ...rows,
    '',
    '```js',
    ...code,
    '```',
    '',
  ].join('\n');
}

describe.concurrent('a reply on Discord', () => {
  it('shows 30,000 characters with fences and tables whole, in pages that each stand alone', async ({
    worlds,
  }) => {
    const world = await worlds.begin({ fake: generous });
    const sections = Array.from({ length: 16 }, (_, at) => section(at));
    const text = sections.join('\n');
    expect(text.length).toBeGreaterThan(30_000);
    const question = world.fake.person('Ada').mention('general', 'all of it, please');
    const writing = await world.modelAsked(1);
    for (let at = 0; at < text.length; at += 40) {
      writing.write(text.slice(at, at + 40));
      if (at % 2_000 === 0) await breathe();
    }
    writing.end();
    await world.turnsDone(1, 30_000);
    const pages = world.replies(question);
    expect(pages.length).toBeGreaterThanOrEqual(15);
    for (const page of pages) {
      expect(Array.from(page).length).toBeLessThanOrEqual(2_000);
      expect((page.match(/^```/gm) ?? []).length % 2).toBe(0);
      for (const [block] of page.matchAll(/^```\n(?:name|r\d).*?^```$/gms)) {
        const bars = block
          .split('\n')
          .slice(1, -1)
          .map((line) => line.search(/ \| |-\|-/));
        expect(new Set(bars.filter((bar) => bar >= 0)).size).toBe(1);
        expect(block).toMatch(/^```\nname +\| a longer head\n-+\|-+\n/);
      }
    }
    const all = pages.join('\n');
    expect(all).not.toMatch(/^#+ /m);
    const once = (piece: string): void => expect(all.split(piece).length - 1, piece).toBe(1);
    for (let at = 0; at < sections.length; at += 1) {
      once(`**Part ${at}**\n`);
      for (let line = 0; line < 30; line += 1) {
        once(`const v${at}_${line} = ${line};`);
        once(`r${at}.${line} `);
      }
    }
    // Every word in its place, whatever stands between them.
    const read = (of: string) => of.match(/w\d+\.\d+|Part \d+|const v\d+_\d+|r\d+\.\d+/g);
    expect(read(all)).toEqual(read(text));
    expect(world.botTexts('general')).toEqual([]);
  });

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
