import type { Socket } from 'node:net';
import { type Use, holdSockets, request } from './sockets.ts';
import type { Attack } from './attacks.ts';

const pipelined = request('GET /assets/vendor/marked.js').repeat(1_000);

/** Twenty connections with 1,000 requests for an asset each, of which half read what comes. */
export const pipelineRequests: Attack = ({ port }, signal) => {
  const send = (socket: Socket): void => void socket.write(pipelined);
  const uses: Use[] = [(socket) => send(socket.resume()), (socket) => send(socket.pause())];
  return holdSockets(port, { count: 20, uses, forMs: 500 }, signal);
};

/** 2,000 connections that say nothing, never end their headers, read nothing or hold a stream. */
export const occupyConnections: Attack = ({ port, person }, signal) => {
  const { cookie, host, stream } = person;
  const asset = request('GET /assets/vendor/marked.js');
  const uses: Use[] = [
    () => undefined,
    (socket) => void socket.write(asset.slice(0, -2)),
    (socket) => void socket.pause().write(asset.repeat(8)),
    (socket) =>
      void socket.pause().write(request(`GET ${stream()}`, { Host: host, Cookie: cookie })),
    (socket) => void socket.write(request('POST /api/session', { 'Content-Length': 200_000 })),
    (socket) => void socket.write(request('GET /healthz').slice(0, -2)),
  ];
  return holdSockets(port, { count: 2_000, uses }, signal);
};
