import pino, { type Logger } from 'pino';
import pretty from 'pino-pretty';

/** Longest error message in the log, in characters: an API's response may quote people's texts. */
const maxErrorChars = 300;
const maxCauses = 5;
const maxFrames = 6;

/**
 * The process's log: JSON lines, or readable ones in a terminal. Errors are reduced to type, message,
 * stack and cause, as errors of SDKs carry whole requests with texts and tokens. In addition the
 * configured secrets are removed from every line.
 */
export function createLog(options: {
  level: string;
  /** Values removed from every line. */
  secrets: readonly string[];
  /** Readable lines instead of JSON. */
  readable: boolean;
  /** Log to stderr, as stdout is a command's output. */
  toStderr?: boolean;
  destination?: pino.DestinationStream;
}): Logger {
  const secrets = options.secrets.flatMap((secret) => [
    secret,
    JSON.stringify(secret).slice(1, -1),
  ]);
  const fd = options.toStderr === true ? 2 : 1;
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
  /** Stack frames, without the message. */
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
