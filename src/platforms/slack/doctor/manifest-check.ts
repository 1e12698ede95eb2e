import { existsSync, readFileSync } from 'node:fs';
import type { Finding } from '../../../core/ports/checkup.ts';
import { appPages } from '../api/api-errors.ts';
import { requiredScopes } from '../api/identify-bot.ts';

/** The events that are understood; Slack sends only what the app has subscribed to. */
export const wantedEvents = [
  'app_home_opened',
  'app_mention',
  'app_uninstalled',
  'message.channels',
  'message.groups',
  'message.im',
  'message.mpim',
  'tokens_revoked',
];

/** The entries of a list in an app's manifest (YAML), up to the next line that is indented less. */
export function listUnder(manifest: string, key: string): string[] {
  const lines = manifest.split('\n');
  const start = lines.findIndex((line) => line.trim() === `${key}:`);
  if (start < 0) return [];
  const indent = indentOf(lines[start]);
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => line.trim() !== '' && indentOf(line) <= indent);
  return rest
    .slice(0, end < 0 ? undefined : end)
    .flatMap((line) => /^ *- (.+)$/.exec(line)?.[1] ?? []);
}

/** Whether the manifest switches Socket Mode on. */
export function wantsSocketMode(manifest: string): boolean {
  return /^ *socket_mode_enabled: *true *$/m.test(manifest);
}

function indentOf(line = ''): number {
  return line.length - line.trimStart().length;
}

/** Whether an app that is made from the manifest has what the code needs. */
export function checkManifest(path: string, bySocket: boolean): Omit<Finding, 'group'> {
  const what = { id: 'slack.manifest', what: 'Manifest' };
  const manifest = manifestIn(path);
  if (manifest === undefined) {
    return { ...what, state: 'ok', detail: 'slack-manifest.yaml is not part of this installation' };
  }
  const lacking = (wanted: readonly string[], key: string): string[] => {
    const listed = listUnder(manifest, key);
    return wanted.filter((entry) => !listed.includes(entry));
  };
  const [scopes, events] = [lacking(requiredScopes, 'bot'), lacking(wantedEvents, 'bot_events')];
  const wrong = [
    ...(scopes.length === 0 ? [] : [`the scopes ${scopes.join(', ')}`]),
    ...(events.length === 0 ? [] : [`the events ${events.join(', ')}`]),
    ...(bySocket && !wantsSocketMode(manifest) ? ['socket_mode_enabled: true'] : []),
  ];
  if (wrong.length > 0) {
    const detail = `slack-manifest.yaml lacks ${wrong.join('; ')}`;
    const remedy = `add it there, and to the app under "App Manifest" ${appPages}`;
    return { ...what, state: 'warning', detail, remedy };
  }
  const socket =
    !bySocket && wantsSocketMode(manifest)
      ? '; for HTTP, Socket Mode has to be off in the app’s settings'
      : '';
  return { ...what, state: 'ok', detail: `it asks for every scope and event${socket}` };
}

/** The manifest's text; undefined where there is none, as in a container. */
export function manifestIn(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}
