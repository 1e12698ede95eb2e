import type { Dispatcher } from 'undici';
import type { Config } from '../config/config.ts';
import type { Log } from '../core/ports/log.ts';
import type { Metrics } from '../core/ports/metrics.ts';
import type { Store } from '../core/ports/store.ts';
import type { SlackPlatform } from '../platforms/slack/slack-platform.ts';
import { accessOf } from './access.ts';
import { configuredProxies } from './proxy.ts';

/** Undefined while Slack is not configured. With both ways in, Socket Mode, unless told otherwise. */
export async function configuredSlack(
  config: Config,
  store: Store,
  metrics: Metrics,
  log: Log,
): Promise<SlackPlatform | undefined> {
  const { SLACK_BOT_TOKEN: token, SLACK_APP_TOKEN: appToken } = config;
  if (token === undefined) return undefined;
  const signingSecret = config.SLACK_SIGNING_SECRET ?? '';
  // Loaded only where it is used: the libraries of both platforms take longer than all else.
  const { slackPlatform } = await import('../platforms/slack/slack-platform.ts');
  return slackPlatform({
    token,
    transport:
      appToken === undefined || config.SLACK_TRANSPORT === 'http'
        ? { kind: 'http', signingSecret }
        : { kind: 'socket', appToken, ...(await socketDispatcher(config)) },
    ...(config.SLACK_API_URL === undefined ? {} : { apiUrl: config.SLACK_API_URL }),
    followups: config.THREAD_FOLLOWUPS,
    access: accessOf(config, 'slack'),
    allowOutsiders: config.SLACK_OUTSIDERS,
    bots: new Set(config.ALLOW_BOTS.slack),
    streaming: config.SLACK_STREAMING,
    store,
    metrics,
    log,
  });
}

/** What connects Slack's sockets, where that is a proxy: their library takes no global one. */
async function socketDispatcher(config: Config): Promise<{ dispatcher?: Dispatcher }> {
  const proxies = configuredProxies(config);
  if (proxies === undefined) return {};
  const { EnvHttpProxyAgent } = await import('undici');
  const { https, http, direct } = proxies;
  const dispatcher = new EnvHttpProxyAgent({
    httpsProxy: https.url.href,
    ...(http === undefined ? {} : { httpProxy: http.url.href }),
    noProxy: direct,
  });
  return { dispatcher };
}
