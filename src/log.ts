import pino, { type Logger } from 'pino';
import pretty from 'pino-pretty';

/** Longest message of an error that is logged: an API's answer may quote what people wrote. */
const maxErrorChars = 300;
const maxCauses = 5;
const maxFrames = 6;

/**
 * The process's log: JSON lines, or readable ones in a terminal. Errors are reduced to type,
 * message, place and cause: the errors of SDKs carry whole requests, with people's words and
 * tokens in them. Whatever slips through, the configured secrets are struck out of every line.
 */
export function createLog(options: {
  level: string;
  /** Values that must never be written. */
  secrets: readonly string[];
  /** Lines for a person instead of JSON. */
  readable: boolean;
  /** Where what is printed is the answer to a command, complaints go beside it. */
  beside?: boolean;
  destination?: pino.DestinationStream;
}): Logger {
  const secrets = options.secrets.flatMap((secret) => [
    secret,
    JSON.stringify(secret).slice(1, -1),
  ]);
  const fd = options.beside === true ? 2 : 1;
  const stream =
    options.destination ??
    (options.readable
      ? pretty({ ignore: 'pid,hostname', singleLine: true, sync: true, destination: fd })
      : pino.destination({ sync: true, dest: fd }));
  return pino(
    {
      level: options.level,
      base: { pid: process.pid },
      formatters: { level: (level) => ({ level }) },
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: describe },
      hooks: {
        streamWrite: (line) => {
          let clean = line;
          for (const secret of secrets) clean = clean.replaceAll(secret, '[secret]');
          return clean;
        },
      },
    },
    stream,
  );
}

interface ErrorDescription {
  readonly type: string;
  readonly message: string;
  readonly code?: string | number;
  readonly status?: number;
  /** Where it was thrown, without the message. */
  readonly at?: readonly string[];
  readonly cause?: ErrorDescription;
}

function describe(error: unknown, depth = 0): ErrorDescription {
  if (!(error instanceof Error)) return { type: typeof error, message: short(String(error)) };
  const { code, statusCode, status } = error as {
    code?: unknown;
    statusCode?: unknown;
    status?: unknown;
  };
  const http = [statusCode, status].find((value) => typeof value === 'number');
  const frames = error.stack?.match(/(?<=\n\s+at ).+/g)?.slice(0, maxFrames);
  return {
    type: error.name,
    message: short(error.message),
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(http === undefined ? {} : { status: http }),
    ...(frames == null ? {} : { at: frames }),
    ...(error.cause === undefined || depth >= maxCauses
      ? {}
      : { cause: describe(error.cause, depth + 1) }),
  };
}

function short(text: string): string {
  return text.length <= maxErrorChars ? text : `${text.slice(0, maxErrorChars)}…`;
}
