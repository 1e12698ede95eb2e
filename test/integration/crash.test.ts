import { randomUUID } from 'node:crypto';
import { describe, expect, it as base, vi } from 'vitest';
import { streamText } from '../fakes/openai/scripts.ts';
import { type OpenAiFake, type OpenAiRequest, startOpenAiFake } from '../fakes/openai/server.ts';
import { type ParleyProcess, startParley } from '../processes/parley-process.ts';
import { leakCanaries } from '../fakes/leak-canaries.ts';
import { type Shown, WebClient } from '../fakes/web-client.ts';

/** Never the same answer twice: what two of them would leave mixed up can be told. */
function* answers(): Generator<string, never> {
  for (let number = 1; ; number += 1) {
    const words = Array.from({ length: 60 }, (_, at) => `${number}-${at}`).join(' ');
    yield `Answer ${number} begins. ${leakCanaries.words} ${words}\n\nAnswer ${number} ends.`;
  }
}

const wholeAnswer = /^Answer (\d+) begins\. [^A]*\n\nAnswer \1 ends\.$/;

function asked(request: OpenAiRequest): string {
  return JSON.stringify(request.body);
}

/** Parley as a process that dies, with a model and a person of its own. */
class MortalParley {
  readonly model: OpenAiFake;
  #parley: ParleyProcess;
  #client: WebClient;

  private constructor(model: OpenAiFake, parley: ParleyProcess, client: WebClient) {
    this.model = model;
    this.#parley = parley;
    this.#client = client;
  }

  static async begin(): Promise<MortalParley> {
    const texts = answers();
    const model = await startOpenAiFake({
      script: async (reply, request) => {
        if (asked(request).includes('poison')) mortal.#parley.kill();
        await streamText({ text: texts.next().value, tokensPerSecond: 250 })(reply, request);
      },
    });
    const parley = await startParley({ OPENAI_BASE_URL: model.url });
    const client = await new WebClient(parley.url).login();
    const mortal = new MortalParley(model, parley, client);
    return mortal;
  }

  send(conversation: string, text: string): Promise<unknown> {
    return this.#client.send(conversation, text);
  }

  kill(): void {
    this.#parley.kill();
  }

  died(): Promise<void> {
    return this.#parley.died();
  }

  async restart(): Promise<void> {
    this.#parley = await this.#parley.restart();
    this.#client = this.#client.at(this.#parley.url);
  }

  async end(): Promise<void> {
    await this.#parley.stop();
    await this.model.close();
  }

  /** What people read in the end. */
  settled(conversation: string): Promise<Shown['entries']> {
    return vi.waitFor(
      async () => {
        const shown = await this.#client.look(conversation);
        expect(shown.running).toBeUndefined();
        expect(shown.queued).toEqual([]);
        return shown.entries;
      },
      { timeout: 20_000, interval: 50 },
    );
  }
}

/** Tests that wait for processes of their own run beside each other. */
const it = base.extend<{ begin: () => Promise<MortalParley> }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads from it what a fixture depends on
  begin: async ({}, use) => {
    const begun: MortalParley[] = [];
    await use(async () => {
      const mortal = await MortalParley.begin();
      begun.push(mortal);
      return mortal;
    });
    for (const mortal of begun) await mortal.end();
  },
});

async function diesAt(moments: readonly number[], mortal: MortalParley): Promise<void> {
  for (const moment of moments) {
    const conversations = [randomUUID(), randomUUID(), randomUUID()];
    await Promise.all(
      conversations.map((conversation) =>
        mortal.send(conversation, `question of ${conversation} ${leakCanaries.words}`),
      ),
    );
    await new Promise((resolve) => setTimeout(resolve, moment));
    mortal.kill();
    await mortal.restart();
    for (const conversation of conversations) {
      const entries = await mortal.settled(conversation);
      expect(entries, `killed after ${moment} ms`).toMatchObject([
        { role: 'user', text: `question of ${conversation} ${leakCanaries.words}` },
        { role: 'assistant', text: expect.stringMatching(wholeAnswer), outcome: 'done' },
      ]);
    }
  }
}

describe.concurrent('a process that dies', () => {
  it('answers every question exactly once and whole, killed at twenty random moments', async ({
    begin,
  }) => {
    const moments = Array.from({ length: 20 }, () => Math.random() * 700).toSorted((a, b) => a - b);
    // Two processes share them: each moment takes a start.
    const shares = [0, 1].map((share) => moments.filter((_, at) => at % 2 === share));
    await Promise.all(shares.map(async (share) => diesAt(share, await begin())));
  }, 120_000);

  it('gives a message up that kills the process three times, and no other with it', async ({
    begin,
  }) => {
    const mortal = await begin();
    const [poison, innocent] = [randomUUID(), randomUUID()];
    await mortal.send(innocent, 'an innocent question');
    await mortal.send(poison, 'poison');
    for (let death = 1; death <= 3; death += 1) {
      await mortal.died();
      await mortal.restart();
    }
    expect(await mortal.settled(poison)).toMatchObject([
      { role: 'user', text: 'poison' },
      { role: 'assistant', outcome: 'failed', note: expect.stringContaining('several times') },
    ]);
    expect(await mortal.settled(innocent)).toMatchObject([
      { role: 'user' },
      { role: 'assistant', text: expect.stringMatching(wholeAnswer), outcome: 'done' },
    ]);
    const poisoned = mortal.model.requests.filter((request) => asked(request).includes('poison'));
    expect(poisoned).toHaveLength(3);
  }, 60_000);
});
