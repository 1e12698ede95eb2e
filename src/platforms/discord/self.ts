/** Who the bot is, as Discord tells. */
export interface Self {
  /** The bot's user id, by which people mention it. */
  readonly id: string;
  readonly name: string;
  /** The application's id, for the invite link and the developer portal. */
  readonly application: string;
}
