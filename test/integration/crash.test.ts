import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { streamText } from '../fakes/openai/scripts.ts';
import { type OpenAiFake, type OpenAiRequest, startOpenAiFake } from '../fakes/openai/server.ts';
import { type ParleyProcess, startParley } from '../fakes/parley-process.ts';
import { planted } from '../fakes/planted.ts';
import { WebClient } from '../fakes/web-client.ts';

let model: OpenAiFake;
let parley: ParleyProcess;
let client: WebClient;
let answers = 0;

/** Never the same answer twice: what two of them would leave mixed up can be told. */
function nextAnswer(): string {
  answers += 1;
  const words = Array.from({ length: 60 }, (_, at) => `${answers}-${at}`).join(' ');
  return `Answer ${answers} begins. ${planted.words} ${words}\n\nAnswer ${answers} ends.`;
}

const wholeAnswer = /^Answer (\d+) begins\. [^A]*\n\nAnswer \1 ends\.$/;

function asked(request: OpenAiRequest): string {
  return JSON.stringify(request.body);
}

beforeEach(async () => {
  model = await startOpenAiFake({
    script: async (reply, request) => {
      if (asked(request).includes('poison')) parley.kill();
      await streamText({ text: nextAnswer(), tokensPerSecond: 250 })(reply, request);
    },
  });
  parley = await startParley({ OPENAI_BASE_URL: model.url });
  client = await new WebClient(parley.url).login();
});

afterEach(async () => {
  await parley.stop();
  await model.close();
});

/** What people read in the end. */
async function settled(conversation: string) {
  return vi.waitFor(
    async () => {
      const shown = await client.look(conversation);
      expect(shown.running).toBeUndefined();
      expect(shown.queued).toEqual([]);
      return shown.entries;
    },
    { timeout: 20_000, interval: 50 },
  );
}

it('answers every question exactly once and whole, killed at twenty random moments', async () => {
  const moments = Array.from({ length: 20 }, () => Math.random() * 700).sort((a, b) => a - b);
  for (const moment of moments) {
    const conversations = [randomUUID(), randomUUID(), randomUUID()];
    await Promise.all(
      conversations.map((conversation) =>
        client.send(conversation, `question of ${conversation} ${planted.words}`),
      ),
    );
    await new Promise((resolve) => setTimeout(resolve, moment));
    parley.kill();
    parley = await parley.restart();
    client = client.at(parley.url);
    for (const conversation of conversations) {
      const entries = await settled(conversation);
      expect(entries, `killed after ${moment} ms`).toMatchObject([
        { role: 'user', text: `question of ${conversation} ${planted.words}` },
        { role: 'assistant', text: expect.stringMatching(wholeAnswer), outcome: 'done' },
      ]);
    }
  }
}, 120_000);

it('gives a message up that kills the process three times, and no other with it', async () => {
  const [poison, innocent] = [randomUUID(), randomUUID()];
  await client.send(innocent, 'an innocent question');
  await client.send(poison, 'poison');
  for (let death = 1; death <= 3; death += 1) {
    await parley.died();
    parley = await parley.restart();
    client = client.at(parley.url);
  }
  expect(await settled(poison)).toMatchObject([
    { role: 'user', text: 'poison' },
    { role: 'assistant', outcome: 'failed', note: expect.stringContaining('several times') },
  ]);
  expect(await settled(innocent)).toMatchObject([
    { role: 'user' },
    { role: 'assistant', text: expect.stringMatching(wholeAnswer), outcome: 'done' },
  ]);
  expect(model.requests.filter((request) => asked(request).includes('poison'))).toHaveLength(3);
}, 60_000);
