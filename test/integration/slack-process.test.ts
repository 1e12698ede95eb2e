import { describe, expect, it as base, onTestFinished, vi } from 'vitest';
import { streamText } from '../fakes/openai/scripts.ts';
import { type OpenAiFake, startOpenAiFake } from '../fakes/openai/server.ts';
import { type ParleyProcess, startParley } from '../processes/parley-process.ts';
import type { Message } from '../fakes/slack/message.ts';
import { type SlackFake, startSlackFake } from '../fakes/slack/slack-fake.ts';
import { scopes, signingSecret, type TransportName, transports } from '../worlds/slack-world.ts';

interface Options {
  readonly transport: TransportName;
  /** How many words the middle of an answer has. */
  readonly words?: number;
  readonly tokensPerSecond?: number;
}

/** A real Parley process between a fake Slack and a fake model. */
class SlackProcess {
  readonly fake: SlackFake;
  readonly #model: OpenAiFake;
  readonly #transport: TransportName;
  readonly #words: number;
  #parley: ParleyProcess | undefined;
  #answers = 0;

  private constructor(fake: SlackFake, model: OpenAiFake, options: Options) {
    this.fake = fake;
    this.#model = model;
    this.#transport = options.transport;
    this.#words = options.words ?? 60;
  }

  static async start(options: Options): Promise<SlackProcess> {
    const { transport, tokensPerSecond = 250 } = options;
    const model = await startOpenAiFake({
      script: (reply, request) =>
        streamText({ text: running.#nextAnswer(), tokensPerSecond })(reply, request),
    });
    const fake = await startSlackFake({
      workspaces: [{ id: 'T1', scopes }],
      // Several processes in a row spend what one could: the limits are not what is looked at here.
      limits: { scale: 10 },
    });
    const running = new SlackProcess(fake, model, options);
    running.#parley = await startParley({
      OPENAI_BASE_URL: model.url,
      SLACK_BOT_TOKEN: fake.botToken,
      ...(transport === 'http'
        ? { SLACK_SIGNING_SECRET: signingSecret }
        : { SLACK_APP_TOKEN: fake.appToken }),
      SLACK_API_URL: fake.apiUrl,
      DRAIN_SECONDS: '20',
    });
    if (transport === 'http') fake.deliverTo(`${running.parley.url}/slack/events`, signingSecret);
    return running;
  }

