import type { Hint } from '../../config/config.ts';
import type { Finding } from '../../core/ports/checkup.ts';

const group = 'configuration';

/** @param where it was read from, such as `the environment` */
export function readable(where: string): Finding {
  return { id: group, group, state: 'ok', what: 'Configuration', detail: `read from ${where}` };
}

/** What is not as whoever wrote it may think. */
export function hinted(hints: readonly Hint[]): Finding[] {
  return hints.map(({ where, message }, at) => ({
    id: `${group}.hint-${at + 1}`,
    group,
    state: 'warning',
    what: where,
    detail: message,
  }));
}

/** Each problem that keeps the configuration from being read, as a finding. */
export function unreadable(problems: readonly string[]): Finding[] {
  const interchanged = ['SLACK_BOT_TOKEN', 'SLACK_APP_TOKEN'].every((name) =>
    problems.some((problem) => problem.startsWith(`${name} must begin with`)),
  );
  return problems.map((problem, at) => {
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
