import { tokensOf } from '../test/fakes/openai/scripts.ts';
import { startOpenAiFake } from '../test/fakes/openai/server.ts';
import { sampleMarkdown } from './sample.ts';

/** Streams answers to whoever asks, in a process of its own: `model-server CHARS TOKENS_PER_S`. */
const [chars = 3_000, tokensPerSecond = 60] = process.argv.slice(2).map(Number);
const tokens = tokensOf(sampleMarkdown(chars));
const tickMs = 20;

const fake = await startOpenAiFake({
  script: async (reply) => {
    reply.begin();
    const startedAt = performance.now();
    for (let sent = 0; sent < tokens.length && !reply.over;) {
      const due = ((performance.now() - startedAt) / 1_000) * tokensPerSecond;
      for (; sent < Math.min(due, tokens.length); sent += 1) reply.text(tokens[sent] ?? '');
      await new Promise((resolve) => setTimeout(resolve, tickMs));
    }
    reply.finish('stop', { inputTokens: 1, outputTokens: tokens.length });
  },
});
process.send?.(fake.url);
process.once('disconnect', () => void fake.close());
