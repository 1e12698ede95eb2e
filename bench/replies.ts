import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createCore } from '../src/core/create-core.ts';
import { conversationId } from '../src/core/domain/conversation.ts';
import type { Platform } from '../src/core/ports/platform.ts';
import type { Surface } from '../src/core/ports/surface.ts';
import type { Turn } from '../src/core/domain/turn.ts';
import { openAiModel } from '../src/models/openai-client.ts';
import { webFormat } from '../src/platforms/web/surface.ts';
import { openSqliteStore } from '../src/stores/sqlite/sqlite-store.ts';

/** A bench that is stuck ends by itself, in milliseconds. */
const deadlineMs = 8 * 60_000;

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

export interface RepliesResult {
  readonly replies: number;
  readonly charsEach: number;
  readonly tokensPerSecond: number;
  readonly whole: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly loopDelayP50Ms: number;
  readonly loopDelayP99Ms: number;
  readonly loopDelayMaxMs: number;
  readonly peakRssMb: number;
  readonly platformCalls: number;
}

/**
 * Many replies at once through the whole of one process: inbox, store, the AI SDK against a model
 * server in another process, live replies, pacer. The platform takes 100 ms a call.
 */
export async function benchReplies(
  replies: number,
  charsEach: number,
  tokensPerSecond: number,
): Promise<RepliesResult> {
  const server = fork(new URL('model-server.ts', import.meta.url), [
    String(charsEach),
    String(tokensPerSecond),
  ]);
  const folder = mkdtempSync(join(tmpdir(), 'parley-bench-'));
  const store = await openSqliteStore({ folder, retentionMs: 1e12 });
  try {
    const [url] = (await once(server, 'message')) as [string];
    const platform = new SlowPlatform(replies);
    const { inbox, dispatcher } = createCore({
      store,
      model: openAiModel({ baseUrl: url, model: 'fake', log: quiet }),
      platforms: [platform],
      instructions: () => 'Answer.',
      limits: {
        maxAttempts: 3,
        maxTurnMs: 600_000,
        maxReplyChars: 1_000_000,
        maxQuestionAgeMs: 3_600_000,
        historyTokens: 1_000,
      },
      concurrency: replies,
      lease: { owner: 'bench', leaseMs: 30_000 },
      log: quiet,
    });
    dispatcher.start();

    const delay = monitorEventLoopDelay({ resolution: 1 });
    let peakRss = 0;
    const rss = setInterval(() => (peakRss = Math.max(peakRss, process.memoryUsage.rss())), 100);
    const cpuBefore = process.cpuUsage();
    const startedAt = performance.now();
    delay.enable();
    for (let reply = 0; reply < replies; reply += 1) {
      void inbox.receive({
        id: 'question',
        conversation: conversationId('slow', `c${reply}`),
        author: { id: `person${reply}` },
        text: 'Tell me everything.',
        sentAt: Date.now(),
        kind: 'question',
      });
    }
    const progress = setInterval(
      () => process.stderr.write(`${platform.left} replies left\n`),
      10_000,
    );
    const late = setTimeout(() => platform.giveUp(), deadlineMs);
    await platform.allEnded;
    clearInterval(progress);
    clearTimeout(late);
    const seconds = (performance.now() - startedAt) / 1_000;
    delay.disable();
    clearInterval(rss);
    const cpu = process.cpuUsage(cpuBefore);
    await dispatcher.drain(1_000);
    return {
      replies,
      charsEach,
      tokensPerSecond,
      whole: platform.countOf(charsEach),
      seconds,
      cpuSeconds: (cpu.user + cpu.system) / 1e6,
      loopDelayP50Ms: delay.percentile(50) / 1e6,
      loopDelayP99Ms: delay.percentile(99) / 1e6,
      loopDelayMaxMs: delay.max / 1e6,
      peakRssMb: peakRss / 1e6,
      platformCalls: platform.calls,
    };
  } finally {
    await store.close();
    rmSync(folder, { recursive: true });
    server.disconnect();
  }
}

/** Takes its time for each call, and edits a message at most once a second. */
class SlowPlatform implements Platform {
  readonly name = 'slow';
  calls = 0;
  readonly #texts = new Map<string, string>();
  readonly #all = Promise.withResolvers<void>();
  left: number;

  constructor(replies: number) {
    this.left = replies;
  }

  giveUp(): void {
    this.#all.reject(new Error(`${this.left} replies did not end within ${deadlineMs} ms`));
  }

  get allEnded(): Promise<void> {
    return this.#all.promise;
  }

  /** How many replies have just so many characters. */
  countOf(chars: number): number {
    return [...this.#texts.values()].filter((text) => text.trim().length >= chars - 2).length;
  }

  surface({ conversation }: Turn): Surface {
    const call = async (text: string): Promise<void> => {
      this.calls += 1;
      await new Promise((resolve) => setTimeout(resolve, 100));
      this.#texts.set(conversation, text);
    };
    return {
      format: webFormat,
      budgets: { post: [], edit: [], remove: [] },
      editFloorMs: 1_000,
      callTimeoutMs: 10_000,
      post: ({ key, text }) => call(text).then(() => key),
      find: () => Promise.resolve(undefined),
      edit: (_id, text) => call(text),
      remove: () => Promise.resolve(),
    };
  }

  onTurnEnded(): void {
    this.left -= 1;
    if (this.left === 0) this.#all.resolve();
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  stopReceiving(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
