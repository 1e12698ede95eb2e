// Tested by test/integration/sqlite-faults.test.ts
import { BadConfiguration, StoreUnavailable } from '../../../core/domain/errors.ts';

/** SQLite's primary result codes that are told apart; see sqlite.org/rescode.html. */
const codes = {
  busy: 5,
  locked: 6,
  outOfMemory: 7,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  protocol: 15,
  notADatabase: 26,
} as const;

/** The trouble that people are told about where there is no space. */
export const diskFullTrouble = { trouble: 'Parley’s disk is full' };

/** The primary result code of an error from SQLite; undefined for any other error. */
function codeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined;
  // The low byte is the primary code; the rest says more about it.
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;
}

/** Whether another connection holds the database. */
export function isHeld(error: unknown): boolean {
  const code = codeOf(error);
  return code === codes.busy || code === codes.locked;
}

/** Turns an error of a step into `StoreUnavailable`; errors that are not SQLite's stay as they are. */
export function toStoreError(error: unknown): unknown {
  switch (codeOf(error)) {
    case codes.full:
      return new StoreUnavailable('full', 'the disk is full', { cause: error, ...diskFullTrouble });
    case codes.corrupt:
    case codes.notADatabase:
      return new StoreUnavailable('damaged', 'the store is damaged', { cause: error });
    case codes.readOnly:
    case codes.ioError:
    case codes.cannotOpen:
      return new StoreUnavailable('away', 'the store cannot be written', {
        cause: error,
        trouble: 'Parley’s disk cannot be written',
      });
    case codes.busy:
    case codes.locked:
    case codes.outOfMemory:
    case codes.protocol:
      return new StoreUnavailable('away', 'the store cannot be written', { cause: error });
    case undefined:
    default:
      return error;
  }
}

/** Turns an error while opening into `BadConfiguration`, for the person who starts the process. */
export function toConfigurationError(error: unknown, path: string): unknown {
  if (error instanceof BadConfiguration) return error;
  switch (codeOf(error)) {
    case undefined:
      return isFromSystem(error) ? unusable(path, error) : error;
    case codes.notADatabase:
      return new BadConfiguration(
        `${path} is not a Parley database. It was left as it is: move it away, or set DATA_DIR to another folder.`,
        { cause: error },
      );
    case codes.corrupt:
      return damaged(path, error);
    case codes.full:
      return new BadConfiguration(
        `There is no room to write ${path}. Free some space on its disk, or set DATA_DIR to another folder.`,
        { cause: error },
      );
    default:
      return unusable(path, error);
  }
}

/** Whether it came from a call to the operating system, such as `open`. */
function isFromSystem(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}

function unusable(path: string, cause: unknown): BadConfiguration {
  return new BadConfiguration(
    `${path} cannot be opened for writing (${messageOf(cause)}). Make it writable for this user, or set DATA_DIR to another folder.`,
    { cause },
  );
}

export function damaged(path: string, cause: unknown): BadConfiguration {
  return new BadConfiguration(
    `${path} is damaged (${messageOf(cause)}). It was left as it is: put a backup in its place, save what can be read with "sqlite3 ${path} .recover", or set DATA_DIR to another folder to start empty.`,
    { cause },
  );
}

/** The sentence of an error, whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
