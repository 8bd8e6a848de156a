// A real browser for tests: one Chromium for a test file.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome'];

/** Path of an installed Chromium; undefined when there is none. Debian's package is `chromium`. */
export const chromiumPath: string | undefined = names
  .map((name) => spawnSync('which', [name], { encoding: 'utf8' }).stdout?.trim())
  .find((path) => path);

const args = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * One browser. A page costs a process and most of a second, so a page that a test has left is given to the next one.
 */
export class TestBrowser {
  readonly #browser: Browser;
  readonly #folder: string;
  readonly #free: Kept[] = [];
  readonly #used: Kept[] = [];

  private constructor(browser: Browser, folder: string) {
    this.#browser = browser;
    this.#folder = folder;
  }

  static async start(): Promise<TestBrowser> {
    const folder = mkdtempSync(join(tmpdir(), 'payout-guard-chromium-'));
    const env = { ...process.env, HOME: folder };
    const browser = await chromium.launch({ ...(chromiumPath && { executablePath: chromiumPath }), args, env });
    return new TestBrowser(browser, folder);
  }

  /** A page that no one else has, and that records what no page of ours may do. */
  async page({ viewport, colorScheme, ...options }: BrowserContextOptions = {}): Promise<TestPage> {
    const key = JSON.stringify(options);
    const index = this.#free.findIndex((one) => one.key === key);
    const [kept = await this.#open(key, options)] = index < 0 ? [] : this.#free.splice(index, 1);
    this.#used.push(kept);
    await kept.page.setViewportSize(viewport ?? { width: 1_280, height: 720 });
    await kept.page.emulateMedia({ colorScheme: colorScheme ?? 'light' });
    kept.record.problems = [];
    kept.record.requests = [];
    return { page: kept.page, ...kept.record };
  }

  /** Takes the pages back, and ends what they do. */
  async closePages(): Promise<void> {
    const pages = this.#used.splice(0);
    await Promise.all(pages.map(({ page }) => page.goto('about:blank')));
    this.#free.push(...pages);
  }

  async close(): Promise<void> {
    await this.#browser.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #open(key: string, options: BrowserContextOptions): Promise<Kept> {
    const context = await this.#browser.newContext({ timezoneId: 'Africa/Nairobi', ...options });
    const page = await context.newPage();
    // For what hangs: no test depends on how fast the machine is.
    page.setDefaultTimeout(100_000);
    return { key, page, record: recordOf(page) };
  }
}

export interface TestPage {
  readonly page: Page;
  /** Errors of scripts, refusals of the policy, dialogs. */
  readonly problems: string[];
  /** The address of every request. */
  readonly requests: string[];
}

interface PageRecord {
  problems: string[];
  requests: string[];
}

interface Kept {
  /** Its options, as text. */
  readonly key: string;
  readonly page: Page;
  readonly record: PageRecord;
}

function recordOf(page: Page): PageRecord {
  const record: PageRecord = { problems: [], requests: [] };
  page.on('pageerror', (error) => record.problems.push(`error: ${error.message}`));
  page.on('console', (message) => {
    // Failed requests are answers that tests ask for.
    const isRequest = message.text().startsWith('Failed to load resource');
    if (message.type() === 'error' && !isRequest) record.problems.push(`console: ${message.text()}`);
  });
  page.on('dialog', (dialog) => {
    record.problems.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => record.requests.push(request.url()));
  return record;
}
