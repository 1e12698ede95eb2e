import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { createApp } from '../../src/app.ts';
import { readConfig } from '../../src/config/config.ts';
import { recordingLog } from '../fakes/recording-log.ts';

it('begins nothing more once it is stopped while it starts', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'parley-app-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const log = recordingLog();
  const events = (): string[] => log.events.map(({ event }) => event);
  const config = readConfig({
    PORT: '0',
    DATA_DIR: folder,
    DISCORD_BOT_TOKEN: 'a.b.c',
    // Nobody answers there.
    DISCORD_API_URL: 'http://127.0.0.1:1/api',
  });
  const app = await createApp(config, log, new AbortController().signal);
  const starting = app.start();
  await vi.waitFor(() => expect(events()).toContain('Discord does not answer yet'));
  await app.stop();
  await starting;
  expect(events()).not.toContainEqual(expect.stringMatching(/^Parley talks|old history/));
});
