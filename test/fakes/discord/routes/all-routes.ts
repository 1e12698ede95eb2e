import { changeChannel, deleteChannel, getChannel } from './channels.ts';
import { getGateway, getGatewayBot } from './gateway.ts';
import { getGuild, getMember } from './guilds.ts';
import { deleteMessage, editMessage, postMessage, showTyping } from './posting.ts';
import { getMessage, listMessages } from './reading.ts';
import type { Route } from './route.ts';
import {
  activeThreads,
  archivedThreads,
  joinThread,
  leaveThread,
  openThread,
  threadOfMessage,
} from './threads.ts';
import {
  getApplication,
  getMe,
  getOwnApplication,
  getUser,
  listOwnGuilds,
  openDirectChannel,
} from './users.ts';

const routes: readonly Route[] = [
  activeThreads,
  archivedThreads,
  changeChannel,
  deleteChannel,
  deleteMessage,
  editMessage,
  getApplication,
  getChannel,
  getGateway,
  getGatewayBot,
  getGuild,
  getMe,
  getMember,
  getMessage,
  getOwnApplication,
  getUser,
  joinThread,
  leaveThread,
  listMessages,
  listOwnGuilds,
  openDirectChannel,
  openThread,
  postMessage,
  showTyping,
  threadOfMessage,
];

const compiled = routes.map((route) => ({
  route,
  pattern: new RegExp(`^${route.path.replaceAll(/:(\w+)/g, '(?<$1>[^/]+)')}$`),
}));

export interface MatchedRoute {
  readonly route: Route;
  /** The ids in the path. */
  readonly params: Readonly<Record<string, string>>;
}

/** The route of a request; undefined for what the fake, or Discord, does not know. */
export function matchRoute(method: string, path: string): MatchedRoute | undefined {
  // `/users/@me` is not the user `@me`.
  const matches = compiled.filter(({ pattern }) => pattern.test(path));
  const literal = matches.find(({ route }) => route.path === path);
  const match = [...(literal ? [literal] : []), ...matches].find(
    ({ route }) => route.method === method,
  );
  if (match === undefined) return undefined;
  return { route: match.route, params: { ...match.pattern.exec(path)?.groups } };
}

/** Whether the path exists with another method. */
export function knowsPath(path: string): boolean {
  return compiled.some(({ pattern }) => pattern.test(path));
}
