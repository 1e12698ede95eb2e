import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/config/config.ts';

function problemsOf(environment: Record<string, string>): string {
  try {
    readConfig(environment);
    return 'none';
  } catch (error) {
    return String(error);
  }
}

describe('DISCORD_API_URL', () => {
  it('is the address up to the version', () => {
    for (const end of ['/api/v10', '/api/v9/']) {
      const problems = problemsOf({ DISCORD_API_URL: `http://127.0.0.1:4010${end}` });
      expect(problems).toContain('DISCORD_API_URL must end before the version');
    }
    expect(problemsOf({ DISCORD_API_URL: 'http://127.0.0.1:4010/api' })).toBe('none');
    expect(problemsOf({ DISCORD_API_URL: 'http://127.0.0.1:4010/v10/api/' })).toBe('none');
  });
});

describe('DISCORD_BOT_TOKEN', () => {
  it('has only characters that a header takes', () => {
    for (const token of ['MTА5.x.y', 'Bot MTA5.x.y', 'MTA5.x.y\u200b', 'mfa…x']) {
      const problems = problemsOf({ DISCORD_BOT_TOKEN: token });
      expect(problems).toContain('DISCORD_BOT_TOKEN must be the token alone');
      expect(problems).not.toContain(token);
    }
    expect(problemsOf({ DISCORD_BOT_TOKEN: ' MTA5_a-b.x.y ' })).toBe('none');
  });
});
