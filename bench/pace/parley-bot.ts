import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCore } from '../../src/core/create-core.ts';
import type { Log } from '../../src/core/ports/log.ts';
import type { Model } from '../../src/core/ports/model.ts';
import type { Platform } from '../../src/core/ports/platform.ts';
import type { Store } from '../../src/core/ports/store.ts';
import { openAiModel } from '../../src/models/openai-client.ts';
import { discordPlatform } from '../../src/platforms/discord/discord-platform.ts';
import { slackPlatform } from '../../src/platforms/slack/slack-platform.ts';
import { openSqliteStore } from '../../src/stores/sqlite/sqlite-store.ts';
import type { Bot } from './bot.ts';
import type { Case } from './cases.ts';
import { RecordingModel, PacedModel, type TokenTimes } from './paced-model.ts';
import type { SimulatedPlatform } from './simulated-platform.ts';

type Doors = Pick<SimulatedPlatform, 'apiUrl' | 'token' | 'appToken'>;

/** The real core, store and platform. */
export async function parleyBot(
  measured: Case,
  doors: Doors,
  onDone: (count: number) => void,
): Promise<Bot> {
  const complaints = new Map<string, number>();
  let done = 0;
  const complain = (fields: Record<string, unknown>, event: string): void => {
    const { err } = fields;
    const what = err instanceof Error ? `${event}: ${err.message.slice(0, 120)}` : event;
    complaints.set(what, (complaints.get(what) ?? 0) + 1);
  };
  const log: Log = {
    debug: () => undefined,
    info: (_fields, event) => {
      if (event === 'turn done') onDone((done += 1));
    },
    warn: complain,
    error: complain,
  };
  const folder = mkdtempSync(join(tmpdir(), 'parley-pace-'));
  // However this process ends, unless it is killed.
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const store = await openSqliteStore({ folder, retentionMs: 1e12 });
  const model = await modelFor(measured, log);
  const platform = platformFor(measured, doors, store, log);
  const { inbox, dispatcher } = createCore({
    store,
    model: model.model,
    platforms: [platform],
    instructions: () => 'Be brief.',
    limits: {
      maxAttempts: 3,
      maxTurnMs: 600_000,
      maxReplyChars: 50_000,
      maxQuestionAgeMs: 3_600_000,
      historyTokens: 4_000,
    },
    concurrency: measured.replies,
    lease: { owner: 'pace', leaseMs: 30_000 },
    log,
  });
  await platform.start(inbox);
  dispatcher.start();
  return {
    written: model.model.written,
    complaints,
    async stop() {
      await platform.stopReceiving();
      await dispatcher.drain(0);
      await platform.close();
      await store.close();
      model.stop();
    },
  };
}

async function modelFor(
  { modelServer, chars, tokensPerSecond, links }: Case,
  log: Log,
): Promise<{ model: Model & { written: ReadonlyMap<number, TokenTimes> }; stop: () => void }> {
  if (modelServer !== true) {
    return {
      model: new PacedModel({ chars, tokensPerSecond, links: links === true }),
      stop: () => undefined,
    };
  }
  const server = fork(new URL('model-process.ts', import.meta.url), [
    String(chars),
    String(tokensPerSecond),
  ]);
  const [baseUrl] = (await once(server, 'message')) as [string];
  const model = new RecordingModel(openAiModel({ baseUrl, model: 'fake', log }));
  return { model, stop: () => server.disconnect() };
}

function platformFor({ platform, mode }: Case, doors: Doors, store: Store, log: Log): Platform {
  const { token, appToken, apiUrl } = doors;
  if (platform === 'discord') {
    return discordPlatform({
      token,
      apiUrl,
      replyIn: mode === 'channel' ? 'channel' : 'thread',
      store,
      lease: { owner: 'pace', leaseMs: 30_000 },
      log,
      onFatal: (error) => {
        throw error;
      },
      identifyEveryMs: 0,
    });
  }
  return slackPlatform({
    token,
    transport: { kind: 'socket', appToken },
    apiUrl,
    streaming: mode === 'native' || mode === 'auto' ? mode : 'edit',
    store,
    log,
  });
}
