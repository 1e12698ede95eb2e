import { readFileSync } from 'node:fs';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  clockFindings,
  configurationRead,
  hintFindings,
  problemFindings,
} from '../../../src/commands/doctor/own-findings.ts';
import { formatFindings, Progress, runChecks } from '../../../src/commands/doctor/run-checks.ts';
import { type InvalidSettings, readConfig } from '../../../src/config/config.ts';
import { BadConfiguration, CallFailed } from '../../../src/core/domain/errors.ts';
import type { Check, Finding } from '../../../src/core/ports/checkup.ts';

function check(id: string, run: Check['run'], more: Partial<Check> = {}): Check {
  return { id, group: 'slack', what: `What ${id}`, run, ...more };
}

function well(id: string): Check['run'] {
  return () => Promise.resolve([{ id, what: `What ${id}`, state: 'ok' }]);
}

function throwing(error: unknown): Check['run'] {
  return async () => {
    throw error;
  };
}

describe('checks', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('run at the same time, and one that hangs is red alone, after 10 s', async () => {
    const begun: string[] = [];
    const signals: AbortSignal[] = [];
    const examining = runChecks([
      check(
        'hangs',
        (signal) => {
          begun.push('hangs');
          signals.push(signal);
          return new Promise(() => undefined);
        },
        { remedy: 'look there' },
      ),
      check('well', (signal) => {
        begun.push('well');
        return well('well')(signal);
      }),
    ]);
    await vi.advanceTimersByTimeAsync(9_900);
    expect(begun).toEqual(['hangs', 'well']);
    expect(signals[0]?.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(100);
    expect(await examining).toEqual([
      {
        id: 'hangs',
        group: 'slack',
        what: 'What hangs',
        state: 'failed',
        detail: 'no answer within 10 s',
        remedy: 'look there',
      },
      { id: 'well', group: 'slack', what: 'What well', state: 'ok' },
    ]);
    expect(signals[0]?.aborted).toBe(true);
  });

  it.each<[string, unknown, Partial<Finding>]>([
    [
      'of a configuration, in its own words',
      new BadConfiguration('Redis at r. Is away. Start it.'),
      { detail: 'Redis at r', remedy: 'Is away. Start it.' },
    ],
    [
      'of a token, in its own words',
      new BadConfiguration('SLACK_BOT_TOKEN: is wrong; copy it again; soon'),
      { detail: 'SLACK_BOT_TOKEN: is wrong', remedy: 'copy it again; soon' },
    ],
    [
      'of the network, with what the system calls it',
      new CallFailed('auth.test: no answer', {
        cause: Object.assign(new Error('x'), {
          original: Object.assign(new Error('y'), { code: 'ECONNREFUSED' }),
        }),
      }),
      { detail: 'auth.test: no answer (ECONNREFUSED)', remedy: 'otherwise' },
    ],
    [
      'of any kind, in one line and without a stack',
      new TypeError('odd\n    at somewhere'),
      { detail: 'TypeError: odd', remedy: 'otherwise' },
    ],
    ['that is no error', 'words', { detail: 'words', remedy: 'otherwise' }],
  ])('tell of a failure %s', async (_, error, expected) => {
    const [finding] = await runChecks([check('a', throwing(error), { remedy: 'otherwise' })]);
    expect(finding).toEqual({
      id: 'a',
      group: 'slack',
      what: 'What a',
      state: 'failed',
      ...expected,
    });
  });

  it('are left out if what they need failed, and not for what else was found there', async () => {
    const run = vi.fn<Check['run']>(well('second'));
    const second = check('second', run, { needs: 'first' });
    const failing = check('first', throwing(new Error('no')));
    expect((await runChecks([failing, second])).map(({ id }) => id)).toEqual(['first']);
    expect(run).not.toHaveBeenCalled();

    const progress: string[] = [];
    const aside: Finding = { id: 'aside', group: 'slack', what: 'Aside', state: 'failed' };
    const first = check('first', async (signal) => [...(await well('first')(signal)), aside]);
    const found = await runChecks([first, second], (done, of) => progress.push(`${done} of ${of}`));
    expect(found.map(({ id }) => id)).toEqual(['first', 'aside', 'second']);
    expect(progress).toEqual(['1 of 2', '2 of 2']);
  });
});

