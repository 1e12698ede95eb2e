import { isPortBlocked } from '../../core/ports/checkup.ts';
import { ModelFailed, type ModelFault } from '../../core/domain/errors.ts';
import { withoutQuotes } from './without-quotes.ts';

/**
 * Facts of an error from the AI SDK or a provider. SDK errors carry the whole request and often the
 * answer, which are people's texts; here are only facts that the log may have.
 */
export interface ProviderError {
  /** The error's class, such as `AI_APICallError`. */
  readonly name: string;
  readonly status: number | undefined;
  /** The provider's codes and types, in lower case, such as `rate_limit_exceeded tokens`. */
  readonly codes: string;
  /** Part of the request that the provider names, such as `messages[3].content`; or empty. */
  readonly parameter: string;
  /** The provider's id of the request, such as `req_4f2a`; or empty. */
  readonly requestId: string;
  /** The provider's sentence. */
  readonly message: string;
  /** Delay that the provider asks for, in ms. */
  readonly retryAfterMs: number | undefined;
  /** The system's error among the causes, if the network failed. */
  readonly network: (Error & { readonly code: string }) | undefined;
  /** Whether the request was never sent, as the fetch standard blocks the port. */
  readonly unsent: boolean;
}

type Fields = Record<string, unknown>;

/** Reads an error of any shape; never throws. */
export function readProviderError(error: unknown): ProviderError {
  const top = fieldsOf(error) ?? {};
  const body = fieldsOf(top.data) ?? parsed(top.responseBody);
  // Details are in the body, under `error`, or in a failed response.
  const sources = [body?.response, body, top]
    .map(fieldsOf)
    .flatMap((source) => [fieldsOf(source?.error), source]);
  const codes = sources.flatMap((source) => [source?.code, source?.type]);
  const parameters = sources.map((source) => source?.param);
  const messages = sources.map((source) => source?.message ?? source?.detail);
  return {
    name: typeof top.name === 'string' ? top.name : 'error frame',
    status: sources.map(statusOf).find((status) => status !== undefined),
    codes: codes
      .filter((code) => typeof code === 'string')
      .join(' ')
      .toLowerCase(),
    parameter: parameters.find(isWord) ?? '',
    requestId: requestIdOf(fieldsOf(top.responseHeaders)),
    message: messages.find((message) => typeof message === 'string') ?? '',
    retryAfterMs: retryAfterOf(fieldsOf(top.responseHeaders)),
    network: networkErrorBelow(error),
    unsent: isPortBlocked(error),
  };
}

/** Whether a value is a name rather than a sentence. */
function isWord(value: unknown): value is string {
  return typeof value === 'string' && /^[\w.:[\]-]{1,100}$/.test(value);
}

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null ? (value as Fields) : undefined;
}

function parsed(text: unknown): Fields | undefined {
  if (typeof text !== 'string') return undefined;
  try {
    return fieldsOf(JSON.parse(text));
  } catch {
    // A proxy's HTML page, most likely: the status says enough.
    return undefined;
  }
}

function statusOf(source: Fields | undefined): number | undefined {
  for (const value of [source?.statusCode, source?.status, source?.code]) {
    const status = typeof value === 'string' && /^\d{3}$/.test(value) ? Number(value) : value;
    if (typeof status === 'number' && status >= 200 && status <= 599) return status;
  }
  return undefined;
}

function requestIdOf(headers: Fields | undefined): string {
  const id = headers?.['x-request-id'] ?? headers?.['request-id'];
  return typeof id === 'string' && /^[\w-]{1,100}$/.test(id) ? id : '';
}

