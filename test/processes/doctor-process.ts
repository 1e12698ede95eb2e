import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Finding } from '../../src/core/ports/checkup.ts';
import type { CommandResult } from './parley-process.ts';
import { expectNoLeak } from '../fakes/leak-canaries.ts';

const doctor = fileURLToPath(new URL('../../src/commands/doctor.ts', import.meta.url));

/**
 * Runs the doctor as `npm run doctor` does, with nothing in its environment but `env`. What it
 * prints is searched for what must not be there.
 */
export function runDoctor(env: Record<string, string>, ...args: string[]): Promise<CommandResult> {
  return run(mkdtempSync(join(tmpdir(), 'parley-doctor-')), env, args);
}

/** The same, with a `.env` file and nothing else. */
export function runDoctorWith(file: string): Promise<CommandResult> {
  const folder = mkdtempSync(join(tmpdir(), 'parley-doctor-'));
  writeFileSync(join(folder, '.env'), file);
  return run(folder, {}, []);
}

async function run(
  folder: string,
  env: Record<string, string>,
  args: readonly string[],
): Promise<CommandResult> {
  // Not the checkout: a developer's .env must not change what is tested.
  const surroundings = {
    cwd: folder,
    env: { PATH: process.env['PATH'], DATA_DIR: join(folder, 'data'), ...env },
  };
  const { promise, resolve } = Promise.withResolvers<CommandResult>();
  execFile(process.execPath, [doctor, ...args], surroundings, (error, stdout, stderr) => {
    rmSync(folder, { recursive: true, force: true });
    resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
  });
  const ran = await promise;
  expectNoLeak(ran.stdout + ran.stderr);
  return ran;
}

/** What `--json` told, by id. */
export function findingsIn({ stdout }: CommandResult): { ok: boolean; by: Map<string, Finding> } {
  const { ok, findings } = JSON.parse(stdout) as { ok: boolean; findings: Finding[] };
  return { ok, by: new Map(findings.map((finding) => [finding.id, finding])) };
}
