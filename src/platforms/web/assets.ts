import { readFile, readdir } from 'node:fs/promises';
import { extname } from 'node:path';
import { Hono } from 'hono';
import { etag } from 'hono/etag';

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const page = new URL('./page/', import.meta.url);

/** The libraries that the page uses, as the packages bring them: no front-end build. */
const vendor: ReadonlyMap<string, string> = new Map([
  ['marked.js', import.meta.resolve('marked')],
  ['dompurify.js', import.meta.resolve('dompurify')],
]);

/**
 * The page's scripts and styles. They are read anew for each request, so that a change shows with
 * the next reload, and are the same for everybody: nothing in them is secret.
 */
export function assets(): Hono {
  const routes = new Hono();
  routes.use('/assets/*', etag());
  routes.get('/assets/vendor/:file', async (c) => {
    const library = vendor.get(c.req.param('file'));
    if (library === undefined) return c.notFound();
    return send(new URL(library));
  });
  routes.get('/assets/:file', async (c) => {
    const file = c.req.param('file');
    const served = await readdir(page);
    if (!served.includes(file) || extname(file) === '.html') return c.notFound();
    return send(new URL(file, page));
  });
  return routes;
}

/** One of the HTML files, such as `index.html`. */
export async function html(file: string): Promise<string> {
  return readFile(new URL(file, page), 'utf8');
}

async function send(file: URL): Promise<Response> {
  const body = await readFile(file);
  return new Response(body, {
    headers: {
      'Content-Type': types[extname(file.pathname)] ?? 'application/octet-stream',
      'Cache-Control': 'no-cache',
    },
  });
}
