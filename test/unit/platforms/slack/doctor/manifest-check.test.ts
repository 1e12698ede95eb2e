import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { suggestedPrompts } from '../../../../../src/platforms/slack/notices/user-notices.ts';
import {
  listUnder as listIn,
  wantedEvents,
  wantsSocketMode,
} from '../../../../../src/platforms/slack/doctor/manifest-check.ts';
import { requiredScopes } from '../../../../../src/platforms/slack/api/identify-bot.ts';

const manifest = readFileSync('slack-manifest.yaml', 'utf8');

const listUnder = (key: string): string[] => listIn(manifest, key);

describe('the manifest', () => {
  it('asks for every scope that is looked for at the start', () => {
    expect(listUnder('bot')).toEqual(expect.arrayContaining([...requiredScopes]));
  });

  it('asks for nothing else but the names of files, and for no buttons', () => {
    const more = listUnder('bot').filter((scope) => !requiredScopes.includes(scope));
    expect(more).toEqual(['files:read']);
    expect(manifest).not.toContain('interactivity');
  });

  it('asks for every event that is understood', () => {
    expect(listUnder('bot_events').sort()).toEqual([
      'app_home_opened',
      'app_mention',
      'app_uninstalled',
      'message.channels',
      'message.groups',
      'message.im',
      'message.mpim',
      'tokens_revoked',
    ]);
  });

  it('is what the doctor compares an app with', () => {
    expect(listUnder('bot_events').sort()).toEqual([...wantedEvents].sort());
    expect(wantsSocketMode(manifest)).toBe(true);
    expect(listUnder('no_such_list')).toEqual([]);
  });

  it('offers the prompts that the messages tab gets, at most four', () => {
    const titles = listUnder('suggested_prompts').map((line) => line.replace('title: ', ''));
    expect(titles).toEqual(suggestedPrompts.map(({ title }) => title));
    expect(titles.length).toBeLessThanOrEqual(4);
  });
});
