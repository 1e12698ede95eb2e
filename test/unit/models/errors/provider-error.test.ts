import { APICallError } from 'ai';
import { describe, expect, test } from 'vitest';
import { ModelFailed } from '../../../../src/core/domain/errors.ts';
import { toModelFailed } from '../../../../src/models/errors/provider-error.ts';

const question = 'what-a-person-asked';

/** An HTTP error as the SDK throws it: with the whole request inside. */
function refused(statusCode: number, body: unknown, headers: Record<string, string> = {}) {
  return new APICallError({
    message: 'Refused',
    url: 'http://127.0.0.1/v1',
    requestBodyValues: { messages: [question] },
    statusCode,
    responseHeaders: headers,
    responseBody: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

function network(code: string, statusCode?: number) {
  const cause = new TypeError('fetch failed', {
    cause: Object.assign(new Error(`${code} 10.0.0.1:443`), { code }),
  });
  return new APICallError({
    message: 'Cannot connect',
    url: 'http://127.0.0.1/v1',
    requestBodyValues: { messages: [question] },
    cause,
    ...(statusCode === undefined ? {} : { statusCode }),
  });
}

function named(name: string, message = 'broken') {
  return Object.assign(new Error(message), { name });
}

describe('what went wrong', () => {
  test.each([
    ['no host of that name', network('ENOTFOUND'), 'unreachable'],
    ['a name server that does not answer', network('EAI_AGAIN'), 'unreachable'],
    ['a closed port', network('ECONNREFUSED'), 'unreachable'],
    ['no route', network('EHOSTUNREACH'), 'unreachable'],
    ['a connect that takes too long', network('UND_ERR_CONNECT_TIMEOUT'), 'unreachable'],
    ['a bad certificate', network('CERT_HAS_EXPIRED'), 'unreachable'],
    [
      'a closed port at every address of the host',
      new TypeError('fetch failed', {
        cause: new AggregateError([Object.assign(new Error(), { code: 'ECONNREFUSED' })]),
      }),
      'unreachable',
    ],
    ['a reset instead of an answer', network('ECONNRESET'), 'cut'],
    ['a reset in the middle', network('ECONNRESET', 200), 'cut'],
    ['a body that breaks off', network('UND_ERR_SOCKET', 200), 'cut'],
    ['headers that never come', network('UND_ERR_HEADERS_TIMEOUT'), 'stalled'],
    ['a body that stops coming', network('UND_ERR_BODY_TIMEOUT', 200), 'stalled'],
    ['a wrong key', refused(401, { error: { message: 'No' } }), 'unauthorized'],
    ['no permission', refused(403, ''), 'unauthorized'],
    ['an unpaid account', refused(402, { error: { message: 'Pay' } }), 'quota'],
    ['a wrong model', refused(404, { error: { code: 'model_not_found' } }), 'unknown-model'],
    [
      'a wrong model, told with 400',
      refused(400, { error: { code: 'model_not_found' } }),
      'unknown-model',
    ],
    ['a rate limit', refused(429, { error: { code: 'rate_limit_exceeded' } }), 'rate-limited'],
    ['a rate limit without a word', refused(429, ''), 'rate-limited'],
    ['a spent quota', refused(429, { error: { type: 'insufficient_quota' } }), 'quota'],
    [
      'OpenAI’s full context',
      refused(400, { error: { code: 'context_length_exceeded' } }),
      'too-long',
    ],
    [
      'vLLM’s full context',
      refused(400, { object: 'error', message: 'maximum context length is 4096', code: 400 }),
      'too-long',
    ],
    [
      'llama.cpp’s full context',
      refused(400, { error: { code: 400, type: 'exceed_context_size_error', message: 'big' } }),
      'too-long',
    ],
    ['a body too large for the gateway', refused(413, '<html>'), 'too-long'],
    ['a filtered prompt', refused(400, { error: { code: 'content_filter' } }), 'refused'],
    ['a setting nobody knows', refused(400, { error: { message: 'temperature?' } }), 'unknown'],
    ['an overloaded provider', refused(529, { error: { type: 'overloaded_error' } }), 'overloaded'],
    ['a broken gateway', refused(502, '<html>Bad gateway</html>'), 'overloaded'],
    ['a conflict', refused(409, ''), 'overloaded'],
    ['a frame of a compatible server', { message: 'CUDA', type: 'internal_error' }, 'overloaded'],
    ['a frame with a number for a code', { error: { message: 'slow', code: 429 } }, 'rate-limited'],
    ['a frame that is no JSON', named('AI_JSONParseError'), 'malformed'],
    ['a frame of another shape', named('AI_TypeValidationError'), 'malformed'],
    ['a response without a body', named('AI_EmptyResponseBodyError'), 'empty'],
    ['a bug of ours', new TypeError('undefined is not a function'), 'unknown'],
    ['a string', 'oops', 'unknown'],
    ['nothing', undefined, 'unknown'],
  ])('%s', (_, error, fault) => {
    const failed = toModelFailed(error);

    expect(failed).toBeInstanceOf(ModelFailed);
    expect(failed.fault).toBe(fault);
    expect(failed.cause).toBeInstanceOf(Error);
  });

  test('what is known already stays as it is', () => {
    const failed = new ModelFailed('stalled', 'silence');

    expect(toModelFailed(failed)).toBe(failed);
  });
});

describe('how long to wait', () => {
  const inAMinute = new Date(Date.now() + 60_000).toUTCString();
  test.each([
    [{ 'retry-after': '7' }, 7_000, 7_000],
    [{ 'retry-after': '0.5' }, 500, 500],
    [{ 'retry-after-ms': '120', 'retry-after': '1' }, 120, 120],
    [{ 'retry-after': inAMinute }, 1, 60_000],
  ])('%o', (headers, atLeastMs, atMostMs) => {
    const { retryAfterMs } = toModelFailed(refused(429, '', headers));

    expect(retryAfterMs).toBeGreaterThanOrEqual(atLeastMs);
    expect(retryAfterMs).toBeLessThanOrEqual(atMostMs);
  });

  test.each([{}, { 'retry-after': 'soon' }])('%o says nothing', (headers) => {
    expect(toModelFailed(refused(429, '', headers)).retryAfterMs).toBeUndefined();
  });
});

describe('what may be logged', () => {
  test('the status, the codes and the provider’s sentence without the key', () => {
    const { message } = toModelFailed(
      refused(401, {
        error: { message: 'Incorrect API key provided: sk-ab***yz.', code: 'invalid_api_key' },
      }),
    );

    expect(message).toContain('status 401');
    expect(message).toContain('invalid_api_key');
    expect(message).toContain('Incorrect API key provided');
    expect(message).not.toContain('sk-ab');
  });

  test.each([
    ['the request', refused(500, '')],
    ['a broken frame', named('AI_JSONParseError', `cannot parse ${question}`)],
    ['an invalid frame', named('AI_TypeValidationError', `not valid: ${question}`)],
    ['an error of unknown kind', named('AI_InvalidPromptError', `bad prompt: ${question}`)],
  ])('not what %s quotes', (_, error) => {
    const failed = toModelFailed(error);

    const cause = failed.cause as Error;
    const told = [failed.message, failed.stack, cause.message, cause.stack, String(cause.cause)];
    expect(told.join('\n')).not.toContain(question);
  });

  test('the parameter and what the provider calls the request', () => {
    const body = { error: { message: 'Too large', param: 'messages[3].content', code: 'too_big' } };
    const { message } = toModelFailed(refused(400, body, { 'x-request-id': 'req_4f2a-1' }));

    expect(message).toBe(
      'unknown; AI_APICallError; status 400; too_big; messages[3].content; request req_4f2a-1; Too large',
    );
  });

  test.each([
    ['whole', 'My doctor says\n"it is the liver"'],
    ['escaped', JSON.stringify('My doctor says\n"it is the liver"')],
    ['in part', 'blocked: doctor says\n"it is th… (truncated)'],
    ['for a code', { message: 'no', code: 'it.is.the.liver.of.mine' }],
    ['for a parameter', { message: 'no', param: 'it.is.the.liver.of.mine' }],
    ['for the id', { message: 'no' }],
  ])('nothing that it quotes of the request, %s', (_, message) => {
    const error = typeof message === 'string' ? { message: `Bad input: ${message}` } : message;
    const asked = ['Be brief.', 'My doctor says\n"it is the liver"', 'It.Is.the.liver.of.mine'];
    const failed = toModelFailed(
      refused(400, { error }, { 'x-request-id': 'it.is.the.liver.of.mine' }),
      [...asked, 'it.is.the.liver.of.mine'],
    );

    expect(failed.message).not.toMatch(/doctor|liver/);
    expect(failed.message).toContain('status 400');
    if (typeof message === 'string') expect(failed.message).toContain('Bad input: ');
  });
});
