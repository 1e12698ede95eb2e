// Tested by test/integration/proxy.test.ts
import http from 'node:http';
import https from 'node:https';
import { createRequire } from 'node:module';
import type { ClientOptions, WebSocket } from 'ws';

/**
 * Has the client library open its gateway connections by Node's global agents, and with them through
 * a proxy. The library calls `ws` with options that nobody can add to, and `ws` without an agent
 * connects by itself, past the global ones: so `ws` is handed to the library with them. Before the
 * library is loaded, for which this file imports nothing of it.
 *
 * @param onError told each connection that fails; the client library still tells it, too
 */
export function useGlobalAgentsForGateway(onError: (error: Error) => void): void {
  const ofDiscord = createRequire(createRequire(import.meta.url).resolve('discord.js'));
  const ws = createRequire(ofDiscord.resolve('@discordjs/ws'))('ws') as {
    WebSocket: new (url: string, protocols: string[], options: ClientOptions) => WebSocket;
  };
  ws.WebSocket = class extends ws.WebSocket {
    constructor(url: string, protocols: string[], options: ClientOptions) {
      const { globalAgent } = new URL(url).protocol === 'wss:' ? https : http;
      super(url, protocols, { ...options, agent: globalAgent });
      this.on('error', onError);
    }
  };
}