  get parley(): ParleyProcess {
    if (this.#parley === undefined) throw new Error('the process did not start');
    return this.#parley;
  }

  async kill(): Promise<void> {
    this.parley.kill();
    await this.parley.died();
  }

  async restart(): Promise<void> {
    this.#parley = await this.parley.restart();
  }

  /** Asks the process to end; resolves once it takes nothing more in, to its exit code to come. */
  async interrupt(): Promise<{ code: Promise<number | null> }> {
    const code = this.parley.interrupt();
    if (this.#transport === 'socket') await this.fake.until(() => this.fake.connections === 0);
    else await vi.waitFor(() => expect(this.parley.output).toContain('"stopping"'));
    return { code };
  }

  async end(): Promise<void> {
    await this.#parley?.stop();
    await this.fake.close();
    await this.#model.close();
    expect(this.fake.violations).toEqual([]);
  }

  /** The bot's messages in a thread. */
  replies(root: Message): Message[] {
    return this.fake
      .workspace()
      .channel(root.channel)
      .replies(root.ts)
      .filter(({ author }) => author.name === 'Parley');
  }

  isWhole(root: Message): boolean {
    return /Answer \d+ ends\.$/.test(this.replies(root).at(-1)?.text ?? '');
  }

  /** One whole answer: each word of it there, once, in order. */
  expectWhole(text: string): void {
    const [, number] = /^Answer (\d+) begins\./.exec(text) ?? [];
    expect(text.replaceAll(/\s+/g, ' ')).toBe(
      `Answer ${number} begins. ${this.#middle(Number(number))} Answer ${number} ends.`,
    );
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
const it = base.extend<{ begin: (options: Options) => Promise<SlackProcess> }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads from it what a fixture depends on
  begin: async ({}, use) => {
    const begun: SlackProcess[] = [];
    await use(async (options) => {
      const running = await SlackProcess.start(options);
      begun.push(running);
      return running;
    });
    for (const running of begun) await running.end();
  },
});

describe.concurrent.each(transports)('by %s', (transport) => {
  it('completes each answer in its own messages, killed at random moments', async ({ begin }) => {
    const running = await begin({ transport });
    const { fake } = running;
    // What differs by transport is little, and each moment takes a start.
    const moments = Array.from({ length: transport === 'socket' ? 6 : 4 }, () => Math.random());
    for (const moment of moments.map((at) => at * 800).toSorted((a, b) => a - b)) {
      const roots = ['C1', 'C2', 'G1'].map((channel) =>
        fake.person('U1').mentions(channel, `killed after ${moment} ms`),
      );
      const direct = fake.person('U2').posts('D2', `killed after ${moment} ms`);
      await new Promise((resolve) => setTimeout(resolve, moment));
      await running.kill();
      const before = roots.map((root) => running.replies(root).map(({ ts }) => ts));
      await running.restart();
      for (const [at, root] of roots.entries()) {
        await fake.until(() => running.isWhole(root), 20_000);
        const after = running.replies(root);
        expect(after.map(({ ts }) => ts).slice(0, before[at]!.length)).toEqual(before[at]);
        expect(after).toHaveLength(1);
        running.expectWhole(after[0]!.text);
      }
      await fake.until(() => fake.timeline('D2').at(-1)?.text.endsWith('ends.'), 20_000);
      const said = fake
        .timeline('D2')
        .filter(({ author, ts }) => author === 'Parley' && ts > direct.ts);
      expect(said).toHaveLength(1);
      running.expectWhole(said[0]!.text);
    }
  }, 120_000);

  it('completes an answer of several messages in them, killed on its second one', async ({
    begin,
  }) => {
    const running = await begin({ transport, words: 2_400, tokensPerSecond: 1_000 });
    const { fake } = running;
    const root = fake.person('U1').mentions('C1', 'a long one');
    await fake.until(() => running.replies(root).length === 2, 30_000);
    await running.kill();
    expect(running.isWhole(root)).toBe(false);
    const before = running.replies(root).map(({ ts }) => ts);
    await running.restart();
    await fake.until(() => running.isWhole(root), 40_000);
    const after = running.replies(root);
    expect(after.map(({ ts }) => ts).slice(0, 2)).toEqual(before);
    running.expectWhole(after.map(({ text }) => text).join('\n'));
  }, 90_000);

  it('ends its answers at SIGTERM, and answers what came meanwhile after the next start', async ({
    begin,
  }) => {
    const running = await begin({ transport });
    const { fake } = running;
    const root = fake.person('U1').mentions('C1', 'going on while it stops');
    await fake.until(() => running.replies(root).length === 1);
    const { code } = await running.interrupt();
    const late = fake.person('U2').mentions('C2', 'asked while it stops');
    expect(await code).toBe(0);
    expect(running.isWhole(root)).toBe(true);
    expect(running.replies(late)).toEqual([]);
    await running.restart();
    await fake.until(() => running.isWhole(late), 20_000);
    expect(running.replies(late)).toHaveLength(1);
    expect(running.replies(root)).toHaveLength(1);
    running.expectWhole(running.replies(root)[0]!.text);
  }, 60_000);
});

it('says what is wrong with a token, and nothing of the token', async () => {
  const fake = await startSlackFake();
  onTestFinished(() => fake.close());
  const wrong = startParley({
    SLACK_BOT_TOKEN: 'xoxb-s3cr3t',
    SLACK_APP_TOKEN: fake.appToken,
    SLACK_API_URL: fake.apiUrl,
  });
  await expect(wrong).rejects.toThrow(
    /exit code 78[\s\S]*SLACK_BOT_TOKEN: Slack answers invalid_auth/,
  );
  await expect(wrong).rejects.not.toThrow(/s3cr3t/);
});
