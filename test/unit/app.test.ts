import { expect, it } from 'vitest';
import { startLine } from '../../src/app.ts';

const url = 'http://localhost:3000';
const page = { name: 'web' };
const slack = { name: 'slack', describe: () => '@parley in Acme' };
const discord = { name: 'discord', describe: () => '@Parley in 2 servers (A, B)' };

it.each([
  [{ url, web: true, platforms: [page] }, 'Parley talks on http://localhost:3000'],
  [
    { url, web: true, generatedPassword: true, platforms: [page] },
    'Parley talks on http://localhost:3000; npm run password prints its password',
  ],
  [
    { url, web: true, platforms: [page, slack], metrics: 'http://127.0.0.1:9464/metrics' },
    'Parley talks on http://localhost:3000; Slack: @parley in Acme; metrics on http://127.0.0.1:9464/metrics',
  ],
  [
    { url, web: false, platforms: [slack, discord] },
    'Parley talks; Slack: @parley in Acme; Discord: @Parley in 2 servers (A, B); its page is off (WEB=on in .env switches it on); health on http://localhost:3000/healthz',
  ],
  [
    { url, web: false, platforms: [slack], health: 'http://127.0.0.1:3001/healthz' },
    'Parley talks; Slack: @parley in Acme; its page is off (WEB=on in .env switches it on); health on http://127.0.0.1:3001/healthz',
  ],
])('says what is where: %#', (started, line) => {
  expect(startLine(started)).toBe(line);
});
