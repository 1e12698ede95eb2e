import type { Config } from '../config/config.ts';
import type { Log } from '../core/ports/log.ts';
import type { Metrics } from '../core/ports/metrics.ts';
import type { Platform } from '../core/ports/platform.ts';
import type { Store } from '../core/ports/store.ts';
import { connectErrors } from '../proxy/proxy-faults.ts';
import { accessOf } from './access.ts';
import { configuredProxies } from './proxy.ts';

/** Another instance listens to Discord at most a quarter later than this when one dies. */
const listenerLeaseMs = 10_000;

/** Undefined while Discord is not configured. */
export async function configuredDiscord(
  config: Config,
  store: Store,
  owner: string,
  metrics: Metrics,
  log: Log,
  onFatal: (error: Error) => void,
): Promise<Platform | undefined> {
  const { DISCORD_BOT_TOKEN: token, DISCORD_API_URL: apiUrl } = config;
  if (token === undefined) return undefined;
  if (configuredProxies(config) !== undefined) {
    const { useGlobalAgentsForGateway } =
      await import('../platforms/discord/gateway/gateway-agent.ts');
    useGlobalAgentsForGateway((error) => connectErrors.publish(error));
  }
  const { discordPlatform } = await import('../platforms/discord/discord-platform.ts');
  return discordPlatform({
    token,
    ...(apiUrl === undefined ? {} : { apiUrl: apiUrl.replace(/\/+$/, '') }),
    replyIn: config.DISCORD_REPLY_IN,
    access: accessOf(config, 'discord'),
    bots: new Set(config.ALLOW_BOTS.discord),
    followups: config.THREAD_FOLLOWUPS,
    store,
    lease: { owner, leaseMs: listenerLeaseMs },
    metrics,
    log,
    onFatal,
  });
}
