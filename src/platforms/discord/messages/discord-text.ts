import { cleanName } from '../../../core/domain/message.ts';
import { isVisible, oneLine, type DiscordMessage } from './discord-message.ts';

/** Discord's own `<@1>`, `<@!1>`, `<@&1>`, `<#1>`, `<:smile:1>`, `</ask:1>` and `<t:1700000000:R>`. */
const token =
  /<(?:(@!?|@&|#)(\d{15,20})|a?:(\w+):\d+|\/([^:<>]+):\d+|t:(-?\d{1,13})(?::[a-zA-Z])?)>/g;

/** Names that Discord writes as ids, as far as they are known. */
export interface DiscordNames {
  channel(id: string): string | undefined;
  role(id: string): string | undefined;
}

/** Ids of the people and the roles that a text mentions; a mention in code notifies nobody. */
export function mentionsIn(text: string): { people: string[]; roles: string[] } {
  const people: string[] = [];
  const roles: string[] = [];
  for (const [, mark = '', id = ''] of withoutCode(text).matchAll(token)) {
    if (mark === '@' || mark === '@!') people.push(id);
    if (mark === '@&') roles.push(id);
  }
  return { people, roles };
}

/** Discord's writing as people read it on their screens, and as the model should read it. */
export function toPlainText(
  text: string,
  names: DiscordNames & { readonly people: ReadonlyMap<string, string> },
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
      if (command !== undefined) return `/${oneLine(command)}`;
      if (seconds !== undefined) return timeAt(Number(seconds)) ?? whole;
      if (mark === '#') return `#${nameOr(names.channel(id), 'channel')}`;
      if (mark === '@&') return `@${nameOr(names.role(id), 'role')}`;
      return `@${nameOr(names.people.get(id), 'someone')}`;
    },
  );
}

/**
 * The text without the mentions of the bot at its beginning and end.
 *
 * @param bot the bot's id, and its own roles
 */
export function withoutBotMention(
  text: string,
  bot: { readonly id: string; readonly roles: ReadonlySet<string> },
): string {
  const roles = new Set(mentionsIn(text).roles.filter((id) => bot.roles.has(id)));
  // Each once, and from the first of a row alone: no text takes long.
  const mention = `<@(?:!?${[bot.id, ...Array.from(roles, (id) => `&${id}`)].join('|')})>`;
  return text
    .replace(new RegExp(`^\\s*${mention}(?:[\\s,:;]|${mention})*`), '')
    .replace(new RegExp(`(?<![\\s,]|${mention})(?:[\\s,]*${mention})+\\s*$`), '');
}

/** Names of everybody whom it mentions, by id. */
export function mentionedNames(message: DiscordMessage): Map<string, string> {
  return new Map(message.mentions.map(({ id, name }) => [id, name]));
}

/** Code is what stands between two equally long runs of backticks. */
function withoutCode(text: string): string {
  const runs = Array.from(text.matchAll(/`+/g), ({ 0: { length }, index }) => ({ length, index }));
  const ends = closingRuns(runs.map(({ length }) => length));
  let plain = '';
  let from = 0;
  for (let at = 0; at < runs.length; at += 1) {
    const open = runs[at];
    const end = ends[at];
    const close = end === undefined ? undefined : runs[end];
    if (open === undefined || end === undefined || close === undefined) continue;
    plain += `${text.slice(from, open.index)} `;
    from = close.index + close.length;
    at = end;
  }
  return plain + text.slice(from);
}

/** For each run of backticks, by their lengths, the next one that is as long. */
function closingRuns(lengths: readonly number[]): readonly (number | undefined)[] {
  const next = new Map<number, number>();
  return lengths
    .map((length, at) => [length, at] as const)
    .toReversed()
    .map(([length, at]) => {
      const end = next.get(length);
      next.set(length, at);
      return end;
    })
    .toReversed();
}

function nameOr(name: string | undefined, otherwise: string): string {
  const clean = cleanName(name ?? '');
  return clean === '' ? otherwise : clean;
}

function timeAt(seconds: number): string | undefined {
  const time = new Date(seconds * 1_000);
  return Number.isNaN(time.getTime()) ? undefined : `${time.toISOString().slice(0, 16)}Z`;
}

/** Discord's limit, in characters. */
const maxThreadNameChars = 100;
/** More than that is cut off in the list of threads. */
const shownThreadNameChars = 80;

/** What a thread is called: the question's first line without its markdown, as far as it fits. */
export function threadName(question: string): string {
  const [line = ''] = question.trim().split('\n');
  const name = line
    .replace(/^[#>\s-]+(?=\s)/u, '')
    .replaceAll(/\*+|`+|~~|\|\||(?<!\w)_+|(?<!_)_+(?!\w)/gu, '')
    .replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .replaceAll(/@(everyone|here)\b/g, '$1')
    .trim();
  // A sentence of our own about a question without words is no name.
  if (!isVisible(name) || question.startsWith('(mentions you')) return 'Question';
  const characters = Array.from(name);
  if (characters.length <= maxThreadNameChars) return name;
  const cut = characters.slice(0, shownThreadNameChars).join('');
  const space = cut.lastIndexOf(' ');
  return `${cut.slice(0, space > shownThreadNameChars / 2 ? space : cut.length).trimEnd()}…`;
}
