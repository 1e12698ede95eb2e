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
