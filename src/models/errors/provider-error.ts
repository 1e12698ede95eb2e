import { isPortBlocked } from '../../core/ports/checkup.ts';

/**
 * What an error from the AI SDK or a provider says about itself. SDK errors carry the whole
 * request and often the answer, which are people's words; a complaint keeps only what is safe
 * to log.
 */
export interface ProviderError {
  /** The error's class, such as `AI_APICallError`. */
  readonly name: string;
  readonly status: number | undefined;
  /** The provider's codes and types, in lower case, such as `rate_limit_exceeded tokens`. */
  readonly codes: string;
  /** The part of the request that the provider names, such as `messages[3].content`; or empty. */
  readonly parameter: string;
  /** What the provider calls the request, for its support, such as `req_4f2a`; or empty. */
  readonly requestId: string;
  /** The provider's sentence. */
  readonly message: string;
  /** How long the provider asks us to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** The system's error below it, if the network failed. */
  readonly network: (Error & { readonly code: string }) | undefined;
  /** It was not even sent: the fetch standard blocks the port. */
  readonly unsent: boolean;
}

type Fields = Record<string, unknown>;

/** Reads an error of any shape; never throws. */
export function readProviderError(error: unknown): ProviderError {
  const top = fieldsOf(error) ?? {};
  const body = fieldsOf(top.data) ?? parsed(top.responseBody);
  // Where providers put the details: in the body, under `error`, or in a failed response.
  const places = [body?.response, body, top]
    .map(fieldsOf)
    .flatMap((place) => [fieldsOf(place?.error), place]);
  const codes = places.flatMap((place) => [place?.code, place?.type]);
  const parameters = places.map((place) => place?.param);
  const messages = places.map((place) => place?.message ?? place?.detail);
  return {
    name: typeof top.name === 'string' ? top.name : 'error frame',
    status: places.map(statusOf).find((status) => status !== undefined),
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

/** A sentence in the place of a name is none. */
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
    // A proxy's HTML page, most likely: then the status has to do.
    return undefined;
  }
}

function statusOf(place: Fields | undefined): number | undefined {
  for (const value of [place?.statusCode, place?.status, place?.code]) {
    const status = typeof value === 'string' && /^\d{3}$/.test(value) ? Number(value) : value;
    if (typeof status === 'number' && status >= 200 && status <= 599) return status;
  }
  return undefined;
}

function requestIdOf(headers: Fields | undefined): string {
  const id = headers?.['x-request-id'] ?? headers?.['request-id'];
  return typeof id === 'string' && /^[\w-]{1,100}$/.test(id) ? id : '';
}

/** Both spellings: milliseconds as OpenAI has them, seconds or a date as HTTP has them. */
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
  // Causes are a handful at most; the bound is against a ring of them.
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
