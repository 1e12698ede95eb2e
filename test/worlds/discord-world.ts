import { expect } from 'vitest';
import type { CoreOptions } from '../../src/core/create-core.ts';
import type { ConversationId } from '../../src/core/domain/conversation.ts';
import type { Platform } from '../../src/core/ports/platform.ts';
import {
  discordPlatform,
  type DiscordPlatformOptions,
} from '../../src/platforms/discord/discord-platform.ts';
import { rootedConversation } from '../../src/platforms/discord/messages/conversation-location.ts';
import { DiscordFake, type Shown } from '../fakes/discord/discord-fake.ts';
import type { Channel } from '../fakes/discord/channel.ts';
import type { Message } from '../fakes/discord/message.ts';
import type { DiscordFakeOptions } from '../fakes/discord/options.ts';
import type { Person } from '../fakes/discord/person.ts';
import type { ChannelReference } from '../fakes/discord/discord-state.ts';
import { type CoreOverrides, coreOverridesOf, itWithWorlds, World } from './world.ts';

export interface DiscordWorldOptions extends CoreOverrides {
  readonly fake?: DiscordFakeOptions;
  readonly platform?: Partial<DiscordPlatformOptions>;
}

/** Parley's real parts, with the real discord.js, between a fake Discord and a model. */
export class DiscordWorld extends World<Platform> {
  readonly fake: DiscordFake;
  readonly fatal: Error[] = [];
  /** What a test allows the bot to have done. */
  readonly allowed = { foretold: false, wrong: false };
  readonly #options: DiscordWorldOptions;

  private constructor(fake: DiscordFake, options: DiscordWorldOptions) {
    super('parley-discord-');
    this.fake = fake;
    this.#options = options;
  }

  /** A world in which Parley does not run yet. */
  static async prepare(options: DiscordWorldOptions = {}): Promise<DiscordWorld> {
    // Identifying again is allowed at once, so that no test waits for Discord's 5 s.
    const gateway = { identifyEveryMs: 0, ...options.fake?.gateway };
    return new DiscordWorld(await DiscordFake.start({ ...options.fake, gateway }), options);
  }

  protected openPlatform(): Platform {
    const { log, fake, store } = this;
    return discordPlatform({
      token: fake.gateway.token,
      apiUrl: fake.apiUrl,
      store,
      lease: { owner: 'test', leaseMs: 10_000 },
      log,
      onFatal: (error) => this.fatal.push(error),
      identifyEveryMs: 0,
      ...this.#options.platform,
    });
  }

  protected override get core(): Partial<CoreOptions> {
    return coreOverridesOf(this.#options);
  }

  /** Ends it all, and looks whether anything was done that must never be done. */
  override async end(): Promise<void> {
    await super.end();
    await this.fake.stop();
    const { pings, linkEmbeds, rateLimited } = this.fake;
    expect(pings).toEqual([]);
    expect(linkEmbeds).toEqual([]);
    if (!this.allowed.foretold) expect(rateLimited.filter(({ foretold }) => foretold)).toEqual([]);
    const { calls } = this.fake;
    const written = calls.filter(
      ({ method, path }) => method !== 'GET' && /\/messages(\/\d+)?$/.test(path),
    );
    const wrong = written.filter(({ status, injected }) => status === 400 && !injected);
    if (!this.allowed.wrong) expect(wrong).toEqual([]);
    for (const { body } of written.filter(({ method }) => method !== 'DELETE')) {
      const quiet = { allowed_mentions: { parse: [], replied_user: false }, flags: 1 << 2 };
      expect(body).toMatchObject(quiet);
    }
  }

  /** Ada asks in a channel, and is answered in a thread: the first turn of all. */
  async firstTurn(): Promise<{ ada: Person; ben: Person; question: Message; thread: Channel }> {
    const [ada, ben] = [this.fake.person('Ada'), this.fake.person('Ben')];
    const question = ada.mention('general', 'one');
    await this.turnsDone(1);
    return { ada, ben, question, thread: this.fake.thread(question)! };
  }

  /** The conversation of a question in a channel. */
  conversationOf({ channelId, id }: Message): ConversationId {
    return rootedConversation(this.fake.state.guild().id, channelId, id);
  }

  /** What the bot's messages in the thread of a question read, in order. */
  replies(question: Message): string[] {
    const thread = this.fake.thread(question);
    return thread === undefined ? [] : this.botTexts(thread);
  }

  /** What the bot's messages in a channel or thread read, in order. */
  botTexts(place: ChannelReference): string[] {
    return this.botMessages(place).map(({ text }) => text);
  }

  botMessages(place: ChannelReference): Shown[] {
    return this.fake.messages(place).filter(({ author }) => author === 'Parley');
  }

  /** What the model was given for its latest answer, the question last. */
  get prompt(): string[] {
    return this.model.answers.at(-1)?.request.messages.map(({ text }) => text) ?? [];
  }
}

export const itInWorlds = itWithWorlds((options?: DiscordWorldOptions) =>
  DiscordWorld.prepare(options),
);
