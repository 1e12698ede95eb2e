import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { killWithParent } from './kill-with-parent.ts';
import { expectNoLeak, leakCanaries } from '../fakes/leak-canaries.ts';

const checkout = fileURLToPath(new URL('../../', import.meta.url));
const main = join(checkout, 'src/main.ts');

/** Where `main.ts` keeps it by itself, but only for what it loads late. */
const compileCache = join(tmpdir(), 'node-compile-cache');

/** What a command printed, and its exit code. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A real Parley process, with a folder of its own that outlives it. */
export interface ParleyProcess {
  /** Such as `http://127.0.0.1:40123`; the same after a restart. */
  readonly url: string;
  readonly port: number;
  /** Of what was started; another one after a restart. */
  readonly pid: number;
  /** Everything that this process printed so far. */
  readonly output: string;
  /** Asks it to end, waits until it has, and removes its folder. Resolves with the exit code. */
  stop(): Promise<number | null>;
  /** Asks it to end, by SIGTERM if nothing else is said; resolves with the exit code. */
  interrupt(signal?: NodeJS.Signals): Promise<number | null>;
  /** Sends it a signal and does not wait. */
  signal(name: NodeJS.Signals): void;
  /** Ends it on the spot, as a loss of power does. */
  kill(): void;
  /** Resolves once the process is gone, whatever ended it. */
  died(): Promise<void>;
  /** Runs a command, such as `turns`, in its folder and with its settings. */
  command(name: string, ...words: string[]): Promise<CommandResult>;
  /** Another process on the same folder and port, once this one is gone; kills it if need be. */
  restart(env?: Record<string, string>): Promise<ParleyProcess>;
}

/** How the process is started; what it is sent goes to what was started. */
interface Launch {
  readonly file: string;
  readonly args: readonly string[];
}

const byNode: Launch = { file: process.execPath, args: ['--max-semi-space-size=8', main] };

/**
 * Starts Parley as `npm start` does, with nothing in its environment but `env`, and with a planted
 * key for a model that `env` names. What it prints is searched for what must not be in a log.
 */
export function startParley(env: Record<string, string> = {}): Promise<ParleyProcess> {
  return start(mkdtempSync(join(tmpdir(), 'parley-process-')), 0, env, byNode);
}

/** The same by `npm start` itself: signals are sent to npm. */
export function startParleyByNpm(env: Record<string, string> = {}): Promise<ParleyProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'parley-process-'));
  copyFileSync(join(checkout, 'package.json'), join(folder, 'package.json'));
  for (const name of ['src', 'node_modules']) symlinkSync(join(checkout, name), join(folder, name));
  const npm = { npm_config_cache: join(folder, 'npm'), npm_config_update_notifier: 'false' };
  return start(folder, 0, { ...npm, ...env }, { file: 'npm', args: ['start'] });
}

async function start(
  folder: string,
  port: number,
  env: Record<string, string>,
  { file, args }: Launch,
): Promise<ParleyProcess> {
  // Not the checkout: a developer's .env must not change what is tested.
  const surroundings = {
    cwd: folder,
    env: {
      PATH: process.env['PATH'],
      NODE_COMPILE_CACHE: compileCache,
      MALLOC_ARENA_MAX: '2',
      MALLOC_MMAP_THRESHOLD_: '65536',
      PORT: String(port),
      DATA_DIR: join(folder, 'data'),
      ...(env['OPENAI_BASE_URL'] === undefined ? {} : { OPENAI_API_KEY: leakCanaries.key }),
      ...env,
    },
  };
  const child = spawn(file, args, {
    ...surroundings,
    // A group of its own, so that nothing of it is left when it is over.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  killWithParent(child);
  const gone = new Promise<number | null>((resolve) => child.once('exit', resolve));
  let output = '';
  const listening = Promise.withResolvers<number>();
  const read = (chunk: Buffer): void => {
    output += chunk.toString();
    const [, found] = /"url":"http:\/\/[^"]*:(\d+)"/.exec(output) ?? [];
    if (found !== undefined) listening.resolve(Number(found));
  };
  child.stdout.on('data', read);
  child.stderr.on('data', read);
  // Not before all that it printed is here.
  child.once('close', (code) => {
    listening.reject(new Error(`Parley did not start (exit code ${code}):\n${output}`));
  });
  const taken = await listening.promise;

  async function end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    child.kill(signal);
    const code = await gone;
    expectNoLeak(output);
    return code;
  }

  return {
    url: `http://127.0.0.1:${taken}`,
    port: taken,
    pid: child.pid!,
    get output() {
      return output;
    },
    async stop() {
      try {
        return await end();
      } finally {
        endGroup(child);
        rmSync(folder, { recursive: true, force: true });
      }
    },
    interrupt: end,
    signal: (name) => void child.kill(name),
    kill: () => void child.kill('SIGKILL'),
    died: async () => void (await gone),
    command(name, ...words) {
      const file = fileURLToPath(new URL(`../../src/commands/${name}.ts`, import.meta.url));
      const { promise, resolve } = Promise.withResolvers<CommandResult>();
      execFile(process.execPath, [file, ...words], surroundings, (error, stdout, stderr) => {
        expectNoLeak(stdout + stderr);
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      });
      return promise;
    },
    async restart(more = {}) {
      child.kill('SIGKILL');
      await gone;
      expectNoLeak(output);
      return start(folder, taken, { ...env, ...more }, byNode);
    },
  };
}

/** Ends whatever lives on of what a child started. */
function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // As it should be: nothing does.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
