// Tested by test/integration/web-conversations.test.ts
import { type Context, Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { z } from 'zod';
import { type ConversationId, parseConversationId } from '../../../core/domain/conversation.ts';
import { cleanName } from '../../../core/domain/message.ts';
import type { Intake } from '../../../core/ports/platform.ts';
import type { ConversationSummary, Store } from '../../../core/ports/store.ts';
import { readJson } from '../http/request-guard.ts';
import { fileNameOf, maxExported, titleOf, toMarkdown } from './export.ts';
import type { LiveConversations } from './live-conversations.ts';
import { search } from './search.ts';
import { conversationOf, requireSession } from '../sessions/session.ts';

/** Most conversations of one list: more than a person begins within HISTORY_DAYS. */
const maxListed = 10_000;
const maxTitleChars = 100;
const maxSearchChars = 200;
const maxBodyBytes = 4_096;

const listQuery = z.object({
  limit: z.coerce.number().int().min(1).max(maxListed).default(100),
  search: z.string().max(maxSearchChars).default(''),
});
const renaming = z.object({ title: z.string().max(maxBodyBytes) });

export interface ConversationsOptions {
  readonly store: Store;
  readonly live: LiveConversations;
  readonly now: () => number;
  /** The intake. Throws while the service stops. */
  readonly intake: () => Intake;
}

/** Routes for a browser's own conversations: list, search, rename, export, delete. */
export function conversationRoutes({ store, live, now, intake }: ConversationsOptions): Hono {
  const routes = new Hono();
  const one = '/api/conversations/:conversation';

  routes.get('/api/conversations', async (c) => {
    const session = requireSession(c);
    const query = listQuery.safeParse(c.req.query());
    if (!query.success) {
      const message = `A list takes a limit from 1 to ${maxListed}, and a search of ${maxSearchChars} characters at most.`;
      throw new HTTPException(400, { message });
    }
    c.header('Cache-Control', 'no-store');
    const { limit, search: words } = query.data;
    if (words.trim() === '') {
      const all = await store.conversationsOf('web', session, limit + 1);
      return c.json({
        conversations: all.slice(0, limit).map(summaryOf),
        more: all.length > limit,
      });
    }
    const all = await store.conversationsOf('web', session, maxListed);
    const { hits, more } = await search(store, all, words, c.req.raw.signal);
    const list = hits.map(({ summary, passage }) => ({ ...summaryOf(summary), passage }));
    return c.json({ conversations: list, more });
  });

  routes.patch(one, async (c) => {
    const id = conversationOf(c);
    const body = renaming.safeParse(await readJson(c, maxBodyBytes, 'That title is too long.'));
    if (!body.success) throw new HTTPException(400, { message: 'A conversation needs a title.' });
    const title = cleanName(body.data.title, maxTitleChars);
    if (!(await store.rename(id, requireSession(c), title))) throw notFound();
    return c.json({ title });
  });

  routes.delete(one, async (c) => {
    const id = conversationOf(c);
    const gone = await intake().forget(id);
    live.find(id)?.storeChanged();
    if (gone === 0) throw notFound();
    return c.json({ gone });
  });

  routes.get(`${one}/export`, async (c) => {
    const id = conversationOf(c);
    const title = await titleFor(c, id);
    const view = await store.conversationView(id, maxExported);
    return new Response(toMarkdown(title, view, now()), {
      headers: {
        'Content-Type': 'text/markdown; charset=utf-8',
        'Content-Disposition': attachment(`${fileNameOf(title)}.md`),
        'Cache-Control': 'no-store',
      },
    });
  });

  async function titleFor(c: Context, id: ConversationId): Promise<string> {
    const all = await store.conversationsOf('web', requireSession(c), maxListed);
    const summary = all.find(({ conversation }) => conversation === id);
    if (summary === undefined) throw notFound();
    return titleOf(summary);
  }

  return routes;
}

function summaryOf(summary: ConversationSummary): {
  id: string | undefined;
  title: string;
  at: number;
} {
  const [, id] = parseConversationId(summary.conversation).ids;
  return { id, title: titleOf(summary), at: summary.lastAskedAt };
}

function notFound(): HTTPException {
  return new HTTPException(404, { message: 'There is no such conversation any more.' });
}

/** Content-Disposition of RFC 6266: a plain name for old clients, and the real one. */
function attachment(name: string): string {
  const encoded = encodeURIComponent(name).replaceAll(/['()*]/g, (char) => {
    return `%${char.charCodeAt(0).toString(16).toUpperCase()}`;
  });
  return `attachment; filename="conversation.md"; filename*=UTF-8''${encoded}`;
}
