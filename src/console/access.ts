// Access to the console and its actions, and the proof that an action comes from its own page.
import { createHmac, randomBytes } from 'node:crypto';
import * as z from 'zod';
import type { Clock } from '../core/clock.js';
import { sharedController, withDeadline } from '../core/deadline.js';
import { isSameText } from '../core/same-text.js';
import { warn } from '../core/warn.js';
import { type ConsoleRequest, RequestError } from './exchange.js';
import type { ConsoleUser, ResolvedConsoleOptions } from './options.js';

const userSchema: z.ZodType<ConsoleUser> = z.object({
  name: z.string().regex(/^[^\p{C}]{1,100}$/u),
  canAct: z.boolean(),
});

/** `authorize` answers within this time, in milliseconds. */
const authorizeWithinMs = 10_000;
const neverAborted = sharedController().signal;
const noAnswer = () =>
  new RequestError(503, 'authorize_timeout', 'The application did not decide in time who may see this. Try again.');

/** The header that carries the token of an action. */
export const tokenHeader = 'x-payout-guard-token';

export class Access {
  readonly #options: ResolvedConsoleOptions;
  readonly #secret: string | Buffer;
  readonly #clock: Clock;
  #hasWarned = false;

  constructor(options: ResolvedConsoleOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.#secret = options.secret ?? randomBytes(32);
  }

  /** @throws {@link RequestError} 403 unless `authorize` returned a user; 503 it did not answer. */
  async userOf(request: ConsoleRequest): Promise<ConsoleUser> {
    const user = userSchema.safeParse(await this.#authorize(request));
    if (!user.success) throw new RequestError(403, 'forbidden', 'You may not see this console.');
    return user.data;
  }

  /** The token of a user's actions: another user's token, or one of another secret, is refused. */
  tokenOf({ name }: ConsoleUser): string {
    return createHmac('sha256', this.#secret).update(`payout-guard console: ${name}`).digest('base64url');
  }

  /** @throws {@link RequestError} 403 unless the user may act and the request comes from the console's own page. */
  assertMayAct(request: ConsoleRequest, user: ConsoleUser): void {
    if (!user.canAct) throw new RequestError(403, 'read_only', 'You may see this console, but not act in it.');
    if (!isSameText(request.header(tokenHeader), this.tokenOf(user))) {
      throw new RequestError(403, 'invalid_token', 'The token of the page is missing or old. Reload the page.');
    }
    if (!this.#isOwnPage(request)) {
      throw new RequestError(
        403,
        'foreign_origin',
        'The request comes from another site, names no origin, or the proxy hides its host.',
      );
    }
    // Forms of other sites cannot send this type without asking first.
    if (!/^application\/json\b/i.test(request.header('content-type') ?? '')) {
      throw new RequestError(415, 'invalid_type', 'An action is sent as application/json.');
    }
  }

  /** @throws {@link RequestError} 503 it did not answer in time. */
  async #authorize({ original }: ConsoleRequest): Promise<unknown> {
    const limits = { timeoutMs: authorizeWithinMs, outer: neverAborted, onTimeout: noAnswer, clock: this.#clock };
    try {
      return await withDeadline(limits, async () => this.#options.authorize(original as never));
    } catch (error) {
      if (!(error instanceof RequestError)) {
        warn('PAYOUT_GUARD_CONSOLE', 'authorize of the console threw, so the request was refused.', error);
        return false;
      }
      // Once: every asset and stream of every page that is open waits for it.
      if (!this.#hasWarned) {
        const problem = `authorize of the console did not answer within ${authorizeWithinMs / 1_000} s`;
        warn('PAYOUT_GUARD_CONSOLE', `${problem}, so requests are refused with 503. Check what it waits for.`);
      }
      this.#hasWarned = true;
      throw error;
    }
  }

  /** Browsers send one of these headers with every POST. Without both, the request could come from anywhere. */
  #isOwnPage(request: ConsoleRequest): boolean {
    const site = request.header('sec-fetch-site');
    const origin = request.header('origin');
    if (site !== undefined) return site === 'same-origin' || this.#isListed(origin);
    if (origin === undefined) return false;
    if (this.#isListed(origin)) return true;
    const host = /^https?:\/\/(.+)$/.exec(origin)?.[1];
    return host !== undefined && (host === request.header('host') || host === request.header('x-forwarded-host'));
  }

  #isListed(origin: string | undefined): boolean {
    return origin !== undefined && this.#options.origins.includes(origin);
  }
}
