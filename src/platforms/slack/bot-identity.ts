/** Who the bot is in its workspace, as `auth.test` tells. */
export interface Self {
  /** The workspace's id, such as `T1`. */
  readonly team: string;
  /** The organisation's id, where the workspace belongs to one. */
  readonly enterprise?: string;
  /** The id by which people mention the bot, such as `U1`. */
  readonly userId: string;
  /** The id under which its messages are posted, such as `B1`. */
  readonly botId?: string;
  /** Such as `parley`. */
  readonly name: string;
  /** What its workspace is called, such as `Acme`. */
  readonly workspace?: string;
}
