import { streamText } from '../../test/fakes/openai/scripts.ts';
import { startOpenAiFake } from '../../test/fakes/openai/server.ts';
import { answerTo, numberOf } from './numbered-texts.ts';

/** Answers the questions of a case over HTTP: `model-process CHARS TOKENS_PER_S`. */
const [chars = 3_000, tokensPerSecond = 60] = process.argv.slice(2).map(Number);

const fake = await startOpenAiFake({
  script: async (reply, request) => {
    const number = numberOf(JSON.stringify(request.body)) ?? 0;
    const text = answerTo(number, number === 0 ? 60 : chars);
    await streamText({ text, tokensPerSecond, firstTokenMs: 300 })(reply, request);
  },
});
process.send?.(fake.url);
process.once('disconnect', () => void fake.close());
