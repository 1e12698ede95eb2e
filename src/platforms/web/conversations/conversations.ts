import { type Context, Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { z } from 'zod';
import { type ConversationId, parseConversationId } from '../../../core/domain/conversation.ts';
import { cleanName } from '../../../core/domain/message.ts';
import type { Intake } from '../../../core/ports/platform.ts';
import type { Store, ConversationSummary } from '../../../core/ports/store.ts';
import { readJson } from '../http/read-body.ts';
import { fileNameOf, mostExported, titleOf, toMarkdown } from './export.ts';
import type { LiveConversations } from './live-conversations.ts';
import { search } from './search.ts';
import { conversationOf, requireSession } from '../sessions/session.ts';

/** Far more than anybody begins in the time for which conversations are kept. */
const mostListed = 10_000;
const maxTitleChars = 100;
const maxSearchChars = 200;
const maxBodyBytes = 4_096;

const listQuery = z.object({
  limit: z.coerce.number().int().min(1).max(mostListed).default(100),
  search: z.string().max(maxSearchChars).default(''),
});
const renaming = z.object({ title: z.string().max(maxBodyBytes) });

export interface ConversationsOptions {
  readonly store: Store;
  readonly live: LiveConversations;
  readonly now: () => number;
  /** Throws while nothing is taken in. */
  readonly intake: () => Intake;
}

/** What a browser can do with the conversations that it began: list, find, name, take along, delete. */
export function conversationRoutes({ store, live, now, intake }: ConversationsOptions): Hono {
  const routes = new Hono();
  const one = '/api/conversations/:conversation';

  routes.get('/api/conversations', async (c) => {
    const session = requireSession(c);
    const query = listQuery.safeParse(c.req.query());
    if (!query.success) {
      const message = `A list takes a limit from 1 to ${mostListed}, and a search of ${maxSearchChars} characters at most.`;
      throw new HTTPException(400, { message });
    }
    c.header('Cache-Control', 'no-store');
    const { limit, search: wanted } = query.data;
    if (wanted.trim() === '') {
      const all = await store.conversationsOf('web', session, limit + 1);
      return c.json({ conversations: all.slice(0, limit).map(shown), more: all.length > limit });
    }
    const all = await store.conversationsOf('web', session, mostListed);
    const { hits, more } = await search(store, all, wanted, c.req.raw.signal);
    const shownFound = hits.map(({ summary, passage }) => ({ ...shown(summary), passage }));
    return c.json({ conversations: shownFound, more });
  });

  routes.patch(one, async (c) => {
    const id = conversationOf(c);
    const body = renaming.safeParse(await readJson(c, maxBodyBytes, 'That title is too long.'));
    if (!body.success) throw new HTTPException(400, { message: 'A conversation needs a title.' });
    const title = cleanName(body.data.title, maxTitleChars);
    if (!(await store.rename(id, requireSession(c), title))) throw unknown();
    return c.json({ title });
  });

  routes.delete(one, async (c) => {
    const id = conversationOf(c);
    const gone = await intake().forget(id);
    live.find(id)?.storeChanged();
    if (gone === 0) throw unknown();
    return c.json({ gone });
  });

  routes.get(`${one}/export`, async (c) => {
    const id = conversationOf(c);
    const title = await titleFor(c, id);
    const view = await store.conversationView(id, mostExported);
    return new Response(toMarkdown(title, view, now()), {
      headers: {
        'Content-Type': 'text/markdown; charset=utf-8',
        'Content-Disposition': attachment(`${fileNameOf(title)}.md`),
        'Cache-Control': 'no-store',
      },
    });
  });

  async function titleFor(c: Context, id: ConversationId): Promise<string> {
    const all = await store.conversationsOf('web', requireSession(c), mostListed);
    const summary = all.find(({ conversation }) => conversation === id);
    if (summary === undefined) throw unknown();
    return titleOf(summary);
  }

  return routes;
}

function shown(summary: ConversationSummary): {
  id: string | undefined;
  title: string;
  at: number;
} {
  const [, id] = parseConversationId(summary.conversation).ids;
  return { id, title: titleOf(summary), at: summary.lastAskedAt };
}

function unknown(): HTTPException {
  return new HTTPException(404, { message: 'There is no such conversation any more.' });
}

/** As RFC 6266 wants it: a plain name for old clients, and the real one. */
function attachment(name: string): string {
  const encoded = encodeURIComponent(name).replaceAll(/['()*]/g, (char) => {
    return `%${char.charCodeAt(0).toString(16).toUpperCase()}`;
  });
  return `attachment; filename="conversation.md"; filename*=UTF-8''${encoded}`;
}
