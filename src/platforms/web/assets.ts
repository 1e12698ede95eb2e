import { readFile, readdir } from 'node:fs/promises';
import { extname } from 'node:path';
import { Hono } from 'hono';
import type { Context } from 'hono';
import { etag } from 'hono/etag';

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

const page = new URL('./page/', import.meta.url);

/** The libraries that the page uses, as the packages bring them: no front-end build. */
const vendor: ReadonlyMap<string, string> = new Map([
  ['marked.js', import.meta.resolve('marked')],
  ['marked-cjk-friendly.js', import.meta.resolve('marked-cjk-friendly')],
  ['dompurify.js', import.meta.resolve('dompurify')],
]);

/** Libraries that come in several files, likewise: their folders, and what is served of them. */
const folders: ReadonlyMap<string, { from: string; files: RegExp }> = new Map([
  [
    'katex',
    {
      from: import.meta.resolve('katex/dist/katex.mjs'),
      files: /^(?:katex\.mjs|katex\.min\.css|fonts\/KaTeX_\w+-\w+\.woff2)$/,
    },
  ],
  [
    'highlight',
    {
      from: import.meta.resolve('@highlightjs/cdn-assets/es/highlight.min.js'),
      files: /^(?:highlight\.min\.js|languages\/[a-z\d-]+\.min\.js)$/,
    },
  ],
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
    return send(new URL(library), c);
  });
  routes.get('/assets/vendor/:folder/:file{.+}', async (c) => {
    const folder = folders.get(c.req.param('folder'));
    const file = c.req.param('file');
    if (!folder?.files.test(file)) return c.notFound();
    return send(new URL(file, folder.from), c);
  });
  routes.get('/assets/:file', async (c) => {
    const file = c.req.param('file');
    const served = await readdir(page);
    if (!served.includes(file) || extname(file) === '.html') return c.notFound();
    return send(new URL(file, page), c);
  });
  return routes;
}

/** One of the HTML files, such as `index.html`. */
export async function html(file: string): Promise<string> {
  return readFile(new URL(file, page), 'utf8');
}

async function send(file: URL, c: Context): Promise<Response> {
  const body = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (body === undefined) return c.notFound();
  return new Response(body, {
    headers: {
      'Content-Type': types[extname(file.pathname)] ?? 'application/octet-stream',
      'Cache-Control': 'no-cache',
    },
  });
}
