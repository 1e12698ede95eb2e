import { enableCompileCache } from 'node:module';
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';
import { BadConfiguration, StoreUnavailable } from '../core/domain/errors.ts';
import type { OperatorCommands } from '../core/instances/operator.ts';

// What is imported from here on starts faster the next time.
enableCompileCache();

/** Exit codes as sysexits.h has them. */
const usageCode = 64;
const unavailableCode = 69;
const badConfigurationCode = 78;

/** What was typed behind a command's name. */
export interface CommandArguments {
  readonly words: readonly string[];
  /** Whether a switch, such as `--json`, was there. */
  has(name: string): boolean;
  /** What stood behind an option, such as `7` for `--days 7`; the last one counts. */
  valueOf(name: string): string | undefined;
}

/** What was typed makes no sense: the usage is shown. */
export class UsageError extends Error {
  override readonly name = 'BadUsage';
}

interface Command {
  /** What it does, how it is typed, with examples; shown by `--help`. Ends with a newline. */
  readonly usage: string;
  /** Switches besides `--help`. */
  readonly switches?: readonly string[];
  /** Options that take a value. */
  readonly options?: readonly string[];
  /** Throws `BadUsage`, `BadConfiguration` or `StoreUnavailable`; anything else is a bug. */
  readonly run: (typed: CommandArguments) => Promise<void>;
}

/**
 * Runs a command of a person's at a terminal, as the process. Exit codes: 0, what `run` sets, 64
 * for what makes no sense, 69 while the store is away, 78 for a wrong configuration.
 */
export async function runCommand({
  usage,
  switches = [],
  options = [],
  run,
}: Command): Promise<void> {
  try {
    const typed = parseArguments(switches, options);
    if (typed.has('help')) process.stdout.write(usage);
    else await run(typed);
  } catch (error) {
    if (error instanceof UsageError) {
      process.exitCode = usageCode;
      process.stderr.write(`${error.message === '' ? '' : `${error.message}\n\n`}${usage}`);
      return;
    }
    if (error instanceof BadConfiguration) process.exitCode = badConfigurationCode;
    else if (error instanceof StoreUnavailable) process.exitCode = unavailableCode;
    else throw error;
    process.stderr.write(`${error.message}\n`);
  }
}

/** See connect-operator.ts, which is loaded only here: `--help` needs none of it. */
export async function withService<T>(use: (commands: OperatorCommands) => Promise<T>): Promise<T> {
  const operator = await import('./connect-operator.ts');
  return operator.withService(use);
}

function parseArguments(switches: readonly string[], valued: readonly string[]): CommandArguments {
  const options: ParseArgsOptionsConfig = { help: { type: 'boolean', short: 'h' } };
  for (const name of switches) options[name] = { type: 'boolean' };
  for (const name of valued) options[name] = { type: 'string' };
  try {
    const { values, positionals } = parseArgs({ allowPositionals: true, options });
    return {
      words: positionals,
      has: (name) => values[name] === true,
      valueOf: (name) => {
        const value = values[name];
        return typeof value === 'string' ? value : undefined;
      },
    };
  } catch (cause) {
    // What is thrown here is always about what was typed; the rest of it is advice for other commands.
    const [words = ''] = cause instanceof Error ? cause.message.split('. To specify', 1) : [];
    throw new UsageError(words, { cause });
  }
}

/** Rows under a head, each column as wide as it has to be; numbers stand at the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, at) => Math.max(...all.map((row) => row[at]?.length ?? 0)));
  const isNumber = head.map((_, at) => rows.every((row) => /^[\d,.]+$/.test(row[at] ?? '')));
  return all
    .map((row) =>
      row
        .map((cell, at) => {
          const width = widths[at] ?? 0;
          return isNumber[at] ? cell.padStart(width) : cell.padEnd(width);
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** A time in words, such as `3 min`; from milliseconds. */
export function ago(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}
