import type { Dispatcher } from 'undici';
import type { Config } from '../config/config.ts';
import type { Log } from '../core/ports/log.ts';
import type { Metrics } from '../core/ports/metrics.ts';
import type { Store } from '../core/ports/store.ts';
import type { SlackPlatform } from '../platforms/slack/slack-platform.ts';
import { connectErrors, proxiesOf } from '../proxy/proxies.ts';
import type { Platform } from '../core/ports/platform.ts';
import { Access } from '../core/intake/access.ts';
import type { QuotaMeters } from '../core/ports/usage.ts';
import type { Quota, QuotasOptions } from '../core/intake/quotas.ts';

/** Slack, if configured; by Socket Mode where both transports are, unless SLACK_TRANSPORT says http. */
export async function configuredSlack(
  config: Config,
  store: Store,
  metrics: Metrics,
  log: Log,
): Promise<SlackPlatform | undefined> {
  const { SLACK_BOT_TOKEN: token, SLACK_APP_TOKEN: appToken } = config;
  if (token === undefined) return undefined;
  const signingSecret = config.SLACK_SIGNING_SECRET ?? '';
  // Loaded only where it is used: the platforms' libraries take most of a start.
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

/** The proxy's dispatcher for Slack's sockets, as their library ignores the global one. */
async function socketDispatcher(config: Config): Promise<{ dispatcher?: Dispatcher }> {
  const proxies = proxiesOf(config);
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

/** Lease of the instance that listens to Discord, in ms; another takes over at most 1.25 times later. */
const listenerLeaseMs = 10_000;

/** Discord, if configured. */
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
  if (proxiesOf(config) !== undefined) {
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

/** The configured access lists of a platform. */
export function accessOf(config: Config, platform: 'slack' | 'discord'): Access {
  return new Access({
    workspaces: {
      allow: config.ALLOW_WORKSPACES[platform],
      deny: config.DENY_WORKSPACES[platform],
    },
    channels: { allow: config.ALLOW_CHANNELS[platform], deny: config.DENY_CHANNELS[platform] },
    people: { allow: config.ALLOW_PEOPLE[platform], deny: config.DENY_PEOPLE[platform] },
    roles: { allow: config.ALLOW_ROLES[platform], deny: config.DENY_ROLES[platform] },
    direct: config.DIRECT_MESSAGES,
  });
}

/** Test whether an author is a bot: a listed one, or any that Slack reports as one. */
export function botAuthors({ ALLOW_BOTS }: Config): (author: string) => boolean {
  const listed = new Set([...ALLOW_BOTS.slack, ...ALLOW_BOTS.discord]);
  return (author) => listed.has(platformId(author)) || /^\w+:(?:B\w*|bot)$/.test(author);
}

/** Test whether an author is a denied person or bot. */
export function deniedAuthors({ DENY_PEOPLE }: Config): (author: string) => boolean {
  const listed = new Set([...DENY_PEOPLE.slack, ...DENY_PEOPLE.discord]);
  return (author) => listed.has(platformId(author));
}

/** The platform's own id; Slack's author is `T1:U1`, as ids are unique per workspace only. */
function platformId(author: string): string {
  return author.replace(/^\w+:/, '');
}

const hourMs = 60 * 60 * 1_000;

/** The configured quotas; undefined without any. */
export function quotasOf(
  config: Config,
  meters: QuotaMeters,
): Pick<QuotasOptions, 'meters' | 'quotas' | 'windowMs'> | undefined {
  const given: (Omit<Quota, 'most'> & { most: number | undefined })[] = [
    { scope: 'person', unit: 'questions', most: config.QUESTIONS_PER_PERSON },
    { scope: 'workspace', unit: 'questions', most: config.QUESTIONS_PER_WORKSPACE },
    { scope: 'person', unit: 'tokens', most: config.TOKENS_PER_PERSON },
    { scope: 'workspace', unit: 'tokens', most: config.TOKENS_PER_WORKSPACE },
  ];
  const quotas = given.flatMap(({ most, ...rest }) =>
    most === undefined ? [] : [{ ...rest, most }],
  );
  return quotas.length === 0
    ? undefined
    : { meters, quotas, windowMs: config.QUOTA_HOURS * hourMs };
}
