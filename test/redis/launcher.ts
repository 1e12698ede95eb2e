import { execFileSync } from 'node:child_process';

/** How Redis is run here: the words before its own arguments. */
type Launcher = (folder: string) => { command: string; args: string[] };

/** Finds a way to run Redis on this machine, or says how to make one. */
export function findLauncher(): Launcher {
  const program = ['redis-server', 'valkey-server'].find(isOnPath);
  if (program !== undefined) return natively(program);
  if (runs('docker', ['info'])) return inDocker;
  if (process.getuid?.() === 0 && isOnPath('apt-get')) {
    console.log('No Redis was found: installing it with apt-get install -y redis-server …');
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    if (!runs('apt-get', ['install', '-y', 'redis-server'], env)) {
      runs('apt-get', ['update'], env);
      runs('apt-get', ['install', '-y', 'redis-server'], env);
    }
    if (isOnPath('redis-server')) return natively('redis-server');
  }
  throw new Error(
    'The tests need a Redis. Install one with: sudo apt-get install -y redis-server (macOS: brew install redis)',
  );
}

function natively(program: string): Launcher {
  return () => ({ command: program, args: [] });
}

/** On the host's own network, as servers of a cluster tell each other where they are. */
function inDocker(folder: string): { command: string; args: string[] } {
  return {
    command: 'docker',
    args: [
      'run',
      '--rm',
      '--init',
      '--network',
      'host',
      '-v',
      `${folder}:${folder}`,
      'redis:7',
      'redis-server',
    ],
  };
}

function isOnPath(program: string): boolean {
  return runs('sh', ['-c', `command -v ${program}`]);
}

function runs(command: string, args: string[], env = process.env): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore', env });
    return true;
  } catch {
    return false;
  }
}
