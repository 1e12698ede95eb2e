import { Hono } from 'hono';
import type { ConversationId } from '../../core/conversation.ts';
import { BadConfiguration } from '../../core/errors.ts';
import { LogDigest } from '../../core/log-digest.ts';
import type { Log } from '../../core/ports/log.ts';
import type { Intake, Platform } from '../../core/ports/platform.ts';
import type { Store } from '../../core/ports/store.ts';
import type { PageFormat } from '../../core/ports/surface.ts';
import { api } from './api.ts';
import { assets, html } from './assets.ts';
import { devPages } from './dev-pages.ts';
import { faultResponse } from './faults.ts';
import { webFormat } from './format.ts';
import { guard, headers, isLoopbackHost } from './guard.ts';
import { login } from './login.ts';
import { problems } from './problems.ts';
import { Rooms } from './rooms.ts';
import { webSurface } from './surface.ts';

export interface WebPlatformOptions {
  readonly store: Store;
  readonly log: Log;
  /** The address that the server is bound to: what only this machine can reach needs no password. */
  readonly host: string;
  /** Asked for on the page; needed unless `host` is a loopback address. */
  readonly password?: string;
  /** The demo model answers: the page says how to connect a real one. */
  readonly demo: boolean;
  /** Such as `gpt-5-mini`; shown on the page. */
  readonly modelName: string;
  /** One line about who answers, shown above a new conversation. */
  readonly persona?: string;
  /** How other platforms cut an answer into pages, by name, for the developer's view. */
  readonly formats?: Readonly<Record<string, PageFormat>>;
  /** The time in milliseconds since the epoch. */
  readonly now?: () => number;
}

/** The web page, as a platform like any other, and the routes that make it one. */
export interface WebPlatform extends Platform {
  readonly routes: Hono;
}

/** Throws `BadConfiguration` if others than this machine could talk without a password. */
export function webPlatform(options: WebPlatformOptions): WebPlatform {
  const { store, log, host, password, now = Date.now } = options;
  if (password === undefined && !isLoopbackHost(host)) {
    throw new BadConfiguration(
      `WEB_PASSWORD: with HOST=${host} others can reach the page, so it needs a password, such as WEB_PASSWORD=correct-horse`,
    );
  }
  const rooms = new Rooms(store, log);
  let intake: Intake | undefined;

  const routes = new Hono();
  const digest = new LogDigest(log);
  routes.onError((error, c) => faultResponse(error, c, log, digest));
  routes.use(headers, guard({ locked: password !== undefined, host }));
  routes.route('/', assets());
  if (password !== undefined) {
    const form = async (sentence: string) =>
      (await html('login.html')).replace('<!-- sentence -->', sentence);
    const { gate, routes: loginRoutes } = login({ password, form, now });
    routes.route('/', loginRoutes);
    for (const path of ['/', '/dev/*', '/api/*']) routes.use(path, gate);
  }
  routes.get('/', async (c) => c.html(await html('index.html')));
  routes.route(
    '/',
    api({
      store,
      rooms,
      about: {
        demo: options.demo,
        model: options.modelName,
        persona: options.persona ?? '',
        locked: password !== undefined,
      },
      now,
      intake: () => intake,
    }),
  );
  routes.route('/', problems(log));
  routes.route('/', devPages({ ...options.formats, web: webFormat }));

  /** From now on the store alone knows of the turn. */
  function over(conversation: ConversationId, turn: string): void {
    rooms.find(conversation)?.end(turn);
    rooms.tidy(conversation);
  }

  return {
    name: 'web',
    routes,
    async start(taker) {
      intake = taker;
    },
    async pause() {
      intake = undefined;
    },
    async close() {
      intake = undefined;
      rooms.close();
    },
    surface({ conversation, id, messages }) {
      const room = rooms.enter(conversation);
      return webSurface(room, room.begin(id, messages));
    },
    ended: over,
    abandoned: over,
  };
}
