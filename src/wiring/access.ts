import type { Config } from '../config/config.ts';
import { Access } from '../core/intake/access.ts';
import type { QuotaMeters } from '../core/ports/usage.ts';
import type { Quota, QuotasOptions } from '../core/intake/quotas.ts';

/** Who may use the bot on a platform, as it is configured. */
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

/** Whether an author's id is that of a bot: a listed one, or any other that Slack tells of. */
export function botAuthors({ ALLOW_BOTS }: Config): (author: string) => boolean {
  const listed = new Set([...ALLOW_BOTS.slack, ...ALLOW_BOTS.discord]);
  return (author) => listed.has(platformId(author)) || /^\w+:(?:B\w*|bot)$/.test(author);
}

/** Whether an author's id is that of somebody, or of a bot, who is denied. */
export function deniedAuthors({ DENY_PEOPLE }: Config): (author: string) => boolean {
  const listed = new Set([...DENY_PEOPLE.slack, ...DENY_PEOPLE.discord]);
  return (author) => listed.has(platformId(author));
}

/** Slack's are `T1:U1` here, as ids are unique in a workspace alone. */
function platformId(author: string): string {
  return author.replace(/^\w+:/, '');
}

const hourMs = 60 * 60 * 1_000;

/** The quotas that are set; undefined if none is, so that nothing is asked for them. */
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
