// Tested by test/integration/web-server.test.ts
import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { z } from 'zod';
import type { Intake } from '../../../core/ports/platform.ts';
import type { Store } from '../../../core/ports/store.ts';
import { readJson } from './request-guard.ts';
import { conversationRoutes } from '../conversations/conversations.ts';
import { loginOf } from '../sessions/login.ts';
import type { LiveConversations } from '../conversations/live-conversations.ts';
import { conversationOf, sessionOf, type Sessions } from '../sessions/session.ts';
import type { SseClient } from './sse-client.ts';

/** Facts about Parley for the page. */
interface About {
  /** Whether the demo model answers. */
  readonly demo: boolean;
  readonly model: string;
  /** One line about who answers. */
  readonly persona: string;
  /** Whether the page has a password, so that people can log out. */
  readonly locked: boolean;
}

export interface ApiOptions {
  readonly store: Store;
  readonly live: LiveConversations;
  readonly sessions: Sessions;
  readonly about: About;
  readonly now: () => number;
  /** The intake; undefined while the service stops. */
  readonly intake: () => Intake | undefined;
}

/** Longest body, in bytes: 50,000 characters take at most 150 kB of UTF-8, plus JSON's escapes. */
const maxBodyBytes = 256 * 1_024;
const tooLong = 'That is too much at once: a message has at most 50,000 characters.';

const newMessage = z.object({ id: z.uuid().toLowerCase(), text: z.string() });

/** The JSON API of the page's script. */
export function apiRoutes({ store, live, sessions, about, now, intake }: ApiOptions): Hono {
  const routes = new Hono();
  const conversation = '/api/conversations/:conversation';
  let lastSentAt = 0;

  routes.use('/api/*', requireJson);

  routes.post('/api/session', async (c) => c.json({ fresh: await sessions.ensure(c), ...about }));

  routes.route('/', conversationRoutes({ store, live, intake: requireIntake, now }));

  routes.get(`${conversation}/events`, async (c) => {
    if (c.req.method === 'HEAD')
      return c.body(null, 200, { 'Content-Type': 'text/event-stream; charset=utf-8' });
    const client = await live.connect(conversationOf(c), {
      session: sessionOf(c),
      login: loginOf(c),
    });
    return new Response(streamOf(client), {
      headers: {
        'Content-Type': 'text/event-stream; charset=utf-8',
        'Cache-Control': 'no-store',
        // Nginx and others would buffer the stream, which never ends.
        'X-Accel-Buffering': 'no',
      },
    });
  });

  routes.post(`${conversation}/messages`, async (c) => {
    const id = conversationOf(c);
    const author = { id: sessionOf(c) ?? '' };
    const message = newMessage.safeParse(await readJson(c, maxBodyBytes, tooLong));
    if (!message.success) return refuse(c, 400, 'A message needs an id (a UUID) and a text.');
    // Messages of one millisecond keep their order.
    lastSentAt = Math.max(now(), lastSentAt + 1);
    const receipt = await requireIntake().receive({
      ...message.data,
      conversation: id,
      author,
      sentAt: lastSentAt,
      kind: 'question',
    });
    live.find(id)?.storeChanged();
    return c.json({ receipt }, 202);
  });

  routes.delete(`${conversation}/messages/:message`, async (c) => {
    const id = conversationOf(c);
    const message = newMessage.shape.id.safeParse(c.req.param('message'));
    if (!message.success) return refuse(c, 400, 'A message is named by a UUID.');
    const withdrawn = await requireIntake().withdraw(id, message.data);
    live.find(id)?.storeChanged();
    return c.json({ withdrawn });
  });

  routes.post(`${conversation}/stop`, async (c) => {
    const id = conversationOf(c);
    const stopping = await requireIntake().stop(id);
    live.find(id)?.storeChanged();
    return c.json({ stopping }, 202);
  });

  function requireIntake(): Intake {
    const current = intake();
    if (current === undefined) {
      throw new HTTPException(503, {
        message: 'Parley is about to restart. Try again in a few seconds.',
      });
    }
    return current;
  }

  return routes;
}

/** Requires JSON: a form on another site cannot send it without a CORS preflight. */
const requireJson: MiddlewareHandler = async (c, next) => {
  const type = c.req.header('Content-Type') ?? '';
  const sends = c.req.method === 'POST' || c.req.method === 'PATCH';
  if (sends && !/^application\/json\s*(;|$)/i.test(type)) {
    return refuse(c, 415, 'Only application/json is understood here.');
  }
  return next();
};

function refuse(c: Context, status: 400 | 415, error: string): Response {
  return c.json({ error }, status);
}

/** The event stream; `pull` asks for the next events once the last ones were sent. */
function streamOf(client: SseClient): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let gone = false;
  return new ReadableStream(
    {
      async pull(controller) {
        const events = await client.nextEvents();
        if (gone) return;
        if (events === undefined) controller.close();
        else controller.enqueue(encoder.encode(events));
      },
      cancel() {
        gone = true;
        client.close();
      },
    },
    { highWaterMark: 0 },
  );
}
