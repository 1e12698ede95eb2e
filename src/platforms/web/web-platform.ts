// Tested by test/integration/web-server.test.ts
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
import { AllowedHosts, requestGuard, securityHeaders } from './http/request-guard.ts';
import { createLogin } from './sessions/login.ts';
import { sessionOf, Sessions, SessionThrottle } from './sessions/session.ts';
import { LiveConversations } from './conversations/live-conversations.ts';

/** Interval at which logouts at other instances are read, in ms. */
const logoutCheckMs = 15_000;

export interface WebPlatformOptions {
  readonly store: Store;
  /** Store of the logins that have ended. */
  readonly secrets: Secrets;
  /** Key that signs sessions; the same for all instances. */
  readonly sessionKey: string;
  /** Time at which this store first signed sessions, in ms since the epoch. */
  readonly signedSince: number;
  readonly log: Log;
  /** Address of the server. */
  readonly host: string;
  /** Further names and addresses under which the page is served. */
  readonly hosts?: readonly string[];
  /** The client's address; undefined where it is unknown, as by default. */
  readonly addressOf?: (request: IncomingMessage) => string | undefined;
  /** Password of the page, if it has one. */
  readonly password?: string;
  /** Whether the demo model answers; the page then says how to connect a real one. */
  readonly demo: boolean;
  /** Name shown on the page, such as `gpt-5-mini`. */
  readonly modelName: string;
  /** One line about who answers, shown in a new conversation. */
  readonly persona?: string;
  /** The time in milliseconds since the epoch. */
  readonly now?: () => number;
}

/** The web page as a platform, with its HTTP routes. */
export interface WebPlatform extends Platform {
  readonly routes: Hono;
}

export function webPlatform(options: WebPlatformOptions): WebPlatform {
  const { store, secrets, log, password, now = Date.now } = options;
  const live = new LiveConversations(store, log);
  let intake: Intake | undefined;
  let logoutTimer: NodeJS.Timeout | undefined;
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
  const onRefused = (): void => digest.count('request refused: its Host is not in WEB_HOSTS');
  routes.use(securityHeaders, requestGuard({ hosts, onRefused }));
  routes.route('/', assetRoutes());
  let checkLogouts = async (): Promise<void> => {};
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
      onLogout: (id) => live.closeLogin(id),
      now,
    });
    checkLogouts = () => closeLoggedOut(hasEnded);
    routes.route('/', loginRoutes);
    for (const path of ['/', '/api/*']) routes.use(path, requireLogin);
  }
  routes.get('/', async (c) => c.html(await readHtml('index.html')));
  routes.route(
    '/',
    apiRoutes({
      store,
      live,
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

  /** Ends a turn here: from now on it is in the store only. */
  function endTurn(conversation: ConversationId, turn: string): void {
    live.find(conversation)?.endTurn(turn);
    live.removeIfUnused(conversation);
  }

  /** Closes the pages of logins that ended at other instances. */
  async function closeLoggedOut(hasEnded: (login: string) => Promise<boolean>): Promise<void> {
    for (const id of live.logins) {
      try {
        if (await hasEnded(id)) live.closeLogin(id);
      } catch (err) {
        log.warn({ err }, 'logouts at other instances not read');
        return;
      }
    }
  }

  return {
    name: 'web',
    routes,
    async start(taker) {
      intake = taker;
      logoutTimer = setInterval(() => void checkLogouts(), logoutCheckMs).unref();
    },
    async stopReceiving() {
      intake = undefined;
    },
    async close() {
      intake = undefined;
      clearInterval(logoutTimer);
      live.close();
    },
    surface({ conversation, id, messages }) {
      const shown = live.ensure(conversation);
      return webSurface(shown, shown.beginTurn(id, messages));
    },
    onTurnEnded: endTurn,
    onTurnAbandoned: endTurn,
  };
}
