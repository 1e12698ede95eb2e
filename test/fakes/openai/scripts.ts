import type { Script } from './server.ts';

/** A text of the given length in UTF-16 units, made of numbered sentences. */
export function sampleText(chars: number): string {
  let text = '';
  for (let number = 1; text.length < chars; number += 1) {
    text += `Sentence ${number} of the sample stands here.${number % 5 === 0 ? '\n\n' : ' '}`;
  }
  return text.slice(0, chars);
}

/** The pieces of a text as a model would stream them: about 4 UTF-16 units each. */
export function tokensOf(text: string): string[] {
  return text.match(/[\s\S]{1,4}/gu) ?? [];
}

/**
 * Streams a text (600 UTF-16 units by default) at a rate in tokens per second (50 by default;
 * Infinity sends it at once), after `firstTokenMs` milliseconds (none by default).
 */
export function streamText(
  options: { text?: string; tokensPerSecond?: number; firstTokenMs?: number } = {},
): Script {
  const tokens = tokensOf(options.text ?? sampleText(600));
  const perSecond = options.tokensPerSecond ?? 50;
  return async (reply) => {
    reply.begin();
    if (options.firstTokenMs) await sleep(options.firstTokenMs);
    const startedAt = performance.now();
    for (const [index, token] of tokens.entries()) {
      // By the clock rather than by equal sleeps, which would add up their delays.
      const dueMs = startedAt + (index * 1_000) / perSecond - performance.now();
      if (dueMs > 0) await sleep(dueMs);
      if (reply.over) return;
      reply.text(token);
    }
    reply.finish('stop', { inputTokens: 10, outputTokens: tokens.length });
  };
}

/** Answers the first request with the first script and so on; the last one serves all others. */
export function inTurn(...scripts: [Script, ...Script[]]): Script {
  let asked = 0;
  return (reply, request) => {
    const script = scripts[Math.min(asked, scripts.length - 1)] ?? scripts[0];
    asked += 1;
    return script(reply, request);
  };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
