import type { Said } from './said.ts';

/** Discord's own `<@1>`, `<@!1>`, `<@&1>`, `<#1>`, `<:smile:1>`, `</ask:1>` and `<t:1700000000:R>`. */
const token =
  /<(?:(@!?|@&|#)(\d{15,20})|a?:(\w+):\d+|\/([^:<>]+):\d+|t:(-?\d{1,13})(?::[a-zA-Z])?)>/g;

/** Ids of the people whom the text mentions. */
export function peopleIn(text: string): string[] {
  return Array.from(text.matchAll(token), ([, mark = '', id = '']) =>
    mark === '@' || mark === '@!' ? id : '',
  ).filter((id) => id !== '');
}

/** Discord's writing as people read it on their screens, and as the model should read it. */
export function readable(
  text: string,
  names: { readonly people: ReadonlyMap<string, string>; channel(id: string): string | undefined },
): string {
  return text.replaceAll(
    token,
    (
      whole,
      mark: string | undefined,
      id = '',
      emoji?: string,
      command?: string,
      seconds?: string,
    ) => {
      if (emoji !== undefined) return `:${emoji}:`;
      if (command !== undefined) return `/${command}`;
      if (seconds !== undefined) return timeAt(Number(seconds)) ?? whole;
      if (mark === '#') return `#${names.channel(id) ?? 'channel'}`;
      if (mark === '@&') return '@role';
      return `@${names.people.get(id) ?? 'someone'}`;
    },
  );
}

/** The text without the mentions at its ends that only ring the bot's bell. */
export function withoutBell(text: string, botId: string): string {
  const bell = `<@!?${botId}>`;
  return text
    .replace(new RegExp(`^(?:\\s*${bell}[\\s,:;]*)+`), '')
    .replace(new RegExp(`(?:[\\s,]*${bell})+\\s*$`), '');
}

/** Names of everybody whom it mentions, by id. */
export function namesIn(said: Said): Map<string, string> {
  return new Map(said.mentions.map(({ id, name }) => [id, name]));
}

function timeAt(seconds: number): string | undefined {
  const time = new Date(seconds * 1_000);
  return Number.isNaN(time.getTime()) ? undefined : `${time.toISOString().slice(0, 16)}Z`;
}
