// Tested by test/unit/app.test.ts
import { createHash } from 'node:crypto';
import { Hono } from 'hono';

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
