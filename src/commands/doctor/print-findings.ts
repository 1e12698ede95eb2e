// Tested by test/unit/commands/doctor.test.ts
import { styleText } from 'node:util';
import type { CheckupGroup, Finding } from '../../core/ports/checkup.ts';

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
