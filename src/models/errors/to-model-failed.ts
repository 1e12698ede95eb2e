import { ModelFailed } from '../../core/domain/errors.ts';
import type { ModelFault } from '../../core/domain/errors.ts';
import { readProviderError } from './provider-error.ts';
import type { ProviderError } from './provider-error.ts';
import { withoutQuotes } from './without-quotes.ts';

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
