/** Who the bot is, as Discord tells. */
export interface Self {
  /** The bot's user id, by which people mention it. */
  readonly id: string;
  readonly name: string;
  /** The application's id, for the invite link and the developer portal. */
  readonly application: string;
  /** Roles that are the bot's alone, one in each server, as far as they are known. */
  readonly roles: ReadonlySet<string>;
}