describe('a clock', () => {
  const noon = Date.parse('2026-11-22T12:00:00Z');

  /** An answer that took from `sentMs` to `receivedMs` after noon on our clock. */
  function told(said: string | number, sentMs: number, receivedMs: number, of = 'Slack') {
    return clockFindings([{ of, said, sentMs: noon + sentMs, receivedMs: noon + receivedMs }]);
  }
  const dateAt = (ms: number): string => new Date(noon + ms).toUTCString();

  it.each<[string, number, number, number, Finding['state'], RegExp]>([
    ['the same second', 0, 100, 900, 'ok', /agree/],
    ['whole seconds hide up to one', -1_000, 1_000, 1_100, 'ok', /agree/],
    ['2 s may be none', 2_000, 0, 100, 'ok', /agree/],
    ['3 s behind theirs', 3_000, 0, 100, 'warning', /about 3 s behind it/],
    ['4 s ahead of theirs', -4_000, 0, 100, 'warning', /about 4 s ahead of it/],
    ['a slow answer proves nothing', 3_000, 0, 8_000, 'ok', /agree/],
    ['just within a minute', 60_000, 0, 100, 'warning', /about 60 s behind/],
    ['more than a minute behind', 62_000, 0, 100, 'failed', /about 62 s behind/],
    ['hours ahead', -7_200_000, 0, 100, 'failed', /about 720\d s ahead/],
  ])('%s', (_, saidMs, sentMs, receivedMs, state, detail) => {
    const [finding] = told(dateAt(saidMs), sentMs, receivedMs);
    expect(finding?.state).toBe(state);
    expect(finding?.detail).toMatch(detail);
    expect(finding?.remedy === undefined).toBe(state === 'ok');
  });

  it('of Redis is known to the millisecond', () => {
    expect(told(noon + 1_900, 0, 10, 'Redis')[0]?.state).toBe('ok');
    expect(told(noon + 2_100, 0, 10, 'Redis')[0]).toMatchObject({
      id: 'clock.redis',
      state: 'warning',
    });
  });

  it('is judged by the quickest answer of each source', () => {
    const findings = clockFindings([
      { of: 'the model', said: dateAt(5_000), sentMs: noon, receivedMs: noon + 50 },
      { of: 'the model', said: dateAt(0), sentMs: noon - 9_000, receivedMs: noon + 9_000 },
      { of: 'Slack', said: dateAt(0), sentMs: noon, receivedMs: noon + 50 },
    ]);
    expect(findings.map(({ id, state }) => `${id} ${state}`)).toEqual([
      'clock.the-model warning',
      'clock.slack ok',
    ]);
  });

  it('is known better from several answers than from one, as each tells whole seconds', () => {
    const readings = [
      { of: 'Slack', said: dateAt(74_000), sentMs: noon, receivedMs: noon + 20 },
      { of: 'Slack', said: dateAt(75_000), sentMs: noon + 500, receivedMs: noon + 520 },
    ];
    expect(clockFindings(readings)[0]?.detail).toMatch(/about 75 s behind/);
    expect(clockFindings(readings.toReversed())[0]?.detail).toMatch(/about 75 s behind/);
    expect(clockFindings(readings.slice(0, 1))[0]?.detail).toMatch(/about 74 s behind/);
  });

  it('that says nonsense, or none at all, is no fault', () => {
    for (const findings of [clockFindings([]), told('soon', 0, 1)]) {
      expect(findings).toMatchObject([{ id: 'clock', state: 'ok' }]);
    }
  });
});

