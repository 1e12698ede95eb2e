// Tested by test/unit/models/errors/to-model-failed.test.ts
import { isPortBlocked } from '../../core/ports/checkup.ts';

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
