import type { Route } from './route.ts';

export const getGateway: Route = {
  method: 'GET',
  path: '/gateway',
  run({ gateway }) {
    return { url: gateway.url };
  },
};

export const getGatewayBot: Route = {
  method: 'GET',
  path: '/gateway/bot',
  run({ gateway }) {
    const { url, settings, sessionStartLimit } = gateway;
    return { url, shards: settings.shards, session_start_limit: sessionStartLimit };
  },
};