describe('a configuration', () => {
  function problemsOf(environment: NodeJS.ProcessEnv): Finding[] {
    try {
      readConfig(environment);
    } catch (error) {
      return problemFindings((error as InvalidSettings).problems);
    }
    throw new Error('it can be read');
  }

  it('that cannot be read is told problem by problem', () => {
    expect(problemsOf({ PORT: 'x', SLACK_APP_TOKEN: 'xapp-1' })).toEqual([
      {
        id: 'configuration.PORT',
        group: 'configuration',
        state: 'failed',
        what: 'PORT',
        detail: 'must be a whole number from 0 to 65535',
        remedy: 'set it in .env or the environment, such as PORT=3000',
      },
      {
        id: 'configuration.SLACK_BOT_TOKEN',
        group: 'configuration',
        state: 'failed',
        what: 'SLACK_BOT_TOKEN',
        detail: 'is needed beside SLACK_APP_TOKEN',
        remedy: 'set it in .env or the environment, such as SLACK_BOT_TOKEN=xoxb-…',
      },
    ]);
  });

  it('may have its tokens interchanged', () => {
    const swapped = problemsOf({ SLACK_BOT_TOKEN: 'xapp-1', SLACK_APP_TOKEN: 'xoxb-1', PORT: 'x' });
    expect(swapped.map(({ remedy }) => remedy?.includes('interchanged'))).toEqual([
      true,
      true,
      false,
    ]);
    const half = problemsOf({ SLACK_BOT_TOKEN: 'xapp-1', SLACK_APP_TOKEN: 'xapp-1' });
    expect(half[0]?.remedy).not.toContain('interchanged');
  });

  it('may have lines in its file that set nothing, and secrets that are too short', () => {
    const { hints } = readConfig({}, 'MODL=m\nTEMPERATURE=1\nOPENAI_API_KEY=ollama\n');
    expect(hintFindings(hints).map(({ state, what, detail }) => [state, what, detail])).toEqual([
      ['warning', '.env:1', 'MODL is no setting: MODEL is'],
      ['warning', '.env:2', 'TEMPERATURE is no setting; .env.example has them all'],
      [
        'warning',
        '.env:3',
        'OPENAI_API_KEY has fewer than 8 characters: it is not struck out of the log',
      ],
    ]);
    expect(readConfig({}, readFileSync('.env.example', 'utf8')).hints).toEqual([]);
  });

  it('may not be there to be read', () => {
    expect(problemFindings(['Parley cannot read .env in /x: remove it.'])).toMatchObject([
      { what: 'Configuration', detail: 'Parley cannot read .env in /x: remove it.' },
    ]);
  });
});

/** Something to write on that says of itself that it is a terminal, or not. */
function screen(isTTY: boolean) {
  const written: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      written.push(chunk.toString());
      done();
    },
  });
  return Object.assign(stream, { isTTY, written, getColorDepth: () => 8 });
}

describe('the list', () => {
  const findings: Finding[] = [
    configurationRead('the environment'),
    { id: 'a', group: 'slack', what: 'Scopes', state: 'failed', detail: 'bad', remedy: 'do it' },
    { id: 'b', group: 'slack', what: 'Token', state: 'warning' },
    { id: 'discord', group: 'discord', what: 'Discord', state: 'ok', detail: 'not configured' },
  ];

  it('says what is wrong, and under it what to do', () => {
    expect(formatFindings(findings, screen(false))).toBe(
      [
        '✓ Configuration: read from the environment',
        'Slack',
        '  ✗ Scopes: bad',
        '      do it',
        '  ! Token',
        '✓ Discord: not configured',
        '',
        '1 thing is wrong, and 1 thing worth a look.',
        '',
      ].join('\n'),
    );
  });

  it.each<[Finding['state'][], string]>([
    [['ok', 'ok'], 'All is well.'],
    [['ok', 'warning', 'warning'], 'It works, with 2 things worth a look.'],
    [['failed', 'failed'], '2 things are wrong.'],
  ])('sums up %s', (states, summary) => {
    const all = states.map((state): Finding => ({ id: 'a', group: 'slack', what: 'A', state }));
    expect(formatFindings(all, screen(false)).trimEnd().split('\n').at(-1)).toBe(summary);
  });

  it('has colours in a terminal alone', () => {
    vi.stubEnv('FORCE_COLOR', undefined);
    vi.stubEnv('NO_COLOR', undefined);
    vi.stubEnv('NODE_DISABLE_COLORS', undefined);
    try {
      expect(formatFindings(findings, screen(true))).toContain('\u{1b}[31m✗');
      expect(formatFindings(findings, screen(false))).not.toContain('\u{1b}');
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it('is waited for with a line that goes away, in a terminal alone', () => {
    for (const isTTY of [true, false]) {
      const stream = screen(isTTY);
      const progress = new Progress(stream);
      progress.show(1, 9);
      progress.clear();
      expect(stream.written.join('')).toBe(isTTY ? '\r\u{1b}[KLooking… 1 of 9\r\u{1b}[K' : '');
    }
  });
});
