import { describe, expect, it as base, onTestFinished, vi } from 'vitest';
import type { Channel } from '../fakes/discord/channel.ts';
import { DiscordFake, type Shown } from '../fakes/discord/discord-fake.ts';
import type { DiscordFakeOptions } from '../fakes/discord/options.ts';
import { streamText } from '../fakes/openai/scripts.ts';
import { type OpenAiFake, startOpenAiFake } from '../fakes/openai/server.ts';
import { type ParleyProcess, startParley } from '../processes/parley-process.ts';
import { startSlackFake } from '../fakes/slack/slack-fake.ts';
import { scopes } from '../worlds/slack-world.ts';

interface Options {
  readonly replyIn?: 'thread' | 'channel';
  /** How many words the middle of an answer has. */
  readonly words?: number;
  readonly tokensPerSecond?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** A question, and the bot's messages in answer to it. */
type Asked = () => Shown[];

/** A real Parley process between a fake Discord and a fake model. */
class DiscordProcess {
  readonly fake: DiscordFake;
  readonly #model: OpenAiFake;
  readonly #words: number;
  #parley: ParleyProcess | undefined;
  #answers = 0;

  private constructor(fake: DiscordFake, model: OpenAiFake, words: number) {
    this.fake = fake;
    this.#model = model;
    this.#words = words;
  }

  static async start(options: Options): Promise<DiscordProcess> {
    const { tokensPerSecond = 250, words = 60, replyIn = 'thread', env = {} } = options;
    const model = await startOpenAiFake({
      script: (reply, request) =>
        streamText({ text: running.#nextAnswer(), tokensPerSecond })(reply, request),
    });
    // Several processes in a row spend what one could: the limits are not what is looked at here.
    const fake = await DiscordFake.start({ limits: { scale: 20 } });
    const running = new DiscordProcess(fake, model, words);
    running.#parley = await startParley({
      OPENAI_BASE_URL: model.url,
      DISCORD_BOT_TOKEN: fake.token,
      DISCORD_API_URL: fake.apiUrl,
      DISCORD_REPLY_IN: replyIn,
      DRAIN_SECONDS: '20',
      ...env,
    });
    return running;
  }

