import { readFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { readConfig, variableNames } from '../../src/config/config.ts';
import { HealthServer } from '../../src/server/health-server.ts';
import { recordingLog } from '../fakes/recording-log.ts';

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

interface Container {
  readonly image: string;
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
}

describe('deploy/kubernetes.yaml', () => {
  const text = readFileSync('deploy/kubernetes.yaml', 'utf8');
  const [deployment, service] = parseAllDocuments(text).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJSON() as Record<string, unknown>;
  });
  const { template, selector } = deployment!['spec'] as {
    readonly selector: { readonly matchLabels: object };
    readonly template: {
      readonly metadata: { readonly labels: object; readonly annotations: Record<string, string> };
      readonly spec: {
        readonly terminationGracePeriodSeconds: number;
        readonly containers: readonly [Container];
      };
    };
  };
  const [container] = template.spec.containers;
  const env = Object.fromEntries(container.env.map(({ name, value }) => [name, value]));
  const portOf = (name: string) =>
    container.ports.find((port) => port.name === name)?.containerPort;

  it('gives Parley settings that it takes, with the secrets that its head names', () => {
    const secrets = Object.fromEntries(
      Array.from(text.matchAll(/--from-literal=(\w+)=(\S+)/g), ([, name = '', value = '']) => [
        name,
        value.replaceAll('…', '1'),
      ]),
    );
    const names = [...Object.keys(secrets), ...Object.keys(env)];
    expect(names.filter((name) => !variableNames.includes(name))).toEqual([]);
    const config = readConfig({ ...secrets, ...env });
    expect(config).toMatchObject({ HOST: '0.0.0.0', PORT: portOf('http'), WEB: false });
    expect(config).toMatchObject({ METRICS_HOST: '0.0.0.0', METRICS_PORT: portOf('metrics') });
    expect(config).toMatchObject({ HEALTH_HOST: '0.0.0.0', HEALTH_PORT: portOf('health') });
    // Beyond what answers may take: what is held by platforms is let go of.
    expect(template.spec.terminationGracePeriodSeconds).toBeGreaterThan(config.DRAIN_SECONDS + 15);
  });

  it('asks where something answers', async () => {
    const health = { check: () => Promise.resolve() };
    const place = { host: '127.0.0.1', port: 0, log: recordingLog() };
    const server = new HealthServer({ ...place, health });
    const url = await server.listen();
    onTestFinished(() => server.close());
    const { startupProbe, livenessProbe, readinessProbe } = container;
    for (const { httpGet } of [startupProbe, livenessProbe, readinessProbe]) {
      expect(portOf(httpGet.port)).toBe(Number(env['HEALTH_PORT']));
      expect((await fetch(new URL(httpGet.path, url))).status).toBe(200);
    }
    // A store that is away is no reason to restart, and is one to send nothing.
    expect([livenessProbe, readinessProbe].map(({ httpGet }) => httpGet.path)).toEqual([
      '/healthz',
      '/readyz',
    ]);
    expect(template.metadata.annotations).toEqual({
      'prometheus.io/scrape': 'true',
      'prometheus.io/port': env['METRICS_PORT'],
      'prometheus.io/path': '/metrics',
    });
  });

  it('leads from the service to the pods of the one deployment, and not to the figures and health', () => {
    expect(selector.matchLabels).toEqual(template.metadata.labels);
    expect(service!['spec']).toMatchObject({
      selector: template.metadata.labels,
      ports: [{ targetPort: 'http' }],
    });
  });

  it('runs this version, as nobody special, on a file system that cannot be written', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(container.image).toMatch(new RegExp(`:${version.replaceAll('.', '\\.')}$`));
    expect(template.spec).toMatchObject({
      securityContext: { runAsNonRoot: true, runAsUser: 1_000 },
      containers: [
        {
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          },
        },
      ],
    });
  });
});
