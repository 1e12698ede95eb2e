/** How long the server may take to answer. */
const answerTimeoutMs = 15_000;

/** The server said no, or said nothing; `message` is for people. */
export class Refused extends Error {
  /** The HTTP status; 0 if there was no answer. */
  status;

  constructor(message, status, options) {
    super(message, options);
    this.name = 'Refused';
    this.status = status;
  }
}

/** Gives this browser its session, and tells what the server is. */
export function openSession() {
  return call('POST', '/api/session', {});
}

export function sendMessage(conversation, message) {
  return call('POST', `/api/conversations/${conversation}/messages`, message);
}

export function withdrawMessage(conversation, message) {
  return call('DELETE', `/api/conversations/${conversation}/messages/${message}`);
}

export function stopAnswer(conversation) {
  return call('POST', `/api/conversations/${conversation}/stop`, {});
}

/** `{ conversations, more }`: the latest ones, or, with a search, what it finds. */
export function listConversations(query) {
  return call('GET', `/api/conversations?${new URLSearchParams(query)}`);
}

/** An empty title gives it back the one that it had by itself. */
export function renameConversation(conversation, title) {
  return call('PATCH', `/api/conversations/${conversation}`, { title });
}

export function deleteConversation(conversation) {
  return call('DELETE', `/api/conversations/${conversation}`);
}

/** Where a conversation can be downloaded from. */
export function exportOf(conversation) {
  return `/api/conversations/${conversation}/export`;
}

export async function call(method, path, body) {
  const response = await fetch(path, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
    signal: AbortSignal.timeout(answerTimeoutMs),
  }).catch((cause) => {
    throw new Refused('Parley cannot be reached.', 0, { cause });
  });
  // A proxy may answer with a page of its own.
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  throw new Refused(
    answer.error ?? `Parley answered with an error (${response.status}).`,
    response.status,
  );
}

/** A UUID that nobody can guess; `crypto.randomUUID` exists on localhost and with TLS only. */
export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
