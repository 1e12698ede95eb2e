import { expect, it } from 'vitest';
import { methodOf } from '../../../../../src/platforms/discord/api/route-label.ts';

it.for<[string, string]>([
  ['/channels/1100000000000000001/messages', '/channels/:id/messages'],
  ['/channels/1/messages/2/threads', '/channels/:id/messages/:id/threads'],
  ['/users/@me', '/users/@me'],
  ['/applications/@me', '/applications/@me'],
  ['/gateway/bot', '/gateway/bot'],
  ['/webhooks/1/aW50ZXJhY3Rpb246Mjoz/callback', '/webhooks/:id/:id/callback'],
])('%s is a call of %s', ([path, expected]) => {
  expect(methodOf('GET', path)).toBe(`GET ${expected}`);
});
