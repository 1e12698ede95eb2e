import { backoffMs, wait } from '../../core/timing.ts';
import type { Log } from '../../core/ports/log.ts';
import { lookAtSettings, type Server } from './settings.ts';

const firstPauseMs = 2_000;
const longestPauseMs = 5 * 60_000;

export interface SettingsCheckOptions {
  readonly server: Server;
  readonly models: readonly string[];
  readonly log: Log;
  /** Between two tries while the server is away, in ms; 2 s, and longer each time. */
  readonly firstPauseMs?: number;
}

/**
 * Looks beside the start whether the model can answer with these settings, and warns of what
 * cannot be; waits for a server that is away, for as long as that takes. Ends with the signal, and
 * never throws.
 */
export async function checkSettings(
  { server, models, log, ...options }: SettingsCheckOptions,
  signal: AbortSignal,
): Promise<void> {
  try {
    for (let tries = 1; ; tries += 1) {
      const { answers, faults } = await lookAtSettings(server, models, signal);
      for (const { setting, detail, remedy } of faults) {
        if (answers) log.warn({ setting, detail, remedy }, `${setting} may be wrong`);
        else if (tries === 1) {
          log.warn({ setting, detail, remedy }, 'the model’s server does not answer; still trying');
        }
      }
      if (answers) {
        if (tries > 1) log.info({ tries }, 'the model’s server answers');
        return;
      }
      await wait(backoffMs(tries, options.firstPauseMs ?? firstPauseMs, longestPauseMs), signal);
    }
  } catch (error) {
    if (signal.aborted) return;
    log.warn({ err: error }, 'the model’s settings not looked at');
  }
}
