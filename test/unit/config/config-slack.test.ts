import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/config/config.ts';

const SLACK_BOT_TOKEN = 'xoxb-123';
const SLACK_APP_TOKEN = 'xapp-1';
const SLACK_SIGNING_SECRET = '8f74';

describe('Slack’s settings', () => {
  it.each([
    { SLACK_BOT_TOKEN, SLACK_APP_TOKEN },
    { SLACK_BOT_TOKEN, SLACK_SIGNING_SECRET },
    { SLACK_BOT_TOKEN, SLACK_SIGNING_SECRET, SLACK_TRANSPORT: 'http' },
    { SLACK_BOT_TOKEN, SLACK_APP_TOKEN, SLACK_SIGNING_SECRET, SLACK_TRANSPORT: 'socket' },
  ])('are enough: %o', (environment) => {
    expect(readConfig(environment)).toMatchObject({ WEB: false, THREAD_FOLLOWUPS: 'auto' });
    expect(readConfig(environment).secrets).toContain('xoxb-123');
    expect(readConfig({ ...environment, WEB: 'on' }).WEB).toBe(true);
  });

  it.each([
    [{ SLACK_APP_TOKEN }, /SLACK_BOT_TOKEN is needed beside SLACK_APP_TOKEN/],
    [{ SLACK_SIGNING_SECRET }, /SLACK_BOT_TOKEN is needed beside SLACK_SIGNING_SECRET/],
    [{ SLACK_BOT_TOKEN }, /SLACK_APP_TOKEN is needed .*such as SLACK_APP_TOKEN=xapp-/],
    [
      { SLACK_BOT_TOKEN, SLACK_SIGNING_SECRET, SLACK_TRANSPORT: 'socket' },
      /SLACK_APP_TOKEN is needed/,
    ],
    [
      { SLACK_BOT_TOKEN, SLACK_APP_TOKEN, SLACK_TRANSPORT: 'http' },
      /SLACK_SIGNING_SECRET is needed for SLACK_TRANSPORT=http/,
    ],
    [{ SLACK_BOT_TOKEN: 'xapp-1', SLACK_APP_TOKEN: 'xoxb-1' }, /must begin with xoxb-[\s\S]*xapp-/],
    [{ THREAD_FOLLOWUPS: 'never' }, /THREAD_FOLLOWUPS must be auto, always or mention/],
  ])('are not: %o', (environment, message) => {
    expect(() => readConfig(environment)).toThrow(message);
  });
});
