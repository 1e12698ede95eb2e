import { backoffMs, wait } from '../../core/timing.ts';
import type { Log } from '../../core/ports/log.ts';
import { describeBlockedPort, isPortBlocked } from '../../core/ports/checkup.ts';
import type { ModelFault } from '../../core/domain/errors.ts';
import { inOneLine } from '../../core/foreign-data.ts';
import { readProviderError } from '../errors/provider-error.ts';
import { type ModelList, listModels } from './model-list.ts';
import { isOpenAi, openAiUrl, type Provider } from '../openai-model.ts';

const firstPauseMs = 2_000;
const longestPauseMs = 5 * 60_000;

export interface SettingsCheckOptions {
  readonly server: Server;
  readonly models: readonly string[];
  readonly log: Log;
  /** Between two tries while the server is away, in ms; 2 s, and longer each time. */
  readonly firstPauseMs?: number;
}

/**
 * Looks beside the start whether the model can answer with these settings, and warns of what
 * cannot be; waits for a server that is away, for as long as that takes. Ends with the signal, and
 * never throws.
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
      await wait(backoffMs(tries, options.firstPauseMs ?? firstPauseMs, longestPauseMs), signal);
    }
  } catch (error) {
    if (signal.aborted) return;
    log.warn({ err: error }, 'model settings not checked');
  }
}

/** Models that are named where another one is missing. */
const mostNamed = 5;
const maxNameChars = 60;

/** A setting with which the model cannot answer. */
interface SettingFault {
  readonly setting: 'OPENAI_API_KEY' | 'OPENAI_BASE_URL' | 'MODEL';
  /** How it is. */
  readonly detail: string;
  /** What to do. */
  readonly remedy: string;
}

export interface SettingsReport {
  /** Whether the server answers: what is wrong then will not pass by itself. */
  readonly answers: boolean;
  readonly faults: readonly SettingFault[];
}

/** Where a model is, and how it is asked. */
export type Server = Pick<Provider, 'apiKey' | 'baseUrl' | 'fetch'>;

const withPassword: SettingFault = {
  setting: 'OPENAI_BASE_URL',
  detail: 'it has a user or a password in it, and such addresses are never called',
  remedy: 'take them out of OPENAI_BASE_URL; a key belongs in OPENAI_API_KEY',
};

/** What to do about a model that does not answer; undefined where that is nothing. */
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
 * Looks by one cheap call whether a server can answer with these settings. No model is loaded for
 * it, and a server that tells nothing is taken to be well. Throws the signal's reason alone.
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
    case 'refused':
      return { answers: true, faults: [refused(list.status, server)] };
    case 'missing':
    case 'strange':
      return { answers: true, faults: await faultOfAddress(list, server, signal) };
    case 'silent':
      return { answers: true, faults: [] };
    case 'away':
      return unreachable(list.error, server);
    case 'busy':
    default:
      return { answers: false, faults: [] };
  }
}

function refused(status: number, server: Server): SettingFault {
  const detail = server.apiKey
    ? `${nameOf(server)} does not accept the key (status ${status})`
    : `${nameOf(server)} wants a key (status ${status})`;
  return { setting: 'OPENAI_API_KEY', detail, remedy: remedyFor('unauthorized', server) ?? '' };
}

/** Undefined for a model that is there, or may well be. */
function missing(model: string, ids: readonly string[], server: Server): SettingFault | undefined {
  if (ids.some((id) => isSame(id, model))) return undefined;
  const alike = ids
    .map((id) => ({ id, common: commonChars(id, model) }))
    .toSorted((a, b) => b.common - a.common)
    .slice(0, mostNamed)
    .map(({ id }) => inOneLine(id, maxNameChars));
  const more = ids.length > alike.length ? ', …' : '';
  const sure = isOpenAi(server.baseUrl) ? '' : ', though it may answer by other names, too';
  return {
    setting: 'MODEL',
    detail: `${nameOf(server)} lists ${alike.join(', ')}${more}, and not ${model}${sure}`,
    remedy: remedyFor('unknown-model', server) ?? '',
  };
}

/** Ollama's `llama3:latest` is `llama3`, OpenRouter's `name:free` is a way of `name`, Gemini lists paths. */
function isSame(id: string, model: string): boolean {
  const listed = id.replace(/^models\//, '');
  return [model, `${model}:latest`, model.replace(/:[^:/]*$/, '')].includes(listed);
}

function commonChars(one: string, other: string): number {
  const most = Math.min(one.length, other.length);
  for (let at = 0; at < most; at += 1) if (one[at] !== other[at]) return at;
  return most;
}

/** Where the API is not at the address, but may be beside it. */
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
    if (kind === 'listed' || kind === 'refused') {
      const detail = `OpenAI’s API is not at ${addressIn(baseUrl)}, but at ${other}`;
      return [{ setting, detail, remedy: `set OPENAI_BASE_URL=${other}` }];
    }
  }
  // Some servers have no list of models.
  if (list.kind !== 'strange') return [];
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

/** Most messages of the system name their code themselves. */
function whyOf({ code, message }: { code: string; message: string }): string {
  return message.includes(code) ? message : `${code} ${message}`.trim();
}

/** For people, without a password in it. */
function nameOf({ baseUrl }: Server): string {
  return baseUrl === undefined || isOpenAi(baseUrl) ? 'OpenAI' : addressIn(baseUrl);
}

function addressIn(baseUrl: string): string {
  const { origin, pathname } = new URL(baseUrl);
  return `${origin}${pathname.replace(/\/+$/, '')}`;
}
