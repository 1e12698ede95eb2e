import type { Config } from '../config/config.ts';
import { Access } from '../core/intake/access.ts';
import type { QuotaMeters } from '../core/ports/usage.ts';
import type { Quota, QuotasOptions } from '../core/intake/quotas.ts';

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
