import { type Config, envFileText, InvalidSettings, readConfig } from '../config/config.ts';
import { BadConfiguration } from '../core/domain/errors.ts';
import type { ClockReading, Finding } from '../core/ports/checkup.ts';
import { createLog } from '../log.ts';
import { proxiesOf, type ProxyFault, useProxies } from '../proxy/proxies.ts';
import { type CommandArguments, runCommand, UsageError } from './command.ts';
import {
  clockFindings,
  configurationRead,
  hintFindings,
  problemFindings,
  proxyFindings,
} from './doctor/own-findings.ts';
import { formatFindings, Progress, runChecks } from './doctor/run-checks.ts';

const failedCode = 1;
const badConfigurationCode = 78;

const usage = `Looks whether everything that Parley needs is there, and says what to do where it is not:
configuration, tokens, scopes, intents, the model (one call of a few tokens), the store, the clock.

  npm run doctor                a list: ✓ well, ! worth a look, ✗ wrong
  npm run -s doctor -- --json   the same for machines: { ok, findings }

Changes nothing, and may run beside Parley. Exit code 0 when nothing is wrong, 1 when something is,
64 for what makes no sense, 78 when the configuration cannot be read.
`;

await runCommand({ usage, switches: ['json'], run });
// Ends connections that a library still keeps open.
process.exit();

async function run(typed: CommandArguments): Promise<void> {
  if (typed.words.length > 0) throw new UsageError(`"${typed.words[0]}" makes no sense here`);
  let config: Config;
  try {
    config = readConfig();
  } catch (error) {
    if (!(error instanceof BadConfiguration)) throw error;
    process.exitCode = badConfigurationCode;
    const { problems, hints } =
      error instanceof InvalidSettings ? error : { problems: [error.message], hints: [] };
    return print([...problemFindings(problems), ...hintFindings(hints)], typed.has('json'));
  }
  const where = envFileText() === undefined ? 'the environment' : '.env and the environment';
  const checked = await findingsWith(config, typed.has('json'));
  const findings = [configurationRead(where), ...hintFindings(config.hints), ...checked];
  if (findings.some(({ state }) => state === 'failed')) process.exitCode = failedCode;
  await print(
    findings.map((finding) => clean(finding, secretsOf(config))),
    typed.has('json'),
  );
}

async function findingsWith(config: Config, json: boolean): Promise<Finding[]> {
  const log = createLog({ level: 'silent', secrets: config.secrets, readable: false });
  const faults: ProxyFault[] = [];
  useProxies(config, (fault) => faults.push(fault));
  const readings: ClockReading[] = [];
  // Loaded after the proxies are set: some libraries read the environment when they load.
  const { collectChecks } = await import('./doctor/collect-checks.ts');
  const checks = await collectChecks(config, log, (reading) => readings.push(reading));
  const progress = json ? undefined : new Progress(process.stderr);
  progress?.show(0, checks.length);
  const found = await runChecks(checks, (done, of) => progress?.show(done, of));
  progress?.clear();
  return [...proxyFindings(proxiesOf(config), faults), ...found, ...clockFindings(readings)];
}

/** Secrets to remove; an address without a password is none. */
function secretsOf({ secrets, REDIS_URL }: Config): string[] {
  return secrets.filter((secret) => secret !== REDIS_URL || secret.includes('@'));
}

/** The finding without the configured secrets. */
function clean(finding: Finding, secrets: readonly string[]): Finding {
  const withoutSecrets = (text: string): string =>
    secrets.reduce((rest, secret) => rest.replaceAll(secret, '[secret]'), text);
  const { what, detail, remedy } = finding;
  return {
    ...finding,
    what: withoutSecrets(what),
    ...(detail === undefined ? {} : { detail: withoutSecrets(detail) }),
    ...(remedy === undefined ? {} : { remedy: withoutSecrets(remedy) }),
  };
}

function print(findings: readonly Finding[], json: boolean): Promise<void> {
  const ok = findings.every(({ state }) => state !== 'failed');
  const text = json
    ? `${JSON.stringify({ ok, findings }, null, 2)}\n`
    : formatFindings(findings, process.stdout);
  return new Promise((resolve) => process.stdout.write(text, () => resolve()));
}
