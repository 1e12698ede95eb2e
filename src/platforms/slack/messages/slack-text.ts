// Tested by test/unit/platforms/slack/messages/normalize-message.test.ts
/** Slack's own `<@U1|name>`, `<#C1|name>`, `<!here>` and `<https://…|label>`. */
const token = /<(?:([@#!])|(?=[a-z][a-z0-9+.-]*:))([^<>|]+)(?:\|([^<>]*))?>/gi;

/** Ids of the people who are mentioned. */
export function mentionedUsers(text: string): string[] {
  return Array.from(text.matchAll(token), ([, mark, id = '']) => (mark === '@' ? id : '')).filter(
    (id) => id !== '',
  );
}

/** Whether it calls a group of people, or everybody who is there. */
export function mentionsGroup(text: string): boolean {
  return /<!(?:subteam\^|here|channel|everyone)/.test(text);
}

/**
 * Slack's writing as people read it on their screens, and as the model should read it.
 *
 * @param names of people, by id
 */
export function toPlainText(text: string, names: ReadonlyMap<string, string>): string {
  let shown = '';
  let at = 0;
  for (const match of text.matchAll(token)) {
    const [whole, mark = '', target = '', label = ''] = match;
    shown +=
      unescaped(text.slice(at, match.index)) + tokenText(mark, target, unescaped(label), names);
    at = match.index + whole.length;
  }
  return shown + unescaped(text.slice(at));
}

/** "@parley: stop" and "stop @parley" are the command to stop. */
export function withoutBotMention(text: string, userId: string): string {
  // Each mention once, and from the first of a row alone: linear in the text's length.
  const mention = `<@${userId}(?:\\|[^<>]*)?>`;
  return text
    .replace(new RegExp(`^\\s*${mention}(?:[\\s,:;]|${mention})*`), '')
    .replace(new RegExp(`(?<![\\s,]|${mention})(?:[\\s,]*${mention})+\\s*$`), '');
}

function tokenText(
  mark: string,
  target: string,
  label: string,
  names: ReadonlyMap<string, string>,
): string {
  switch (mark) {
    case '@':
      return `@${names.get(target) ?? (label || 'someone')}`;
    case '#':
      return `#${label || 'channel'}`;
    case '!':
      return specialMention(target, label);
    default:
      return linkText(unescaped(target), label);
  }
}

function specialMention(target: string, label: string): string {
  if (label !== '') return label;
  return target.startsWith('subteam^') ? '@group' : `@${target}`;
}

function linkText(url: string, label: string): string {
  const plain = url.replace(/^(mailto|tel):/, '');
  if (label === '' || plain === label || plain.replace(/^https?:\/\//, '') === label) {
    return label === '' || plain === label ? plain : url;
  }
  return `${label} (${plain})`;
}

function unescaped(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}
