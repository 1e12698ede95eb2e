// Tested by test/integration/process.test.ts
import { enableCompileCache } from 'node:module';
import { setFlagsFromString } from 'node:v8';
import { readConfig } from './config/config.ts';
import { BadConfiguration } from './core/domain/errors.ts';
import { createLog } from './log.ts';
import { useProxiesAndLog } from './proxy/proxies.ts';

/** The exit code for a configuration that cannot work (`EX_CONFIG` of sysexits.h). */
const badConfigurationCode = 78;
/** Time within which a second signal is the same Ctrl-C, in ms: npm sends it again. */
const sameSignalMs = 500;

/** Aborts a start that still waits. */
const starting = new AbortController();

// What is garbage is collected when the heap has grown by a quarter: by default Node lets it grow to
// gigabytes where the machine has them, and a flood of requests leaves it there.
setFlagsFromString('--heap-growing-percent=25');
// The next start takes half as long.
enableCompileCache();

try {
  const config = readConfig();
  const log = createLog({
    level: config.LOG_LEVEL,
    secrets: config.secrets,
    readable: process.stdout.isTTY,
  });
  process.on('uncaughtException', (error) => {
    // Node's own report prints whole objects, with people's texts in them.
    log.error({ err: error }, 'crashed');
    process.exit(1);
  });
  useProxiesAndLog(config, log);
  for (const { where, message, quiet } of config.hints) {
    if (!quiet) log.warn({ where }, message);
  }
  // Loaded after the proxies are set: some libraries read the environment when they load.
  const { createApp } = await import('./app.ts');
  const creating = createApp(config, log, starting.signal);
  const end = async (): Promise<void> => {
    const [created] = await Promise.allSettled([creating]);
    if (created.status === 'fulfilled') await created.value.stop();
    log.info({}, 'stopped');
    process.exit(0);
  };
  let stoppingSince: number | undefined;
  const stop = (signal: NodeJS.Signals): void => {
    if (stoppingSince !== undefined) {
      if (performance.now() - stoppingSince > sameSignalMs) process.exit(1);
      return;
    }
    stoppingSince = performance.now();
    log.info({ signal, drainSeconds: config.DRAIN_SECONDS }, 'stopping');
    starting.abort();
    void end();
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // SIGHUP: the terminal was closed. Node ignores nohup.
  process.on('SIGHUP', stop);
  const app = await creating;
  starting.signal.throwIfAborted();
  void app.failed.then(async (error) => {
    log.error({ err: error }, 'fatal error: exiting, so that the supervisor restarts the service');
    if (error instanceof BadConfiguration) process.stderr.write(`${error.message}\n`);
    await app.stop();
    process.exit(error instanceof BadConfiguration ? badConfigurationCode : 1);
  });
  await app.start();
} catch (error) {
  if (error instanceof BadConfiguration) {
    process.stderr.write(`${error.message}\n`);
    process.exit(badConfigurationCode);
  }
  // A start that was stopped while it waited ends by itself.
  if (error !== starting.signal.reason) throw error;
}
