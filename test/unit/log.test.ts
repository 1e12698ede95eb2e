import { describe, expect, it } from 'vitest';
import { createLog } from '../../src/log.ts';

function logged(write: (log: ReturnType<typeof createLog>) => void, secrets: string[] = []) {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  write(createLog({ level: 'info', secrets, readable: false, destination }));
  return lines.join('');
}

describe('the log', () => {
  it('writes an event with its fields', () => {
    const line = JSON.parse(logged((log) => log.info({ turn: 't1', edits: 3 }, 'turn done')));
    expect(line).toMatchObject({ level: 'info', msg: 'turn done', turn: 't1', edits: 3 });
  });

  it('strikes secrets out wherever they stand', () => {
    const secrets = ['sk-very"secret'];
    const line = logged((log) => {
      log.info({ url: 'https://x/?key=sk-very"secret' }, 'calling with sk-very"secret');
      log.error({ err: new Error('refused sk-very"secret') }, 'failed');
    }, secrets);
    expect(line).not.toContain('very');
    expect(line).toContain('[secret]');
  });

  it('says what failed, where and why, and nothing of what an error carries along', () => {
    class ApiError extends Error {
      override readonly name = 'ApiError';
      readonly requestBody = 'the words of a person';
      readonly statusCode = 429;
    }
    const error = new Error('model failed', {
      cause: new ApiError('too many requests', { cause: new TypeError('root') }),
    });
    const text = logged((log) => log.warn({ err: error }, 'retry'));
    expect(text).not.toContain('the words of a person');
    expect(JSON.parse(text)).toMatchObject({
      err: {
        type: 'Error',
        message: 'model failed',
        cause: { type: 'ApiError', status: 429, cause: { type: 'TypeError', message: 'root' } },
      },
    });
    expect(JSON.parse(text).err.at[0]).toContain('log.test.ts');
  });

  it('survives an error that causes itself, and what is no error', () => {
    const error = new Error('loop');
    error.cause = error;
    expect(logged((log) => log.warn({ err: error }, 'x'))).toContain('loop');
    expect(logged((log) => log.warn({ err: 'only text' }, 'x'))).toContain('only text');
  });
});
