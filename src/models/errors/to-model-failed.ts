import { ModelFailed } from '../../core/domain/errors.ts';
import type { ModelFault } from '../../core/domain/errors.ts';
import { readProviderError } from './provider-error.ts';
import type { ProviderError } from './provider-error.ts';
import { withoutQuotes } from './without-quotes.ts';

/** Longest part of a provider's sentence that is kept, in UTF-16 units. */
const maxMessageChars = 200;

/**
 * Whatever went wrong while a model was asked → the one error that core knows. Its cause tells
 * what happened in words that are safe to log: no prompt, no answer, no key. `asked` is every
 * text of the request: what the provider quotes of it is left out.
 */
export function toModelFailed(error: unknown, asked: readonly string[] = []): ModelFailed {
  if (error instanceof ModelFailed) return error;
  const complaint = readProviderError(error);
  const { retryAfterMs, network } = complaint;
  const fault = faultOf(complaint);
  const told = describe(complaint, fault, asked);
  return new ModelFailed(fault, told, {
    cause: new Error(told, network && { cause: network }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

/** Codes say more than the status: a spent quota and a rate limit are both 429. */
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

/** Compatible servers have no code for it, only sentences. */
const tooLong =
  /context (length|window|size)|maximum context|prompt is too long|too many (input )?tokens|overflows? the context/i;

/** What the AI SDK calls frames that are no JSON, or JSON of another shape. */
const misread = /JSONParseError|TypeValidationError|InvalidStreamPart|NoObjectGenerated/;

function faultOf(complaint: ProviderError): ModelFault {
  const { name, status, codes, message, network, unsent } = complaint;
  if (unsent) return 'unreachable';
  if (network !== undefined) return networkFault(network.code, status);
  const known = byCode.find(([pattern]) => pattern.test(codes));
  if (known) return known[1];
  const refused = status === undefined || status >= 400;
  if (refused && tooLong.test(message) && status !== 429) return 'too-long';
  if (status !== undefined && status >= 500) return 'overloaded';
  const listed = status === undefined ? undefined : byStatus[status];
  if (listed) return listed;
  if (misread.test(name)) return 'malformed';
  // The compatible provider's words for a close without a finish.
  if (name.includes('InvalidResponseDataError') && message.includes('finish reason')) return 'cut';
  if (name.includes('EmptyResponseBody')) return 'empty';
  // The body broke off after a good start.
  if (status !== undefined && status < 300) return 'cut';
  return 'unknown';
}

function networkFault(code: string, status: number | undefined): ModelFault {
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') return 'stalled';
  // Somebody was there and hung up.
  const hungUp = code === 'ECONNRESET' || code === 'EPIPE' || code === 'UND_ERR_SOCKET';
  return hungUp || status !== undefined ? 'cut' : 'unreachable';
}

/** Frames and validation errors quote what the model wrote, so of those only the name is told. */
function describe(complaint: ProviderError, fault: ModelFault, asked: readonly string[]): string {
  const { name, status, codes, message, parameter, requestId, network, unsent } = complaint;
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

/** Providers repeat the key, half masked, when they refuse it. */
function withoutKeys(sentence: string): string {
  return sentence
    .replaceAll(/\b(sk|pk|key)-[\w*.-]+/gi, '[key]')
    .replaceAll(/Bearer\s+\S+/gi, '[key]')
    .slice(0, maxMessageChars)
    .toWellFormed();
}
