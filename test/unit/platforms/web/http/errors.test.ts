import { Hono } from 'hono';
import { beforeEach, expect, test } from 'vitest';
import type { Log } from '../../../../../src/core/ports/log.ts';
import { problemReportRoutes } from '../../../../../src/platforms/web/http/errors.ts';

let lines: unknown[];
let routes: Hono<{ Variables: { session: string } }>;

beforeEach(() => {
  lines = [];
  const note = (fields: object, text: string) => void lines.push({ ...fields, text });
  const log: Log = { debug: note, info: note, warn: note, error: note };
  routes = new Hono<{ Variables: { session: string } }>();
  routes.use(async (c, next) => {
    if (c.req.header('Cookie') === cookie) c.set('session', 'ana');
    return next();
  });
  routes.route('/', problemReportRoutes(log));
});

/** Stands for a session, which another part reads. */
const cookie = 'a session=yes';

function tell(problem: unknown, headers: Record<string, string> = { Cookie: cookie }) {
  return routes.request('/api/problems', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(problem),
  });
}

const at = 'blocks.js:66:19';

test.for([
  [
    "Cannot read properties of null (reading 'appendData')",
    'Cannot read properties of null (reading …)',
  ],
  [
    'Unexpected token \'H\', "Hello "my" words" is not valid JSON',
    'Unexpected token … is not valid JSON',
  ],
  ['"my words', '…'],
  ['Maximum call stack size exceeded', 'Maximum call stack size exceeded'],
])('of %j the log has %j', async ([message, reason]) => {
  expect((await tell({ type: 'TypeError', message, at })).status).toBe(204);
  expect(lines).toEqual([{ type: 'TypeError', reason, at, text: 'web page reported an error' }]);
});

test.for([
  {},
  { type: 'my words', message: '', at },
  { type: 'TypeError', message: '', at: 'my words' },
  { type: 'TypeError', message: 'x'.repeat(301), at },
])('%j is no report', async (problem) => {
  expect((await tell(problem)).status).toBe(400);
  expect(lines).toEqual([]);
});

test('who has no session reports nothing, and all together ten problems a minute', async () => {
  expect((await tell({ type: 'TypeError', message: '', at }, {})).status).toBe(401);
  const statuses = [];
  for (let count = 0; count < 12; count += 1) {
    statuses.push((await tell({ type: 'TypeError', message: '', at })).status);
  }
  expect(statuses).toEqual([...Array.from({ length: 10 }, () => 204), 429, 429]);
  expect(lines).toHaveLength(10);
});
