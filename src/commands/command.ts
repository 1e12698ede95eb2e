// Tested by test/unit/commands/usage-report.test.ts
import { enableCompileCache } from 'node:module';
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';
import { BadConfiguration, StoreUnavailable } from '../core/domain/errors.ts';
import type { OperatorCommands } from '../core/instances/operator.ts';

// Caches compiled code for the next start.
enableCompileCache();

/** Exit codes of sysexits.h. */
const usageCode = 64;
const unavailableCode = 69;
const badConfigurationCode = 78;

/** The arguments of a command. */
export interface CommandArguments {
  readonly words: readonly string[];
  /** Whether a switch, such as `--json`, is given. */
  has(name: string): boolean;
  /** Value of an option, such as `7` for `--days 7`; the last one counts. */
  valueOf(name: string): string | undefined;
}

/** Invalid arguments; the usage is shown. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

interface Command {
  /** Text of `--help`: purpose, forms, examples. Ends with a newline. */
  readonly usage: string;
  /** Switches in addition to `--help`. */
  readonly switches?: readonly string[];
  /** Options that take a value. */
  readonly options?: readonly string[];
  /** Throws `UsageError`, `BadConfiguration` or `StoreUnavailable`; anything else is a bug. */
  readonly run: (typed: CommandArguments) => Promise<void>;
}

/**
 * Runs a command as this process. Exit codes: 0 or the one that `run` sets, 64 for invalid arguments,
 * 69 while the store is unavailable, 78 for a wrong configuration.
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
    // parseArgs throws for invalid arguments only; the rest of its message does not apply here.
    const [words = ''] = cause instanceof Error ? cause.message.split('. To specify', 1) : [];
    throw new UsageError(words, { cause });
  }
}

/** A text table with aligned columns; numbers are aligned right. */
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

/** A duration in words, such as `3 min`; from ms. */
export function ago(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}
