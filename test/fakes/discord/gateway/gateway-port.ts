/** What the rest of the fake needs of its gateway. */
export interface GatewayPort {
  /** What `GET /gateway/bot` answers. */
  readonly url: string;
  /** Sessions that are connected now. */
  readonly sessions: number;
  /**
   * Something happened: `t` such as `MESSAGE_CREATE`, `d` as Discord sends it to a bot that has
   * every intent; `guildId` is undefined for direct messages.
   */
  dispatch(t: string, d: object, options?: { guildId?: string; channelId?: string }): void;
  stop(): Promise<void>;
}
