// Tested by test/integration/models-settings.test.ts
import { backoffMs, wait } from '../../core/timing.ts';
import type { Log } from '../../core/ports/log.ts';
import { describeBlockedPort, isPortBlocked } from '../../core/ports/checkup.ts';
import type { ModelFault } from '../../core/domain/errors.ts';
import { inOneLine } from '../../core/foreign-data.ts';
import { readProviderError } from '../errors/provider-error.ts';
import { listModels, type ModelList } from './model-list.ts';
import { isOpenAi, openAiUrl, type Provider } from '../openai-client.ts';

const firstDelayMs = 2_000;
const longestDelayMs = 5 * 60_000;

export interface SettingsCheckOptions {
  readonly server: Server;
  readonly models: readonly string[];
  readonly log: Log;
  /** First delay between two attempts, in ms; it doubles. Default 2,000. */
  readonly firstDelayMs?: number;
}

/**
 * Checks the settings beside the start, and logs warnings; retries without end while the server does
 * not answer. Ends with the signal, and never throws.
 */
export async function warnOfWrongSettings(
  { server, models, log, ...options }: SettingsCheckOptions,
  signal: AbortSignal,
): Promise<void> {
  try {
    for (let tries = 1; ; tries += 1) {
      const { answers, faults } = await inspectSettings(server, models, signal);
      for (const { setting, detail, remedy } of faults) {
        if (answers) log.warn({ setting, detail, remedy }, `${setting} may be wrong`);
        else if (tries === 1) {
          log.warn({ setting, detail, remedy }, 'the model’s server does not answer; still trying');
        }
      }
      if (answers) {
        if (tries > 1) log.info({ tries }, 'the model’s server answers');
        return;
      }
      await wait(backoffMs(tries, options.firstDelayMs ?? firstDelayMs, longestDelayMs), signal);
    }
  } catch (error) {
    if (signal.aborted) return;
    log.warn({ err: error }, 'model settings not checked');
  }
}

/** Models named in the finding about a missing one. */
const maxNamed = 5;
const maxNameChars = 60;

/** A setting that keeps the model from answering. */
interface SettingFault {
  readonly setting: 'OPENAI_API_KEY' | 'OPENAI_BASE_URL' | 'MODEL';
  /** The fault. */
  readonly detail: string;
  /** The remedy, as an instruction. */
  readonly remedy: string;
}

export interface SettingsReport {
  /** Whether the server answers: faults will then not pass by themselves. */
  readonly answers: boolean;
  readonly faults: readonly SettingFault[];
}

/** A model's server, and the access to it. */
export type Server = Pick<Provider, 'apiKey' | 'baseUrl' | 'fetch'>;

const withPassword: SettingFault = {
  setting: 'OPENAI_BASE_URL',
  detail: 'it has a user or a password in it, and such addresses are never called',
  remedy: 'take them out of OPENAI_BASE_URL; a key belongs in OPENAI_API_KEY',
};

/** The remedy for a model that does not answer; undefined if there is none. */
export function remedyFor(fault: ModelFault, { baseUrl }: Server): string | undefined {
  switch (fault) {
    case 'unauthorized':
      return 'set OPENAI_API_KEY to a key that the provider accepts; OpenAI’s are at https://platform.openai.com/api-keys';
    case 'quota':
      return 'top up the account; OpenAI’s is at https://platform.openai.com/settings/organization/billing';
    case 'unknown-model':
      return 'set MODEL to a model that the provider has and the key may use, spelled as the provider spells it; or correct OPENAI_BASE_URL';
    case 'unreachable':
      return isOpenAi(baseUrl)
        ? 'look whether this machine reaches OpenAI (network, name server, firewall, proxy), and at https://status.openai.com; for a model elsewhere set OPENAI_BASE_URL'
        : 'start the model’s server, or correct OPENAI_BASE_URL; in a container 127.0.0.1 is the container itself, and its host is host.docker.internal';
    case 'malformed':
      return 'correct OPENAI_BASE_URL, which ends with /v1 as a rule, or set OPENAI_API';
    case 'rate-limited':
      return 'wait a minute, or ask the provider for a higher limit';
    case 'overloaded':
      return 'wait a minute and look again';
    default:
      return undefined;
  }
}

/**
 * Checks by one cheap call whether a server can answer with these settings. No model is loaded, and a
 * server without usable facts passes. Throws the signal's reason only.
 */
