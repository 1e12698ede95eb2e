import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { UnsignedBodies } from '../../../../../src/platforms/slack/receive/http-events.ts';

const kib = 1_024;
const request = () => new PassThrough() as unknown as PassThrough & IncomingMessage;

it('counts nothing any more of a body that was too large', async () => {
  const bodies = new UnsignedBodies(kib);
  // As many bytes behind their ends as are read together at the most.
  for (let sent = 0; sent < 17 * kib; sent += 1) {
    const large = request();
    const reading = bodies.read(large);
    large.emit('data', Buffer.alloc(2 * kib));
    await expect(reading).rejects.toMatchObject({ reason: 'too-large' });
    large.emit('data', Buffer.alloc(kib));
  }
  const [first, second] = [request(), request()];
  const both = Promise.all([bodies.read(first), bodies.read(second)]);
  for (const one of [first, second]) one.emit('data', Buffer.from('whole'));
  for (const one of [first, second]) one.emit('end');
  expect((await both).map(String)).toEqual(['whole', 'whole']);
});

it('gives up as many of the oldest as are too many, however little comes in at a time', async () => {
  const bodies = new UnsignedBodies(1_024 * kib);
  const open = Array.from({ length: 41 }, () => {
    const body = request();
    return { body, reading: bodies.read(body) };
  });
  const ended = Promise.allSettled(open.map(({ reading }) => reading));
  for (const { body } of open.slice(0, 40)) body.emit('data', Buffer.alloc(100 * kib));
  for (let piece = 0; piece < 16; piece += 1) open[40]!.body.emit('data', Buffer.alloc(12 * kib));
  for (const { body } of open) body.emit('end');
  expect((await ended).map(({ status }) => status)).toEqual([
    'rejected',
    ...Array.from({ length: 40 }, () => 'fulfilled'),
  ]);
});
