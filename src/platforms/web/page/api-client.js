/** Timeout of a request, in ms. */
const timeoutMs = 15_000;

/** A request that the server refused or did not answer; `message` is for people. */
export class ApiError extends Error {
  /** The HTTP status; 0 if there was no answer. */
  status;

  constructor(message, status, options) {
    super(message, options);
    this.name = 'ApiError';
    this.status = status;
  }
}

/** Opens this browser's session; resolves to facts about the server. */
export function openSession() {
  return request('POST', '/api/session', {});
}

export function sendMessage(conversation, message) {
  return request('POST', `/api/conversations/${conversation}/messages`, message);
}

export function withdrawMessage(conversation, message) {
  return request('DELETE', `/api/conversations/${conversation}/messages/${message}`);
}

export function stopAnswer(conversation) {
  return request('POST', `/api/conversations/${conversation}/stop`, {});
}

/** `{ conversations, more }`: the latest ones, or the results of a search. */
export function listConversations(query) {
  return request('GET', `/api/conversations?${new URLSearchParams(query)}`);
}

/** An empty title restores the automatic one. */
export function renameConversation(conversation, title) {
  return request('PATCH', `/api/conversations/${conversation}`, { title });
}

export function deleteConversation(conversation) {
  return request('DELETE', `/api/conversations/${conversation}`);
}

/** Address of a conversation's download. */
export function exportUrl(conversation) {
  return `/api/conversations/${conversation}/export`;
}

export async function request(method, path, body) {
  const response = await fetch(path, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
    signal: AbortSignal.timeout(timeoutMs),
  }).catch((cause) => {
    throw new ApiError('Parley cannot be reached.', 0, { cause });
  });
  // A proxy may answer with a page of its own.
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  throw new ApiError(
    answer.error ?? `Parley answered with an error (${response.status}).`,
    response.status,
  );
}

/** A random UUID (v4); `crypto.randomUUID` exists on localhost and with TLS only. */
export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