export async function inspectSettings(
  server: Server,
  models: readonly string[],
  signal: AbortSignal,
): Promise<SettingsReport> {
  const { username, password } = new URL(server.baseUrl ?? openAiUrl);
  if (username !== '' || password !== '') return { answers: true, faults: [withPassword] };
  const list = await listModels(server.baseUrl ?? openAiUrl, server, signal);
  switch (list.kind) {
    case 'listed': {
      const faults = models.flatMap((model) => missing(model, list.ids, server) ?? []);
      return { answers: true, faults };
    }
    case 'unauthorized':
      return { answers: true, faults: [unauthorized(list.status, server)] };
    case 'missing':
    case 'unexpected':
      return { answers: true, faults: await faultOfAddress(list, server, signal) };
    case 'inconclusive':
      return { answers: true, faults: [] };
    case 'unreachable':
      return unreachable(list.error, server);
    case 'busy':
    default:
      return { answers: false, faults: [] };
  }
}

function unauthorized(status: number, server: Server): SettingFault {
  const detail = server.apiKey
    ? `${nameOf(server)} does not accept the key (status ${status})`
    : `${nameOf(server)} wants a key (status ${status})`;
  return { setting: 'OPENAI_API_KEY', detail, remedy: remedyFor('unauthorized', server) ?? '' };
}

/** The fault of a model that is not listed; undefined if it is. */
function missing(model: string, ids: readonly string[], server: Server): SettingFault | undefined {
  if (ids.some((id) => isSame(id, model))) return undefined;
  const alike = ids
    .map((id) => ({ id, common: commonChars(id, model) }))
    .toSorted((a, b) => b.common - a.common)
    .slice(0, maxNamed)
    .map(({ id }) => inOneLine(id, maxNameChars));
  const more = ids.length > alike.length ? ', …' : '';
  const sure = isOpenAi(server.baseUrl) ? '' : ', though it may answer by other names, too';
  return {
    setting: 'MODEL',
    detail: `${nameOf(server)} lists ${alike.join(', ')}${more}, and not ${model}${sure}`,
    remedy: remedyFor('unknown-model', server) ?? '',
  };
}

/** Whether two ids are one model: Ollama appends `:latest`, OpenRouter `:free`, Gemini lists paths. */
function isSame(id: string, model: string): boolean {
  const listed = id.replace(/^models\//, '');
  return [model, `${model}:latest`, model.replace(/:[^:/]*$/, '')].includes(listed);
}

function commonChars(one: string, other: string): number {
  const most = Math.min(one.length, other.length);
  for (let at = 0; at < most; at += 1) if (one[at] !== other[at]) return at;
  return most;
}

/** Faults of an address without the API, which may be at another path. */
async function faultOfAddress(
  list: ModelList,
  server: Server,
  signal: AbortSignal,
): Promise<SettingFault[]> {
  const { baseUrl } = server;
  if (baseUrl === undefined) return [];
  const setting = 'OPENAI_BASE_URL';
  const url = new URL(baseUrl);
  const path = url.pathname.replace(/\/+$/, '');
  const base = path.replace(/\/(?:chat\/completions|completions|responses|models)$/, '');
  const other = `${url.origin}${/\/v\d\w*$/.test(base) ? base : `${base}/v1`}`;
  if (other !== `${url.origin}${path}`) {
    const { kind } = await listModels(other, server, signal);
    if (kind === 'listed' || kind === 'unauthorized') {
      const detail = `OpenAI’s API is not at ${addressIn(baseUrl)}, but at ${other}`;
      return [{ setting, detail, remedy: `set OPENAI_BASE_URL=${other}` }];
    }
  }
  // Some servers have no list of models.
  if (list.kind !== 'unexpected') return [];
  const what = /html/.test(list.type) ? 'a web page' : 'something that is no JSON';
  const detail = `${addressIn(baseUrl)} answers with ${what}, where OpenAI’s API lists models`;
  return [{ setting, detail, remedy: remedyFor('malformed', server) ?? '' }];
}

function unreachable(error: unknown, server: Server): SettingsReport {
  const setting = 'OPENAI_BASE_URL';
  if (isPortBlocked(error)) {
    const words = describeBlockedPort(setting, server.baseUrl ?? openAiUrl);
    return { answers: true, faults: [{ setting, ...words }] };
  }
  const { network, message } = readProviderError(error);
  const why = network === undefined ? message : whyOf(network);
  const detail = `${nameOf(server)} does not answer (${inOneLine(why, 200)})`;
  const remedy = remedyFor('unreachable', server) ?? '';
  return { answers: false, faults: [{ setting, detail, remedy }] };
}

/** The system's message, with its code if it does not contain it. */
function whyOf({ code, message }: { code: string; message: string }): string {
  return message.includes(code) ? message : `${code} ${message}`.trim();
}

/** The server's name for people, without a password. */
function nameOf({ baseUrl }: Server): string {
  return baseUrl === undefined || isOpenAi(baseUrl) ? 'OpenAI' : addressIn(baseUrl);
}

function addressIn(baseUrl: string): string {
  const { origin, pathname } = new URL(baseUrl);
  return `${origin}${pathname.replace(/\/+$/, '')}`;
}
