import { chromium } from 'playwright-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { startOpenAiFake } from '../fakes/openai/server.ts';
import type { OpenAiFake } from '../fakes/openai/server.ts';
import { startParley } from '../processes/parley-process.ts';
import type { ParleyProcess } from '../processes/parley-process.ts';

type Reply = Parameters<Parameters<OpenAiFake['use']>[0]>[0];

export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--no-first-run',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** A real Parley, with a model that writes what the test says, and a browser to look at it. */
export class Visit {
  readonly browser: Browser;
  readonly context: BrowserContext;
  readonly model: OpenAiFake;
  parley: ParleyProcess;
  /** What pages complained about; nothing, if all is well. */
  readonly complaints: string[] = [];
  readonly #replies: Reply[] = [];
  #taken = 0;
  #arrived = Promise.withResolvers<void>();

  private constructor(
    browser: Browser,
    context: BrowserContext,
    model: OpenAiFake,
    parley: ParleyProcess,
  ) {
    this.browser = browser;
    this.context = context;
    this.model = model;
    this.parley = parley;
    model.use((reply) => {
      reply.begin();
      this.#replies.push(reply);
      this.#arrived.resolve();
      this.#arrived = Promise.withResolvers();
    });
    context.on('weberror', (error) => this.complaints.push(String(error.error())));
    context.on('console', (message) => {
      if (/Content Security Policy|Refused to/.test(message.text())) {
        this.complaints.push(message.text());
      }
    });
  }

  static async begin(
    browser: Browser,
    env: Record<string, string | undefined> = {},
    look: Parameters<Browser['newContext']>[0] = {},
  ): Promise<Visit> {
    const model = await startOpenAiFake();
    const wanted = Object.entries({ OPENAI_BASE_URL: model.url, ...env });
    const set = wanted.filter((pair): pair is [string, string] => pair[1] !== undefined);
    const parley = await startParley(Object.fromEntries(set));
    return new Visit(browser, await browser.newContext(look), model, parley);
  }

  /** Opens Parley in a new tab, and waits until it is connected. */
  async open(path = '/'): Promise<Page> {
    const page = await this.context.newPage();
    await page.goto(this.parley.url + path);
    return page;
  }

  /** The model's next answer, in the test's hands. */
  async reply(): Promise<Reply> {
    while (this.#replies.length <= this.#taken) await this.#arrived.promise;
    this.#taken += 1;
    return this.#replies[this.#taken - 1]!;
  }

  async restart(): Promise<void> {
    this.parley = await this.parley.restart();
  }

  async end(): Promise<void> {
    await this.context.close();
    await this.parley.stop();
    await this.model.close();
  }
}

/** Writes a message and sends it. */
export async function say(page: Page, text: string): Promise<void> {
  await page.getByLabel('Message', { exact: true }).fill(text);
  await page.getByRole('button', { name: 'Send Message' }).click();
}

/** What can be read of all replies, oldest first. */
export function replies(page: Page): Promise<string[]> {
  return page.locator('.reply .prose').allInnerTexts();
}
