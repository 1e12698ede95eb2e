import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { CommandResult } from './parley-process.ts';

/** Runs a command, such as `turns`, in a folder, with nothing in its environment but `env`. */
export function runCommandIn(
  folder: string,
  env: Record<string, string>,
  name = '',
  ...words: string[]
): Promise<CommandResult> {
  const file = fileURLToPath(new URL(`../../src/commands/${name}.ts`, import.meta.url));
  const surroundings = { cwd: folder, env: { PATH: process.env['PATH'], ...env } };
  const { promise, resolve } = Promise.withResolvers<CommandResult>();
  execFile(process.execPath, [file, ...words], surroundings, (error, stdout, stderr) => {
    resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
  });
  return promise;
}
