import type { Platform } from '../core/ports/platform.ts';

const titles: Readonly<Record<string, string>> = { slack: 'Slack', discord: 'Discord' };

export interface StartSummary {
  /** Where the one server of the page, of health and of Slack's events listens. */
  readonly url: string;
  /** Whether the page is there. */
  readonly web: boolean;
  /** Whether it asks for a password that Parley made itself. */
  readonly generatedPassword?: boolean;
  readonly platforms: readonly Pick<Platform, 'name' | 'describe'>[];
  /** Where the figures are, if anywhere. */
  readonly metrics?: string | undefined;
}

/** What whoever starts Parley wants to know: where it talks and as whom, and what is on which port. */
export function startLine({
  url,
  web,
  generatedPassword,
  platforms,
  metrics,
}: StartSummary): string {
  const chats = platforms.flatMap(({ name, describe }) =>
    describe === undefined ? [] : [`${titles[name] ?? name}: ${describe()}`],
  );
  const pageOff = 'its page is off (WEB=on in .env switches it on)';
  return [
    web ? `Parley talks on ${url}` : 'Parley talks',
    ...(generatedPassword === true ? ['npm run password prints its password'] : []),
    ...chats,
    ...(web ? [] : [pageOff, `health on ${url}/healthz`]),
    ...(metrics === undefined ? [] : [`metrics on ${metrics}`]),
  ].join('; ');
}
