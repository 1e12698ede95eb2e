import { createHmac, randomBytes, scryptSync, timingSafeEqual } from 'node:crypto';

/** How long a browser stays logged in, in milliseconds. */
export const loginMs = 30 * 24 * 3_600_000;

/** That somebody gave the password in a browser. */
export interface LoggedIn {
  readonly id: string;
  /** In milliseconds since the epoch. */
  readonly until: number;
}

/**
 * What a browser shows instead of the password. It is signed with a key derived from the password,
 * so that a restart logs nobody out and a new password logs out everybody.
 */
export class LoginTokens {
  readonly #key: Buffer;
  readonly #password: Buffer;
  readonly #compareKey = randomBytes(32);
  readonly #now: () => number;

  constructor(password: string, now: () => number) {
    this.#now = now;
    // Slow to derive, so that a stolen cookie does not give the password away.
    this.#key = scryptSync(password, 'parley web login', 32);
    this.#password = this.#digest(password);
  }

  /** Takes the same time for every guess, of whatever length. */
  isPassword(tried: string): boolean {
    return timingSafeEqual(this.#digest(tried), this.#password);
  }

  issue(): string {
    const id = randomBytes(12).toString('base64url');
    const said = `${id}.${this.#now() + loginMs}`;
    return `${said}.${this.#sign(said)}`;
  }

  /** Undefined if it is not ours, or its time is over. */
  read(token: string): LoggedIn | undefined {
    const [id = '', until = '', signature = ''] = token.split('.');
    const right = Buffer.from(this.#sign(`${id}.${until}`));
    const given = Buffer.from(signature);
    if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined;
    return Number(until) > this.#now() ? { id, until: Number(until) } : undefined;
  }

  #digest(text: string): Buffer {
    return createHmac('sha256', this.#compareKey).update(text).digest();
  }

  #sign(said: string): string {
    return createHmac('sha256', this.#key).update(said).digest('base64url');
  }
}
