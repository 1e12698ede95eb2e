// Tested by test/unit/commands/doctor.test.ts
import { withDeadline } from '../../core/timing.ts';
import { BadConfiguration, CallFailed } from '../../core/domain/errors.ts';
import { asRecord, asText } from '../../core/foreign-data.ts';
import type { Check, CheckupGroup, Finding } from '../../core/ports/checkup.ts';
import { styleText } from 'node:util';

/** Deadline of a check, in ms. */
const deadlineMs = 10_000;
const maxDetailChars = 300;
const maxCauses = 5;

/**
 * Runs checks concurrently, each with a deadline. A check that needs another one waits for it, and is
 * left out if that failed. Never throws; findings are in the order of the checks.
 */
export async function runChecks(
  checks: readonly Check[],
  onProgress: (done: number, of: number) => void = () => undefined,
): Promise<Finding[]> {
  let done = 0;
  const running = new Map<string, Promise<Finding[]>>();
  for (const check of checks) {
    const needed = check.needs === undefined ? undefined : running.get(check.needs);
    const findings = (needed ?? Promise.resolve([])).then(async (before) => {
      const isInVain = before.some(({ id, state }) => id === check.needs && state === 'failed');
      const found = isInVain ? [] : await runCheck(check);
      done += 1;
      onProgress(done, checks.length);
      return found;
    });
    running.set(check.id, findings);
  }
  return (await Promise.all(running.values())).flat();
}

async function runCheck(check: Check): Promise<Finding[]> {
  const { id, group, what, remedy } = check;
  try {
    const never = new AbortController().signal;
    const found = await withDeadline(deadlineMs, never, (signal) => check.run(signal));
    return found.map((finding) => ({ ...finding, group }));
  } catch (error) {
    const failed = { id, group, what, state: 'failed' } as const;
    if (error instanceof BadConfiguration) return [{ ...failed, ...splitRemedy(error.message) }];
    return [
      { ...failed, detail: describeError(error), ...(remedy === undefined ? {} : { remedy }) },
    ];
  }
}

/**
 * A message of a failed start in its two parts, fault and remedy. Text in brackets is of others, and
 * never cut.
 */
function splitRemedy(message: string): { detail: string; remedy?: string } {
  const [, detail, remedy] =
    /^((?:[^(]|\([^)]*\))*?)\. (?=[A-Z])(.*)$/s.exec(message) ??
    /^((?:[^(]|\([^)]*\))*?); (.*)$/s.exec(message) ??
    [];
  if (detail === undefined || remedy === undefined) return { detail: message };
  return { detail, remedy };
}

/** An error's message with the system's error code among its causes. */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error).slice(0, maxDetailChars);
  const name = error instanceof CallFailed || error.name === 'Error' ? '' : `${error.name}: `;
  const [line = ''] = error.message.split('\n', 1);
  const words = `${name}${line.replace(/ (\d+)000 ms$/, ' $1 s')}`.slice(0, maxDetailChars);
  const code = codeBelow(error);
  return code === undefined || words.includes(code) ? words : `${words} (${code})`;
}

function codeBelow(error: Error): string | undefined {
  let current: unknown = error;
  for (let depth = 0; depth < maxCauses && current instanceof Error; depth += 1) {
    const { code, original } = asRecord(current);
    const found = asText(code);
    if (found !== undefined && /^(E[A-Z]+|UND_|CERT_)/.test(found)) return found;
    current = current.cause ?? original;
  }
  return undefined;
}

const titles: Readonly<Record<CheckupGroup, string>> = {
  configuration: 'Configuration',
  proxy: 'Proxy',
  slack: 'Slack',
  discord: 'Discord',
  model: 'Model',
  store: 'Store',
  clock: 'Clock',
};

const marks = {
  ok: ['✓', 'green'],
  warning: ['!', 'yellow'],
  failed: ['✗', 'red'],
} as const satisfies Record<Finding['state'], readonly [string, string]>;

/**
 * The findings as text, with colours if `stream` is a terminal and NO_COLOR is not set.
 */
export function formatFindings(
  findings: readonly Finding[],
  stream: NodeJS.WritableStream,
): string {
  const lines: string[] = [];
  for (const [group, title] of Object.entries(titles)) {
    const own = findings.filter((finding) => finding.group === group);
    // A single line such as `Discord: not configured` needs no heading.
    const isPlain = own.every(({ what }) => what === title);
    if (own.length > 0 && !isPlain) lines.push(styleText('bold', title, { stream }));
    const indent = isPlain ? '' : '  ';
    for (const { state, what, detail, remedy } of own) {
      const [mark, colour] = marks[state];
      const words = detail === undefined ? what : `${what}: ${detail}`;
      lines.push(`${indent}${styleText(colour, mark, { stream })} ${words}`);
      if (remedy !== undefined) lines.push(`${indent}    ${remedy}`);
    }
  }
  lines.push('', summary(findings));
  return `${lines.join('\n')}\n`;
}

function summary(findings: readonly Finding[]): string {
  const count = (state: Finding['state']): number =>
    findings.filter((finding) => finding.state === state).length;
  const [failed, warnings] = [count('failed'), count('warning')];
  if (failed === 0 && warnings === 0) return 'All is well.';
  const worth = `${warnings} ${warnings === 1 ? 'thing' : 'things'} worth a look`;
  if (failed === 0) return `It works, with ${worth}.`;
  const wrong = `${failed} ${failed === 1 ? 'thing is' : 'things are'} wrong`;
  return warnings === 0 ? `${wrong}.` : `${wrong}, and ${worth}.`;
}

/** A progress line on a terminal; nothing elsewhere. */
export class Progress {
  readonly #stream: NodeJS.WritableStream & { readonly isTTY?: boolean };

  constructor(stream: NodeJS.WritableStream & { readonly isTTY?: boolean }) {
    this.#stream = stream;
  }

  show(done: number, of: number): void {
    this.#write(`Looking… ${done} of ${of}`);
  }

  clear(): void {
    this.#write('');
  }

  #write(line: string): void {
    if (this.#stream.isTTY === true) this.#stream.write(`\r\u{1b}[K${line}`);
  }
}
