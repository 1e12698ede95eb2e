import type { IncomingMessage } from 'node:http';
import type { HttpBindings } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import type { ConversationId } from '../../core/domain/conversation.ts';
import { type Log, ThrottledWarnings } from '../../core/ports/log.ts';
import type { Intake, Platform } from '../../core/ports/platform.ts';
import type { Secrets, Store } from '../../core/ports/store.ts';
import { apiRoutes } from './http/api.ts';
import { assetRoutes, readHtml } from './http/assets.ts';
import { errorResponse, problemReportRoutes } from './http/errors.ts';
import { webSurface } from './surface.ts';
import { requestGuard, securityHeaders, AllowedHosts } from './http/request-guard.ts';
import { createLogin } from './sessions/login.ts';
import { SessionThrottle } from './sessions/session-throttle.ts';
import { LiveConversations } from './conversations/live-conversations.ts';
import { sessionOf, Sessions } from './sessions/session.ts';

/** How often it is looked whether logins ended at other instances, in milliseconds. */
const lookEveryMs = 15_000;

export interface WebPlatformOptions {
  readonly store: Store;
  /** Where it is noted which logins have ended. */
  readonly secrets: Secrets;
  /** Signs sessions; the same for all instances. */
  readonly sessionKey: string;
  /** Since when sessions are signed on this store, in milliseconds since the epoch. */
  readonly signedSince: number;
  readonly log: Log;
  /** The address that the server is bound to. */
  readonly host: string;
  /** Names and addresses under which it is served besides that and this machine's own. */
  readonly hosts?: readonly string[];
  /** Whose request it is, by address; undefined for nobody in particular, as by default. */
  readonly addressOf?: (request: IncomingMessage) => string | undefined;
  /** Asked for on the page, if there is one. */
  readonly password?: string;
  /** The demo model answers: the page says how to connect a real one. */
  readonly demo: boolean;
  /** Such as `gpt-5-mini`; shown on the page. */
  readonly modelName: string;
  /** One line about who answers, shown above a new conversation. */
  readonly persona?: string;
  /** The time in milliseconds since the epoch. */
  readonly now?: () => number;
}

/** The web page, as a platform like any other, and the routes that make it one. */
export interface WebPlatform extends Platform {
  readonly routes: Hono;
}

export function webPlatform(options: WebPlatformOptions): WebPlatform {
  const { store, secrets, log, password, now = Date.now } = options;
  const rooms = new LiveConversations(store, log);
  let intake: Intake | undefined;
  let looking: NodeJS.Timeout | undefined;
  const addressOf = (c: Context): string | undefined =>
    options.addressOf?.((c.env as HttpBindings).incoming);
  const sessions = new Sessions({
    key: options.sessionKey,
    signedSince: options.signedSince,
    isKnown: async (session) => (await store.conversationsOf('web', session, 1)).length > 0,
    admit: new SessionThrottle(addressOf, now).admit,
    now,
  });

  const routes = new Hono();
  const digest = new ThrottledWarnings(log);
  routes.onError((error, c) => errorResponse(error, c, log, digest));
  const hosts = new AllowedHosts(options.host, options.hosts ?? []);
  const refused = (): void => digest.count('request refused: its Host is not in WEB_HOSTS');
  routes.use(securityHeaders, requestGuard({ hosts, refused }));
  routes.route('/', assetRoutes());
  let watchLogins = async (): Promise<void> => {};
  routes.use(sessions.read);
  if (password !== undefined) {
    const form = async (sentence: string) =>
      (await readHtml('login.html')).replace('<!-- sentence -->', sentence);
    const {
      requireLogin,
      routes: loginRoutes,
      hasEnded,
    } = createLogin({
      password,
      secrets,
      form,
      throttleKeyOf: (c) => sessionOf(c) ?? addressOf(c),
      onLogout: (id) => rooms.closeLogin(id),
      now,
    });
    watchLogins = () => closeEnded(hasEnded);
    routes.route('/', loginRoutes);
    for (const path of ['/', '/api/*']) routes.use(path, requireLogin);
  }
  routes.get('/', async (c) => c.html(await readHtml('index.html')));
  routes.route(
    '/',
    apiRoutes({
      store,
      live: rooms,
      sessions,
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
  routes.route('/', problemReportRoutes(log));

  /** From now on the store alone knows of the turn. */
  function over(conversation: ConversationId, turn: string): void {
    rooms.find(conversation)?.endTurn(turn);
    rooms.removeIfUnused(conversation);
  }

  /** Who logged out at another instance has nothing open here for long. */
  async function closeEnded(hasEnded: (login: string) => Promise<boolean>): Promise<void> {
    for (const id of rooms.logins) {
      try {
        if (await hasEnded(id)) rooms.closeLogin(id);
      } catch (err) {
        log.warn({ err }, 'ended logins not looked for');
        return;
      }
    }
  }

  return {
    name: 'web',
    routes,
    async start(taker) {
      intake = taker;
      looking = setInterval(() => void watchLogins(), lookEveryMs).unref();
    },
    async stopReceiving() {
      intake = undefined;
    },
    async close() {
      intake = undefined;
      clearInterval(looking);
      rooms.close();
    },
    surface({ conversation, id, messages }) {
      const room = rooms.ensure(conversation);
      return webSurface(room, room.beginTurn(id, messages));
    },
    onTurnEnded: over,
    onTurnAbandoned: over,
  };
}
