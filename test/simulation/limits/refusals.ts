// No payout is refused by a limit that it fits in. The answer of the store comes later than its decision, so a refusal
// is compared with the most that was counted from the request to the answer.
import type { LimitRefusal } from 'payout-guard';
import type { World } from '../world.js';
import { dayOf } from './calendar.js';
import type { Limits } from './limits.js';

/** The step that a request follows, and the memory that the store had then. */
export interface Asked {
  readonly step: number;
  readonly memory: number;
}

/** A request that a store has refused because of its limits. */
export interface Refused {
  readonly asked: Asked;
  readonly reference: string;
  readonly wallet: string;
  readonly attempt: string;
  readonly payee: string;
  readonly amountMinor: bigint;
  /** Counted before it in a batch, of which nothing is held in the end: for the wallet, and for the payee. */
  readonly before: { readonly walletMinor: bigint; readonly payeeMinor: bigint };
  readonly answer: Exclude<LimitRefusal, { readonly outcome: 'stale_day' }>;
}

export class Refusals {
  readonly #world: World;
  readonly #limits: Limits;
  #waiting: Refused[] = [];

  constructor(world: World, limits: Limits) {
    this.#world = world;
    this.#limits = limits;
  }

  add(refused: Refused): void {
    this.#waiting.push(refused);
  }

  /** Checks the refusals since the last step. */
  check(): void {
    for (const refused of this.#waiting) {
      const problem = this.#problemWith(refused);
      if (problem !== undefined) this.#world.report('refused', `${refused.reference} of ${refused.wallet}: ${problem}`);
    }
    this.#waiting = [];
  }

  #problemWith(refused: Refused): string | undefined {
    const plan = this.#limits.plans.get(refused.wallet);
    if (!plan) return 'its wallet has no limits';
    const { answer } = refused;
    return answer.outcome === 'limits_unknown'
      ? this.#knownBy(refused, answer, plan.timeZone)
      : this.#fittingIn(refused, answer, plan[answer.limit], plan.timeZone);
  }

  #knownBy(
    { wallet, asked }: Refused,
    { sinceMs, nowMs }: Extract<LimitRefusal, { readonly outcome: 'limits_unknown' }>,
    timeZone: string,
  ): string | undefined {
    const { acceptances } = this.#limits;
    if (!this.#limits.wallets.includes(wallet)) return 'limits unknown, though it counts since the start';
    if (dayOf(sinceMs, timeZone) !== dayOf(nowMs, timeZone)) return 'limits unknown, though the day is complete';
    return acceptances.wereUnknown(wallet, sinceMs, asked) ? undefined : 'limits unknown, though they were accepted';
  }

  #fittingIn(
    { wallet, attempt, asked, payee, amountMinor, before }: Refused,
    { limit, nowMs, usedMinor }: Extract<LimitRefusal, { readonly outcome: 'over_limit' }>,
    allowed: bigint | undefined,
    timeZone: string,
  ): string | undefined {
    if (allowed === undefined) return `${limit} is no limit of it`;
    const { account } = this.#limits;
    const day = account.dayOfSource(attempt) ?? dayOf(nowMs, timeZone);
    const isOfPayee = limit === 'perPayee';
    const counted = account.mostSince(asked.step, { wallet, day, ...(isOfPayee && { payee }) });
    const most = counted + (isOfPayee ? before.payeeMinor : before.walletMinor);
    if (most + amountMinor > allowed) return undefined;
    return `${amountMinor} does not fit in ${limit} ${allowed} beside ${usedMinor}, where ${most} counted at most`;
  }
}