/** The delay in ms, from OpenAI's `retry-after-ms` or HTTP's `retry-after` (seconds or a date). */
function retryAfterOf(headers: Fields | undefined): number | undefined {
  const inMs = headers?.['retry-after-ms'];
  if (typeof inMs === 'string' && /^\d+(\.\d+)?$/.test(inMs)) return Number(inMs);
  const text = headers?.['retry-after'];
  if (typeof text !== 'string') return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1_000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

function networkErrorBelow(error: unknown): ProviderError['network'] {
  let current = error;
  // The limit guards against a cycle of causes.
  for (let depth = 0; depth < 8 && current instanceof Error; depth += 1) {
    // A connection that is tried on several addresses fails with one error for all of them.
    const inner: unknown = current instanceof AggregateError ? current.errors[0] : undefined;
    if (hasSystemCode(current)) return current;
    if (inner instanceof Error && hasSystemCode(inner)) return inner;
    current = current.cause;
  }
  return undefined;
}

function hasSystemCode(error: Error): error is Error & { readonly code: string } {
  return (
    'code' in error && typeof error.code === 'string' && /^(E[A-Z]|UND_|CERT_)/.test(error.code)
  );
}

/** Longest provider sentence kept, in UTF-16 units. */
const maxMessageChars = 200;

/**
 * Core's one error for any failed request to a model. Its cause describes the failure without prompt,
 * answer and key.
 *
 * @param asked texts of the request, whose quotes are removed from the provider's sentence
 */
export function toModelFailed(error: unknown, asked: readonly string[] = []): ModelFailed {
  if (error instanceof ModelFailed) return error;
  const details = readProviderError(error);
  const { retryAfterMs, network } = details;
  const fault = faultOf(details);
  const description = describe(details, fault, asked);
  return new ModelFailed(fault, description, {
    cause: new Error(description, network && { cause: network }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

/** Faults by code, before the status: an exhausted quota and a rate limit are both 429. */
const byCode: readonly (readonly [RegExp, ModelFault])[] = [
  [/insufficient_(quota|balance|credits)|billing|payment_required/, 'quota'],
  [/context_length|context_window|exceed_context_size|string_above_max_length/, 'too-long'],
  [/content_(filter|policy)|policy_violation|invalid_prompt|moderation/, 'refused'],
  [/model_not_found|unknown_model/, 'unknown-model'],
  [/invalid_api_key|authentication|permission|unauthorized/, 'unauthorized'],
  [/rate_limit|too_many_requests/, 'rate-limited'],
  [/overload|server_error|internal_error|unavailable|timeout|slow_down/, 'overloaded'],
];

const byStatus: Readonly<Record<number, ModelFault>> = {
  401: 'unauthorized',
  402: 'quota',
  403: 'unauthorized',
  404: 'unknown-model',
  408: 'overloaded',
  409: 'overloaded',
  413: 'too-long',
  429: 'rate-limited',
};

/** Sentences of compatible servers, which have no code for it. */
const tooLong =
  /context (length|window|size)|maximum context|prompt is too long|too many (input )?tokens|overflows? the context/i;

/** Errors of the AI SDK for frames of a wrong shape. */
const malformedFrame = /JSONParseError|TypeValidationError|InvalidStreamPart|NoObjectGenerated/;

function faultOf(details: ProviderError): ModelFault {
  const { name, status, codes, message, network, unsent } = details;
  if (unsent) return 'unreachable';
  if (network !== undefined) return networkFault(network.code, status);
  const known = byCode.find(([pattern]) => pattern.test(codes));
  if (known) return known[1];
  const refused = status === undefined || status >= 400;
  if (refused && tooLong.test(message) && status !== 429) return 'too-long';
  if (status !== undefined && status >= 500) return 'overloaded';
  const listed = status === undefined ? undefined : byStatus[status];
  if (listed) return listed;
  if (malformedFrame.test(name)) return 'malformed';
  // The compatible provider's error for a stream closed without a finish.
  if (name.includes('InvalidResponseDataError') && message.includes('finish reason')) return 'cut';
  if (name.includes('EmptyResponseBody')) return 'empty';
  // The body broke off.
  if (status !== undefined && status < 300) return 'cut';
  return 'unknown';
}

function networkFault(code: string, status: number | undefined): ModelFault {
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') return 'stalled';
  // The server accepted the connection and closed it.
  const closed = code === 'ECONNRESET' || code === 'EPIPE' || code === 'UND_ERR_SOCKET';
  return closed || status !== undefined ? 'cut' : 'unreachable';
}

/** A description for the log. Errors of frames quote the answer, so only their name is used. */
function describe(details: ProviderError, fault: ModelFault, asked: readonly string[]): string {
  const { name, status, codes, message, parameter, requestId, network, unsent } = details;
  const quotes = fault === 'malformed' || (fault === 'unknown' && status === undefined);
  const own = network && `${network.code} ${network.message}`;
  const sentence = unsent ? 'bad port' : (own ?? (quotes ? '' : message));
  const parts = [
    fault,
    name,
    status === undefined ? '' : `status ${status}`,
    withoutQuotes(
      codes,
      asked.map((text) => text.toLowerCase()),
    ),
    withoutQuotes(parameter, asked),
    requestId === '' ? '' : `request ${requestId}`,
    withoutKeys(withoutQuotes(sentence, asked)),
  ];
  return parts.filter((part) => part !== '').join('; ');
}

/** The sentence without keys, which providers repeat half masked. */
function withoutKeys(sentence: string): string {
  return sentence
    .replaceAll(/\b(sk|pk|key)-[\w*.-]+/gi, '[key]')
    .replaceAll(/Bearer\s+\S+/gi, '[key]')
    .slice(0, maxMessageChars)
    .toWellFormed();
}
