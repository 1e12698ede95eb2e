import { parseEnv } from 'node:util';
import type { Finding } from '../../core/ports/checkup.ts';

const group = 'configuration';

/** @param where it was read from, such as `the environment` */
export function readable(where: string): Finding {
  return { id: group, group, state: 'ok', what: 'Configuration', detail: `read from ${where}` };
}

/** What stands in a `.env` file and sets nothing, as one finding; none where all of it does. */
export function ineffective(text: string, known: readonly string[]): Finding[] {
  // Compose has settings of its own in the same file; what is no name may be half a token.
  const strange = Object.keys(parseEnv(text)).filter(
    (name) => !known.includes(name) && /^(?!COMPOSE_)[A-Za-z_]\w{0,60}$/.test(name),
  );
  const bare = [...text.matchAll(/^[ \t]*(?:export[ \t]+)?([A-Z_]+)\b(?![ \t]*=)/gm)].flatMap(
    ([, name = '']) => (known.includes(name) ? [name] : []),
  );
  const wrong = [
    ...(strange.length === 0 ? [] : [`Parley has no setting ${strange.join(', ')}`]),
    ...(bare.length === 0 ? [] : [`"=" is missing behind ${bare.join(', ')}`]),
  ];
  if (wrong.length === 0) return [];
  const remedy = 'write NAME=value, with the names as .env.example spells them';
  const what = { id: `${group}.file`, group, what: '.env' } as const;
  return [{ ...what, state: 'warning', detail: wrong.join('; '), remedy }];
}

/** Each problem that keeps the configuration from being read, as a finding. */
export function unreadable(message: string): Finding[] {
  const [title = '', ...problems] = message.split('\n').map((line) => line.trim());
  const interchanged = ['SLACK_BOT_TOKEN', 'SLACK_APP_TOKEN'].every((name) =>
    problems.some((problem) => problem.startsWith(`${name} must begin with`)),
  );
  return (problems.length === 0 ? [title] : problems).map((problem, at) => {
    const [, name, rest] = /^([A-Z][A-Z_]+) (.*)$/s.exec(problem) ?? [];
    const [detail = '', example] = (rest ?? problem).split(/, such as (?=[A-Z_]+=)/);
    const hint =
      interchanged && name?.startsWith('SLACK_') === true
        ? 'the two tokens may be interchanged: "OAuth & Permissions" has the bot’s (xoxb-…), "Basic Information", "App-Level Tokens" the app’s (xapp-…)'
        : example === undefined
          ? undefined
          : `set it in .env or the environment, such as ${example}`;
    return {
      id: name === undefined ? `${group}.${at + 1}` : `${group}.${name}`,
      group,
      state: 'failed',
      what: name ?? 'Configuration',
      detail,
      ...(hint === undefined ? {} : { remedy: hint }),
    };
  });
}
