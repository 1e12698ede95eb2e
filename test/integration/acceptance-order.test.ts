import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { expect, it, vi } from 'vitest';
import { openAcceptors } from '../../src/server/acceptors.ts';

const place = {
  host: '127.0.0.1',
  port: 0,
  setBy: { host: 'HOST', port: 'PORT', other: 'METRICS_PORT', usualPort: 3_000 },
};

it('takes several connections in a turn of the loop, and answers on each', async ({
  onTestFinished,
}) => {
  const server = createServer((_, response) => void response.end('here'));
  const acceptors = await openAcceptors(server, place, () => {});
  onTestFinished(() => acceptors.close());
  let turn = 0;
  const accepted = new Map<number, number>();
  server.on('connection', () => accepted.set(turn, (accepted.get(turn) ?? 0) + 1));
  const count = (): void => {
    turn += 1;
    if (sockets.some(({ closed }) => !closed)) setImmediate(count);
  };
  const sockets = Array.from({ length: 100 }, () => connect(acceptors.port, '127.0.0.1'));
  const answers = sockets.map(async (socket) => {
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    return answer.toString();
  });
  setImmediate(count);
  for (const answer of await Promise.all(answers)) expect(answer).toContain('here');
  await vi.waitFor(() => expect([...accepted.values()].reduce((a, b) => a + b)).toBe(100));
  if (process.platform === 'linux') expect(Math.max(...accepted.values())).toBeGreaterThan(2);
});

it('shares its port with nobody else', async ({ onTestFinished }) => {
  const acceptors = await openAcceptors(createServer(), place, () => {});
  onTestFinished(() => acceptors.close());
  const taken = openAcceptors(createServer(), { ...place, port: acceptors.port }, () => {});
  await expect(taken).rejects.toThrow(/PORT: port \d+ is taken/);
});