  get parley(): ParleyProcess {
    if (this.#parley === undefined) throw new Error('the process did not start');
    return this.#parley;
  }

  /** Ends the process on the spot. */
  async kill(): Promise<void> {
    this.parley.kill();
    await this.parley.died();
  }

  async restart(env: Record<string, string> = {}): Promise<void> {
    this.fake.limits.forgetTold();
    this.#parley = await this.parley.restart(env);
  }

  async end(): Promise<void> {
    await this.#parley?.stop();
    await this.fake.stop();
    await this.#model.close();
    expect(this.fake.pings).toEqual([]);
    expect(this.fake.linkEmbeds).toEqual([]);
    expect(this.fake.rateLimited.filter(({ foretold }) => foretold)).toEqual([]);
  }

  /** Asks by a mention; the answer comes in a thread, or in the channel. */
  mention(person: string, channel: string): Asked {
    const question = this.fake.person(person).mention(channel, 'go on');
    return () => {
      const thread = this.fake.thread(question);
      const inChannel = this.#shown(this.fake.channel(channel));
      const replies = inChannel.filter(({ replyTo }) => replyTo === question.id);
      return [...replies, ...(thread === undefined ? [] : this.#shown(thread))];
    };
  }

  dm(person: string): Asked {
    const asking = this.fake.person(person);
    const question = asking.dm('go on');
    return () =>
      this.#shown(asking.directChannel).filter(({ id }) => BigInt(id) > BigInt(question.id));
  }

  /** Resolves once each answer is whole: each word of it there, once, in order. */
  async whole(asked: readonly Asked[], timeoutMs = 20_000): Promise<void> {
    for (const shown of asked) {
      await this.fake.until(() => /Answer \d+ ends\.$/.test(shown().at(-1)?.text ?? ''), timeoutMs);
      const text = shown()
        .map((message) => message.text)
        .join('\n');
      const [, number] = /^Answer (\d+) begins\./.exec(text) ?? [];
      expect(text.replaceAll(/\s+/g, ' ')).toBe(
        `Answer ${number} begins. ${this.#middle(Number(number))} Answer ${number} ends.`,
      );
    }
  }

  #shown(place: Channel): Shown[] {
    return this.fake.messages(place).filter(({ author }) => author === 'Parley');
  }

  /** Never the same answer twice: what two of them would leave mixed up can be told. */
  #nextAnswer(): string {
    this.#answers += 1;
    const number = this.#answers;
    return `Answer ${number} begins. ${this.#middle(number)}\n\nAnswer ${number} ends.`;
  }

  #middle(answer: number): string {
    return Array.from({ length: this.#words }, (_, at) => `${answer}-${at}`).join(' ');
  }
}

/** Tests that wait for processes of their own run beside each other. */
const it = base.extend<{ begin: (options?: Options) => Promise<DiscordProcess> }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads from it what a fixture depends on
  begin: async ({}, use) => {
    const begun: DiscordProcess[] = [];
    await use(async (options = {}) => {
      const running = await DiscordProcess.start(options);
      begun.push(running);
      return running;
    });
    for (const running of begun) await running.end();
  },
});

describe.concurrent('a process that answers in Discord', () => {
  it.for(['thread', 'channel'] as const)(
    'completes each answer in its own messages, killed at random moments, in a %s',
    { timeout: 120_000 },
    async (replyIn, { begin }) => {
      const running = await begin({ replyIn });
      const ask = (): Asked[] => [
        running.mention('Ada', 'general'),
        running.mention('Ben', 'general'),
        running.mention('Cem', 'projects'),
        running.dm('Ada'),
      ];
      // What Discord does not tell of a place that the bot has never heard of, nobody can find.
      await running.whole(ask());
      expect(await running.parley.interrupt()).toBe(0);
      await running.restart();
      const moments = Array.from({ length: 2 }, () => Math.random() * 800);
      for (const moment of moments.toSorted((a, b) => a - b)) {
        const asked = ask();
        await new Promise((resolve) => setTimeout(resolve, moment));
        await running.kill();
        const before = asked.map((shown) => shown().map(({ id }) => id));
        await running.restart();
        await running.whole(asked);
        for (const [at, shown] of asked.entries()) {
          const after = shown().map(({ id }) => id);
          expect(after, `killed after ${moment} ms`).toHaveLength(1);
          expect(after.slice(0, before[at]!.length)).toEqual(before[at]);
        }
      }
    },
  );

  it('completes an answer of several messages in them, killed on its third one', async ({
    begin,
  }) => {
    const running = await begin({ words: 1_200, tokensPerSecond: 1_500 });
    const shown = running.mention('Ada', 'general');
    await running.fake.until(() => shown().length === 3, 30_000);
    await running.kill();
    const before = shown().map(({ id }) => id);
    expect(shown().at(-1)!.text).not.toMatch(/ends\.$/);
    await running.restart();
    await running.whole([shown], 40_000);
    expect(
      shown()
        .map(({ id }) => id)
        .slice(0, 3),
    ).toEqual(before);
  }, 90_000);

  it('completes an answer in the channel where it began for want of a thread, killed there', async ({
    begin,
  }) => {
    const running = await begin({ words: 500, tokensPerSecond: 400 });
    const { fake } = running;
    const refused = { kind: 'refused', code: 160_006 } as const;
    fake.faults.next('POST', '/channels/:channel/messages/:message/threads', refused);
    const shown = running.mention('Ada', 'general');
    await fake.until(() => shown().length === 1);
    await running.kill();
    const before = shown().map(({ id }) => id);
    await running.restart();
    await running.whole([shown]);
    const pages = shown();
    expect(pages.length).toBeGreaterThan(1);
    expect(pages.map(({ id }) => id).slice(0, 1)).toEqual(before);
    // None of them stands in a thread.
    const [{ replyTo } = {}] = pages;
    expect(pages.every((page) => page.replyTo === replyTo && replyTo !== undefined)).toBe(true);
  }, 60_000);

  it('ends its answers at SIGTERM, and answers what came meanwhile after the next start', async ({
    begin,
  }) => {
    const running = await begin();
    const { fake } = running;
    const asked = [running.mention('Ada', 'general'), running.dm('Ben')];
    await fake.until(() => asked.every((shown) => shown().length === 1));
    const ended = running.parley.interrupt();
    await vi.waitFor(() => expect(fake.gateway.connections).toBe(0), { timeout: 10_000 });
    const late = running.mention('Cem', 'projects');
    expect(await ended).toBe(0);
    expect(late()).toEqual([]);
    await running.whole(asked);
    await running.restart();
    await running.whole([late]);
    for (const shown of [...asked, late]) expect(shown()).toHaveLength(1);
  }, 60_000);

  it('answers in Slack, too, and says how to invite the bot', async ({ begin }) => {
    const slack = await startSlackFake({ workspaces: [{ id: 'T1', scopes }] });
    onTestFinished(() => slack.close());
    const running = await begin({
      env: {
        SLACK_BOT_TOKEN: slack.botToken,
        SLACK_APP_TOKEN: slack.appToken,
        SLACK_API_URL: slack.apiUrl,
      },
    });
    const root = slack.person('U1').mentions('C1', 'go on');
    const shown = running.mention('Ada', 'general');
    await running.whole([shown]);
    expect(running.parley.output).toContain(
      `https://discord.com/oauth2/authorize?client_id=${running.fake.bot.id}&scope=bot&permissions=`,
    );
    await slack.until(() => slack.thread('C1', root.ts).at(-1)?.text.endsWith('ends.'), 20_000);
    expect(slack.violations).toEqual([]);
    expect(shown()).toHaveLength(1);
    // Whoever opens the address that the start told learns why there is no page, and how to have it.
    expect(running.parley.output).toContain('its page is off (WEB=on in .env switches it on)');
    const page = await fetch(running.parley.url);
    expect(page.headers.get('content-type')).toContain('text/html');
    const text = await page.text();
    expect(text).toContain('Parley runs, and talks in Slack and Discord.');
    expect(text).toContain('<code>WEB=on</code>');
  });

  it('ends with what to do when the token is reset, and completes its answer with the right one', async ({
    begin,
  }) => {
    const running = await begin({ env: { DRAIN_SECONDS: '1' } });
    const { fake, parley } = running;
    const shown = running.mention('Ada', 'general');
    await fake.until(() => shown().length === 1);
    const [{ id }] = shown() as [Shown];
    fake.gateway.token = 'the-new-one';
    await parley.died();
    expect(parley.output).toContain('DISCORD_BOT_TOKEN: Discord does not accept it');
    expect(parley.output).not.toContain(fake.token);
    await running.restart({ DISCORD_BOT_TOKEN: 'the-new-one' });
    await running.whole([shown]);
    expect(shown().map((message) => message.id)).toEqual([id]);
  }, 60_000);
});

describe.concurrent('a process that cannot begin', () => {
  async function failing(options: DiscordFakeOptions, token?: string): Promise<string> {
    const fake = await DiscordFake.start(options);
    onTestFinished(() => fake.stop());
    const starting = startParley({
      DISCORD_BOT_TOKEN: token ?? fake.token,
      DISCORD_API_URL: fake.apiUrl,
    });
    const error: unknown = await starting.catch((thrown: unknown) => thrown);
    if (!(error instanceof Error)) throw new Error('it began');
    expect(error.message).not.toContain(token ?? fake.token);
    return error.message;
  }

  it('says what is wrong with a token, and nothing of the token', async () => {
    const said = await failing({}, 'MTIz.s3cr3t.not-the-token');
    expect(said).toMatch(/exit code 78[\s\S]*DISCORD_BOT_TOKEN: Discord does not accept it/);
    expect(said).not.toContain('s3cr3t');
  });

  it('says which switch to turn on where it may not read messages', async () => {
    const said = await failing({ messageContent: false });
    expect(said).toMatch(/exit code 78[\s\S]*switch on "Message Content Intent"/);
    expect(said).toMatch(/https:\/\/discord\.com\/developers\/applications\/\d+\/bot/);
  });
});
