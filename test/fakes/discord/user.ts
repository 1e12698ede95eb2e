import type { Payload } from './payload.ts';

export interface User {
  readonly id: string;
  readonly username: string;
  readonly globalName: string | null;
  readonly bot: boolean;
  /** Posts through a webhook: it is in no guild. */
  readonly webhook: boolean;
  /** Takes no direct messages. */
  directMessagesClosed: boolean;
}

export function userPayload(user: User): Payload {
  const { id, username, globalName, bot } = user;
  return {
    id,
    username,
    discriminator: user.webhook ? '0000' : '0',
    global_name: globalName,
    avatar: null,
    banner: null,
    accent_color: null,
    public_flags: 0,
    flags: 0,
    ...(bot || user.webhook ? { bot: true } : {}),
  };
}

/** The name that people see. */
export function nameOf({ globalName, username }: User): string {
  return globalName ?? username;
}
