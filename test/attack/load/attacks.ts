import { floodBodies } from './bodies.ts';
import { occupyConnections, pipelineRequests } from './connections.ts';
import type { Login } from './login.ts';
import { floodPage } from './page.ts';

/** What strangers attack. */
export interface Target {
  /** On 127.0.0.1. */
  readonly port: number;
  /** Whoever knows it may send what Slack would not. */
  readonly signingSecret: string;
  /** Of the page. */
  readonly password: string;
  /** Who logged in before, while it was quiet. */
  readonly person: Login;
}

/** How often what happened. */
export type Counts = Record<string, number>;

/** Goes on until the signal, and leaves no connection behind. */
export type Attack = (target: Target, signal: AbortSignal) => Promise<Counts>;

export const attacks: Readonly<Record<string, Attack>> = {
  pipelines: pipelineRequests,
  connections: occupyConnections,
  bodies: floodBodies,
  page: floodPage,
};
