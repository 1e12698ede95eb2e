import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readConfig, variableNames } from '../../../src/config/config.ts';
import { BadConfiguration } from '../../../src/core/domain/errors.ts';

function problemsOf(environment: Record<string, string>): string {
  try {
    readConfig(environment);
  } catch (error) {
    if (error instanceof BadConfiguration) return error.message;
    throw error;
  }
  return 'none';
}

describe('the configuration', () => {
  it('needs nothing set', () => {
    expect(readConfig({})).toMatchObject({
      HOST: '127.0.0.1',
      PORT: 3_000,
      WEB: true,
      DATA_DIR: 'data',
      MAX_REPLY_CHARS: 50_000,
      secrets: [],
    });
  });

  it('counts an empty value as not set', () => {
    expect(readConfig({ PORT: '', OPENAI_API_KEY: '  ' })).toMatchObject({ PORT: 3_000 });
    expect(readConfig({ OPENAI_API_KEY: '' }).OPENAI_API_KEY).toBeUndefined();
  });

  it.each([
    ['SLACK_BOT_TOKEN', '"xoxb-1"', 'must be the token alone, without quotes or spaces'],
    ['SLACK_BOT_TOKEN', 'xoxb-1”', 'must be the token alone, without quotes or spaces'],
    ['SLACK_BOT_TOKEN', 'xoxb-1 xoxb-1', 'must be the token alone, without quotes or spaces'],
    ['SLACK_APP_TOKEN', 'xapp-1…', 'must be the token alone, without quotes or spaces'],
    ['OPENAI_API_KEY', '"sk-1"', 'must be the key alone, without quotes or spaces'],
    ['OPENAI_API_KEY', '“sk-1”', 'must be the key alone, without quotes or spaces'],
    ['OPENAI_API_KEY', 'sk-1 # mine', 'must be the key alone, without quotes or spaces'],
  ])('tells a mistake in copying: %s=%s', (name, value, words) => {
    const message = problemsOf({ [name]: value });
    expect(message).toContain(`  ${name} ${words}, such as ${name}=`);
    expect(message).not.toContain(value);
  });

  it('takes no space around a key for a part of it', () => {
    const { OPENAI_API_KEY, secrets } = readConfig({ OPENAI_API_KEY: ' sk-12345\n' });
    expect([OPENAI_API_KEY, secrets]).toEqual(['sk-12345', ['sk-12345']]);
  });

  it('reports every problem at once, with the variable, what is wrong and an example', () => {
    const message = problemsOf({
      PORT: '80a',
      OPENAI_API: 'soap',
      OPENAI_BASE_URL: 'localhost:11434',
      LOG_LEVEL: 'loud',
      MAX_TURN_SECONDS: '0',
    });
    expect(message.split('\n')).toEqual([
      'Parley cannot start with this configuration:',
      '  OPENAI_BASE_URL must be an http or https address, such as OPENAI_BASE_URL=http://127.0.0.1:11434/v1',
      '  OPENAI_API must be responses or chat, such as OPENAI_API=chat',
      '  MAX_TURN_SECONDS must be a whole number from 1 to 86400, such as MAX_TURN_SECONDS=600',
      '  PORT must be a whole number from 0 to 65535, such as PORT=3000',
      '  LOG_LEVEL must be debug, info, warn, error or silent, such as LOG_LEVEL=info',
    ]);
  });

  it('takes names and addresses under which the page is reached, as browsers show them', () => {
    const names = 'parley.example.com, 192.168.1.20:3000 [fd00::1]:3000,fd00::1';
    expect(readConfig({ WEB_HOSTS: names }).WEB_HOSTS).toEqual([
      'parley.example.com',
      '192.168.1.20:3000',
      '[fd00::1]:3000',
      'fd00::1',
    ]);
    expect(readConfig({}).WEB_HOSTS).toEqual([]);
    for (const wrong of [
      'https://parley.example.com',
      'parley.example.com/',
      '*',
      '*.example.com',
    ]) {
      expect(problemsOf({ WEB_HOSTS: wrong })).toContain('WEB_HOSTS must list names and addresses');
    }
  });

  it('reports what does not go together beside what is wrong by itself', () => {
    const message = problemsOf({ WEB: 'off', LOG_LEVEL: 'loud' });
    expect(message).toContain('LOG_LEVEL must be');
    expect(message).toContain('WEB is off, and no other platform is configured');
    // What is wrong by itself is one problem, not two.
    expect(problemsOf({ SLACK_BOT_TOKEN: 'x', SLACK_APP_TOKEN: 'y' }).split('\n')).toHaveLength(3);
  });

  it('knows that OpenAI wants a key, and other servers need none', () => {
    const named = { OPENAI_BASE_URL: 'https://api.openai.com/v1' };
    expect(problemsOf(named)).toContain('OPENAI_API_KEY is needed by OpenAI');
    expect(problemsOf({ ...named, OPENAI_API_KEY: 'sk-1' })).toBe('none');
    expect(problemsOf({ OPENAI_BASE_URL: 'http://127.0.0.1:11434/v1' })).toBe('none');
  });

  it('lets answers end at the end, or hands them over at once where others may go on', () => {
    const others = { REDIS_URL: 'redis://127.0.0.1:6379' };
    expect(readConfig({}).DRAIN_SECONDS).toBe(8);
    expect(readConfig(others).DRAIN_SECONDS).toBe(0);
    expect(readConfig({ ...others, DRAIN_SECONDS: '20' }).DRAIN_SECONDS).toBe(20);
  });

  it('refuses to run for nobody', () => {
    expect(problemsOf({ WEB: 'off' })).toContain('WEB is off, and no other platform is configured');
  });

  it('never repeats a secret in a message, and knows which values are secrets', () => {
    expect(problemsOf({ WEB_PASSWORD: 'hunter2' })).not.toContain('hunter2');
    const both = { OPENAI_API_KEY: 'sk-12345', WEB_PASSWORD: 'hunter22' };
    expect(readConfig(both).secrets).toEqual(['sk-12345', 'hunter22']);
    const secretsOf = (url: string) => readConfig({ REDIS_URL: url }).secrets;
    expect(secretsOf('redis://127.0.0.1:6379')).toEqual([]);
    expect(secretsOf('redis://:password@127.0.0.1')).toEqual([
      'redis://:password@127.0.0.1',
      'password',
    ]);
    expect(secretsOf('rediss://ann:password@redis')).toEqual([
      'rediss://ann:password@redis',
      'password',
    ]);
  });

  it('strikes nothing out of a log that stands in many a line by chance', () => {
    expect(readConfig({ OPENAI_API_KEY: 'ollama' }).secrets).toEqual([]);
    const short = 'redis://:redis@127.0.0.1';
    expect(readConfig({ REDIS_URL: short }).secrets).toEqual([short]);
  });

  it('takes no blank around a value for a part of it, but in texts', () => {
    const spaced = { PORT: ' 3001\n', LOG_LEVEL: ' warn', HOST: '127.0.0.1 ', WEB: 'on ' };
    expect(readConfig(spaced)).toMatchObject({ PORT: 3_001, LOG_LEVEL: 'warn', HOST: '127.0.0.1' });
    expect(readConfig({ WEB_PASSWORD: ' hunter22 ' }).WEB_PASSWORD).toBe(' hunter22 ');
  });

  it('is documented: .env.example has every variable, and no other', () => {
    const documented = readFileSync('.env.example', 'utf8')
      .split('\n')
      .flatMap((line) => /^#? ?([A-Z_]+)=/.exec(line)?.[1] ?? []);
    expect(documented.sort()).toEqual([...variableNames].sort());
  });

  it('is documented truly: the values of .env.example are the defaults', () => {
    const lines = readFileSync('.env.example', 'utf8').split('\n');
    const given = Object.fromEntries(
      lines.filter((line) => /^[A-Z_]+=/.test(line)).map((line) => line.split('=')),
    ) as Record<string, string>;
    expect(readConfig(given)).toEqual(readConfig({}));
  });
});

describe('a proxy', () => {
  const address = 'http://ada:s3cr3t%40@proxy.example.com:3128';

  it('has its name and password kept out of the log', () => {
    const { HTTPS_PROXY, secrets } = readConfig({ HTTPS_PROXY: ` ${address}\n` });
    expect(HTTPS_PROXY).toBe(address);
    expect(secrets).toEqual([address, 's3cr3t%40']);
    expect(readConfig({ HTTPS_PROXY: 'http://proxy.example.com' }).secrets).toEqual([]);
  });

  it('may be set in lower case, which counts before upper case, but not if it is empty', () => {
    const other = 'http://other.example.com:8080';
    expect(
      readConfig({ https_proxy: address, HTTPS_PROXY: other, http_proxy: '', HTTP_PROXY: other }),
    ).toMatchObject({ HTTPS_PROXY: address, HTTP_PROXY: other });
    expect(readConfig({ no_proxy: 'example.com' }).NO_PROXY).toBe('example.com');
  });

  it.each([
    'proxy.example.com:3128',
    '//proxy.example.com',
    'socks5://proxy.example.com:1080',
    'http://',
    'http://proxy.example.com:99999',
    'http://ada:50%@proxy.example.com',
  ])('is not %s', (value) => {
    for (const name of ['HTTPS_PROXY', 'HTTP_PROXY']) {
      expect(problemsOf({ [name]: value })).toContain(
        `  ${name} must be the http or https address of a proxy, such as ${name}=http://proxy.example.com:3128`,
      );
    }
  });
});
