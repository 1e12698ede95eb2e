import { signedHeaders } from '../../fakes/slack/signature.ts';
import type { Attack } from './attacks.ts';
import { type Use, holdSockets, request } from './sockets.ts';

const path = 'POST /slack/events';
const megabyte = 1_000_000;
const half = 'x'.repeat(megabyte / 2);
const json = { 'Content-Type': 'application/json' };

/** Bodies that only Slack could have signed, as far as can be seen before they are whole. */
function forged(): Record<string, string> {
  return {
    'X-Slack-Signature': `v0=${'0'.repeat(64)}`,
    'X-Slack-Request-Timestamp': String(Math.floor(Date.now() / 1_000)),
  };
}

const unfinished = request(path, { ...json, 'Content-Length': megabyte }) + half;
const chunked = request(path, { ...json, 'Transfer-Encoding': 'chunked' });
const chunk = `${half.length.toString(16)}\r\n${half}\r\n`;

/** What is signed and still nothing that Slack would send. */
const odd: readonly string[] = [
  'null',
  '[]',
  '1',
  '{',
  '"x"',
  '{"type":"event_callback"}',
  '{"type":"event_callback","event":null}',
  '{"type":"event_callback","event":{"type":"message","text":{},"channel":[],"ts":{}}}',
  `{"type":"event_callback","event":${'['.repeat(200_000)}${']'.repeat(200_000)}}`,
  `{"a":`.repeat(150_000),
  `{"type":"event_callback","event":{"type":"app_mention","text":"${' '.repeat(900_000)}"}}`,
  `{"type":"block_actions","actions":[${'{},'.repeat(100_000)}{}]}`,
];

/** 200 bodies of 1 MB that never end, unsigned, forged and in pieces; and signed ones. */
export const floodBodies: Attack = async ({ port, signingSecret }, signal) => {
  let sent = 0;
  const signed: Use = (socket) => {
    const body = odd[sent % odd.length]!;
    sent += 1;
    const headers = { ...json, 'Content-Length': Buffer.byteLength(body), Connection: 'close' };
    socket.resume();
    socket.write(request(path, { ...headers, ...signedHeaders(signingSecret, body) }, body));
  };
  const uses: Use[] = [
    (socket) => void socket.write(unfinished),
    (socket) =>
      void socket.write(request(path, { ...json, ...forged(), 'Content-Length': megabyte }) + half),
    (socket) =>
      void socket.write(
        request(path, { ...json, ...forged(), 'Transfer-Encoding': 'chunked' }) + chunk,
      ),
    (socket) => void socket.write(chunked + chunk),
    signed,
  ];
  const counts = await holdSockets(port, { count: 200, uses }, signal);
  return { ...counts, 'signed and odd': sent };
};
