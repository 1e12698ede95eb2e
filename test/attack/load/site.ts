import { parseAnswers } from '../../chaos/numbered-answers.ts';
import { RecordingModel, questionText } from '../../chaos/recording-model.ts';
import {
  DiscordThread,
  SlackThread,
  type SimulatedConversation,
} from '../../chaos/simulated-conversations.ts';
import { requiredScopes } from '../../../src/platforms/slack/api/identify-bot.ts';
import { DiscordFake } from '../../fakes/discord/discord-fake.ts';
import { type ParleyProcess, startParley } from '../../processes/parley-process.ts';
import { leakCanaries } from '../../fakes/leak-canaries.ts';
import { type SlackFake, startSlackFake } from '../../fakes/slack/slack-fake.ts';
import { freePort } from '../../redis/server.ts';
import { WebConversation } from './web-conversation.ts';

/** How Slack's events reach the process. */
export type SlackTransport = 'socket' | 'http';

const signingSecret = 'a signing secret';
const slackThreads = 5;
const discordThreads = 4;
/** A model's token has about four characters, and a word of an answer seven with its blank. */
const tokensPerSecond = 50;
const wordsPerSecond = (tokensPerSecond * 4) / 7;

/** Where strangers write on both platforms, and how many they are. */
export const flooded = { slack: 'CFLOOD', discord: 'flood', people: 10 } as const;

/** One Parley process, with a Slack, a Discord and a model, and ten answers that it writes. */
export class Site {
  readonly slack: SlackFake;
  readonly discord: DiscordFake;
  readonly signingSecret = signingSecret;
  readonly password = leakCanaries.password;
  parley!: ParleyProcess;
  /** Where health is told apart from everything else. */
  readonly healthUrl: string;
  readonly #model: RecordingModel;
  readonly #spots: SimulatedConversation[] = [];
  #page!: WebConversation;

  private constructor(
    slack: SlackFake,
    discord: DiscordFake,
    model: RecordingModel,
    healthPort: number,
  ) {
    this.slack = slack;
    this.discord = discord;
    this.#model = model;
    this.healthUrl = `http://127.0.0.1:${healthPort}`;
  }

  static async start(way: SlackTransport): Promise<Site> {
    const [slack, discord, model] = await Promise.all([
      startSlackFake(slackOptions()),
      DiscordFake.start({
        guilds: [{ name: 'Village', channels: discordChannels() }],
        gateway: { identifyEveryMs: 0 },
      }),
      RecordingModel.start(),
    ]);
    const healthPort = await freePort();
    const site = new Site(slack, discord, model, healthPort);
    try {
      site.parley = await startParley({
        OPENAI_BASE_URL: model.url,
        OPENAI_API: 'chat',
        SLACK_BOT_TOKEN: slack.botToken,
        SLACK_API_URL: slack.apiUrl,
        ...(way === 'http'
          ? { SLACK_SIGNING_SECRET: signingSecret }
          : { SLACK_APP_TOKEN: slack.appToken }),
        DISCORD_BOT_TOKEN: discord.token,
        DISCORD_API_URL: discord.apiUrl,
        HEALTH_PORT: String(healthPort),
        WEB: 'on',
        WEB_PASSWORD: leakCanaries.password,
      });
    } catch (error) {
      await site.#close();
      throw error;
    }
    if (way === 'http') slack.deliverTo(`${site.parley.url}/slack/events`, signingSecret);
    return site;
  }

  /** Asks ten questions whose answers take so long to write, and waits until all have begun. */
  async ask(seconds: number): Promise<void> {
    const wish = { words: Math.ceil(seconds * wordsPerSecond), perSecond: tokensPerSecond };
    this.#page = await WebConversation.open(this.parley.url, this.password);
    for (const at of people(slackThreads)) {
      this.#spots.push(new SlackThread(this.slack, writer(at), channelOf(at)));
    }
    for (const at of people(discordThreads)) {
      this.#spots.push(new DiscordThread(this.discord, `Discordian ${at}`, `room-${at}`));
    }
    for (const [at, spot] of this.#spots.entries()) spot.say(questionText(nameOf(at), wish));
    await this.#page.say(questionText(nameOf(this.#spots.length), wish));
    await this.slack.until(
      () => this.#spots.every((spot) => spot.replies().join('') !== ''),
      30_000,
    );
  }

  /** How many answers are whole; looked at without asking the process. */
  get whole(): number {
    return this.#spots.filter((spot, at) => wrongIn(spot.replies(), nameOf(at)) === undefined)
      .length;
  }

  /** What is not one whole answer, in sentences, once no more answers come or the time is over. */
  async wrong(patienceMs: number): Promise<string[]> {
    const isWhole = (): boolean => this.whole === this.#spots.length;
    if (!isWhole()) await this.slack.until(isWhole, patienceMs).catch(() => undefined);
    const wrong = this.#spots.map((spot, at) => {
      const problem = wrongIn(spot.replies(), nameOf(at));
      return problem === undefined ? undefined : `${spot.name}: ${problem}`;
    });
    const onPage = wrongIn(await this.#page.replies(), nameOf(this.#spots.length));
    if (onPage !== undefined) wrong.push(`the page: ${onPage}`);
    return wrong.filter((line) => line !== undefined);
  }

  async stop(): Promise<void> {
    try {
      await this.parley.stop();
    } finally {
      await this.#close();
    }
  }

  async #close(): Promise<void> {
    await Promise.all([this.slack.close(), this.discord.stop(), this.#model.close()]);
  }
}

/** Undefined if it is one answer to this question, as the model wrote it. */
function wrongIn(pages: readonly string[], name: string): string | undefined {
  const { answers, problem } = parseAnswers(pages);
  if (problem !== undefined) return problem;
  return answers.length === 1 && answers[0]?.to.join() === name
    ? undefined
    : `${answers.length} answers in place of one`;
}

function slackOptions() {
  const strangers = people(flooded.people).map(stranger);
  const writers = people(slackThreads).map(writer);
  return {
    workspaces: [
      {
        id: 'T1',
        scopes: [...requiredScopes],
        users: [...writers, ...strangers].map((id) => ({ id, name: `Person ${id}` })),
        channels: [
          ...people(slackThreads).map((at) => ({ id: channelOf(at), members: writers })),
          { id: flooded.slack, members: strangers },
        ],
      },
    ],
    // What strangers wrote is not kept for anybody to look at.
    keepTexts: false,
  };
}

function discordChannels() {
  return [...people(discordThreads).map((at) => `room-${at}`), flooded.discord].map((name) => ({
    name,
  }));
}

function people(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at);
}

/** Somebody who waits for an answer in Slack. */
function writer(at: number): string {
  return `U1${at}`;
}

/** Somebody in Slack who floods it. */
export function stranger(at: number): string {
  return `U9${at}`;
}

function channelOf(at: number): string {
  return `C${at}`;
}

function nameOf(at: number): string {
  return `q${at + 1}`;
}
