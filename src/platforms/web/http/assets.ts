import { readdir, readFile, stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { type Context, Hono } from 'hono';
import { etag } from 'hono/etag';
import { createHash } from 'node:crypto';

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

const page = new URL('../page/', import.meta.url);

/** Libraries of the page, served from their packages without a front-end build. */
const vendor: ReadonlyMap<string, string> = new Map([
  ['marked.js', import.meta.resolve('marked')],
  ['marked-cjk-friendly.js', import.meta.resolve('marked-cjk-friendly')],
  ['dompurify.js', import.meta.resolve('dompurify')],
]);

/** Libraries of several files: their folders, and the files served of them. */
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
 * The page's scripts and styles, public and without a password. A changed file is served from the
 * next request on. One copy in memory serves all requests.
 */
export function assetRoutes(): Hono {
  const routes = new Hono();
  const files = new SharedFiles();
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

  async function send(url: URL, c: Context): Promise<Response> {
    const file = await files.read(url);
    if (file === undefined) return c.notFound();
    return new Response(streamOf(file), {
      headers: {
        'Content-Type': types[extname(url.pathname)] ?? 'application/octet-stream',
        'Content-Length': String(file.bytes.length),
        'Cache-Control': 'no-cache',
        ETag: file.tag,
      },
    });
  }
}

/** Reads one of the HTML files, such as `index.html`. */
export async function readHtml(file: string): Promise<string> {
  return readFile(new URL(file, page), 'utf8');
}

/** Bytes enqueued at a time; the next piece follows once one was sent. */
const pieceBytes = 64 * 1_024;

/** A file's contents, one copy for all responses. */
export interface SharedFile {
  readonly bytes: Uint8Array;
  /** ETag, with its quotation marks. */
  readonly tag: string;
}

interface Version {
  readonly changedMs: number;
  readonly size: number;
  readonly file: Promise<SharedFile>;
}

/** Cache of files; a changed file is read again. */
export class SharedFiles {
  readonly #versions = new Map<string, Version>();

  /** The file; undefined if it does not exist. */
  async read(url: URL): Promise<SharedFile | undefined> {
    try {
      const { mtimeMs: changedMs, size } = await stat(url);
      const known = this.#versions.get(url.href);
      if (known?.changedMs === changedMs && known.size === size) return await known.file;
      const version = { changedMs, size, file: load(url) };
      this.#versions.set(url.href, version);
      version.file.catch(() => this.#versions.delete(url.href));
      return await version.file;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }
}

/** A stream of the one copy in pieces, at the reader's speed. */
export function streamOf({ bytes }: SharedFile): ReadableStream<Uint8Array> {
  let sent = 0;
  return new ReadableStream(
    {
      pull(controller) {
        controller.enqueue(bytes.subarray(sent, sent + pieceBytes));
        sent += pieceBytes;
        if (sent >= bytes.length) controller.close();
      },
    },
    { highWaterMark: 0 },
  );
}

async function load(url: URL): Promise<SharedFile> {
  const bytes = await readFile(url);
  return { bytes, tag: `"${createHash('sha256').update(bytes).digest('base64url')}"` };
}

const style = `
:root { color-scheme: light dark }
body {
  max-width: 34rem; margin: 0 auto; padding: 18vh 1.25rem 2rem;
  background: light-dark(#fdfcfa, #191817); color: light-dark(#23201d, #ece8e2);
  font: 1rem/1.6 system-ui, sans-serif;
}
h1 { margin: 0 0 0.75rem; font-size: 1.5rem; line-height: 1.25 }
code {
  padding: 0.125em 0.3125em; border-radius: 0.3125rem;
  background: light-dark(#eceae4, #2d2b29); font: 0.875em ui-monospace, monospace;
}
a { color: light-dark(#0f6b63, #5fc7b9) }
`;

const headers = {
  'Content-Security-Policy': `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
};

/**
 * The page at `/` while the conversations page is off. It says that Parley runs, on which platforms,
 * and how to switch the conversations page on.
 *
 * @param platforms names for people, such as `Slack`
 */
export function pageOffRoutes(platforms: readonly string[]): Hono {
  const routes = new Hono();
  const body = pageFor(platforms);
  routes.get('/', (c) => c.html(body, 200, headers));
  return routes;
}

function pageFor(platforms: readonly string[]): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Parley runs</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>Parley runs, and talks in ${platforms.join(' and ')}.</h1>
<p>Its own page for conversations is off, as it is by default beside ${platforms.join(' and ')}.
To switch it on, set <code>WEB=on</code> in <code>.env</code> and start Parley again; where others
than this machine can reach this address, it asks for <code>WEB_PASSWORD</code>, or for the one that
<code>npm run password</code> prints, and answers to the names in <code>WEB_HOSTS</code>.</p>
<p>For monitors: <a href="/healthz"><code>/healthz</code></a> says that the process is alive,
<a href="/readyz"><code>/readyz</code></a> whether it can take questions in.</p>
</main>
</body>
</html>
`;
}
