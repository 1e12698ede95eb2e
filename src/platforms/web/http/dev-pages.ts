import { Hono } from 'hono';
import { z } from 'zod';
import type { PageFormat } from '../../../core/ports/surface.ts';
import { PageSplitter } from '../../../core/reply/pages/page-splitter.ts';
import { readHtml } from './assets.ts';
import { readJson } from './read-body.ts';

/** As long as an answer can be, by default, and then some. */
const maxChars = 200_000;
const maxBodyBytes = 2_000_000;
const tooLong = 'No answer is that long: 200,000 characters at the most.';
const question = z.object({ text: z.string(), as: z.string() });

/** A page of an answer as a platform is sent it. */
interface SplitPage {
  readonly text: string;
  /** In the unit of the format's limit. */
  readonly size: number;
}

/**
 * For whoever develops Parley: any answer, split into any platform's pages by the code that does
 * it for people.
 */
export function devRoutes(formats: Readonly<Record<string, PageFormat>>): Hono {
  const routes = new Hono();
  routes.get('/dev/pages', async (c) => c.html(await readHtml('dev.html')));
  routes.get('/api/dev/formats', (c) =>
    c.json(Object.entries(formats).map(([name, { limit }]) => ({ name, limit }))),
  );
  routes.post('/api/dev/pages', async (c) => {
    const asked = question.safeParse(await readJson(c, maxBodyBytes, tooLong));
    const format = asked.success && Object.hasOwn(formats, asked.data.as) && formats[asked.data.as];
    if (!asked.success || !format) {
      return c.json({ error: `A text and one of: ${Object.keys(formats).join(', ')}.` }, 400);
    }
    if (asked.data.text.length > maxChars) return c.json({ error: tooLong }, 413);
    return c.json({ limit: format.limit, pages: split(asked.data.text, format) });
  });
  return routes;
}

function split(text: string, format: PageFormat): SplitPage[] {
  const pages = new PageSplitter(format);
  pages.push(text);
  pages.end();
  const last = pages.live();
  return [...pages.frozen, ...(last === undefined ? [] : [last])].map(({ text }) => ({
    text,
    size: format.size(text),
  }));
}
