// The limits of one payout: the request to the store, and the errors for its answers.
import type { Clock } from './clock.js';
import type { PayoutGuardError } from './errors.js';
import type { Events } from './events.js';
import { LimitExceededError, type LimitName, LimitsUnknownError } from './limit-errors.js';
import { type DailyLimits, type LimitedPayout, payeeOf } from './limits.js';
import type { DayLimits, LimitRefusal } from './store.js';
import { StoreDays } from './store-days.js';
import type { Wallet } from './wallet.js';

/** The amount of a payout with its fee, and the wallet that pays it. */
interface PayoutRequirement {
  readonly wallet: Wallet;
  readonly requiredMinor: bigint;
}

/** The error of a payout that is above a limit by itself; undefined if it may fit. */
export function limitAlone({ wallet, requiredMinor }: PayoutRequirement): LimitExceededError | undefined {
  // Every check comes here: nothing is made for a wallet without limits.
  if (!wallet.limits) return undefined;
  const { perPayoutMinor, daily } = wallet.limits;
  const limits: [LimitName, bigint | undefined][] = [
    ['perPayout', perPayoutMinor],
    ['perPayee', daily?.perPayeeMinor],
    ['perDay', daily?.perDayMinor],
  ];
  for (const [limit, allowedMinor] of limits) {
    if (allowedMinor === undefined || requiredMinor <= allowedMinor) continue;
    const { key, currency } = wallet;
    return new LimitExceededError({ wallet: key, currency, limit, requiredMinor, allowedMinor, usedMinor: 0n });
  }
  return undefined;
}

/** @throws `LimitExceededError` for a payout that is above a limit by itself. */
export function assertFitsAlone(requirement: PayoutRequirement): void {
  const error = limitAlone(requirement);
  if (error) throw error;
}

/** The limits of a guard's wallets. */
export class GuardLimits {
  readonly days: StoreDays;
  readonly #events: Events;
  /** Wallets and times whose counters were reported as unknown. */
  readonly #reported = new Set<string>();

  constructor(clock: Clock, events: Events) {
    this.days = new StoreDays(clock);
    this.#events = events;
  }

  /** The daily limits of a payout; undefined if its wallet has none. @throws as {@link payeeOf} does. */
  of(requirement: PayoutRequirement, payout: LimitedPayout): PayoutLimits | undefined {
    const daily = requirement.wallet.limits?.daily;
    return daily && new PayoutLimits(this, requirement, daily, payeeOf(daily, payout));
  }

  /** The daily limits of the sum of a payroll: those of the wallet alone. Undefined if it has none. */
  ofSum(requirement: PayoutRequirement): PayoutLimits | undefined {
    const daily = requirement.wallet.limits?.daily;
    if (daily?.perDayMinor === undefined) return undefined;
    return new PayoutLimits(this, requirement, { ...daily, perPayeeMinor: undefined }, undefined);
  }

  /** Reports the first refusal of a wallet, not each of them. */
  report({ wallet, since, until, message }: LimitsUnknownError): void {
    const about = `${wallet} ${since.getTime()}`;
    if (this.#reported.has(about)) return;
    this.#reported.add(about);
    this.#events.alert('limitsUnknown', () => ({ wallet, since, until }), { code: 'PAYOUT_GUARD_LIMITS', message });
  }
}

/** The bounds of a day that the store does not compare with its clock: about 35,000 years. */
const always = { startMs: 0, endMs: 2 ** 50 } as const;

export class PayoutLimits {
  readonly #guard: GuardLimits;
  readonly #requirement: PayoutRequirement;
  readonly #daily: DailyLimits;
  readonly #payee: string | undefined;

  constructor(guard: GuardLimits, requirement: PayoutRequirement, daily: DailyLimits, payee: string | undefined) {
    this.#guard = guard;
    this.#requirement = requirement;
    this.#daily = daily;
    this.#payee = payee;
  }

  /** The limits as the store checks them, on the day that it probably has. */
  get request(): DayLimits {
    const { perDayMinor, perPayeeMinor, timeZone, countSinceStart } = this.#daily;
    const { number: day, startMs, endMs } = this.#guard.days.today(timeZone);
    return { day, startMs, endMs, perDayMinor, payee: this.#payee, perPayeeMinor, countSinceStart };
  }

  /**
   * The same for a payout whose amount is part of a sum that was counted for the wallet on this day, which may be over
   * meanwhile. It counts on that day too; on another one, nothing would have compared it with the limit of the wallet.
   */
  requestWithin(day: number): DayLimits {
    const { perPayeeMinor } = this.#daily;
    return { day, ...always, perDayMinor: undefined, payee: this.#payee, perPayeeMinor, countSinceStart: true };
  }

  /** Takes the time of the store: the next request has its day. */
  seen(nowMs: number): void {
    this.#guard.days.seen(nowMs);
  }

  /** The payee whose limit it has, as a digest. */
  get payee(): string | undefined {
    return this.#payee;
  }

  /** The limits of the same payee, or wallet, for another amount. */
  with(requiredMinor: bigint): PayoutLimits {
    return new PayoutLimits(this.#guard, { ...this.#requirement, requiredMinor }, this.#daily, this.#payee);
  }

  /** The error for a refusal. @param countedOn - The day that was counted on; today when absent. */
  refused(answer: Exclude<LimitRefusal, { outcome: 'stale_day' }>, countedOn?: number): PayoutGuardError {
    const { wallet, requiredMinor } = this.#requirement;
    const { perDayMinor, perPayeeMinor, timeZone } = this.#daily;
    const { nowMs } = answer;
    this.#guard.days.seen(nowMs);
    const today = this.#guard.days.today(timeZone);
    const endMs = countedOn === undefined || countedOn === today.number ? today.endMs : today.startMs;
    if (answer.outcome === 'limits_unknown') {
      const { sinceMs } = answer;
      const error = new LimitsUnknownError(wallet.key, { sinceMs, untilMs: endMs, nowMs, timeZone });
      this.#guard.report(error);
      return error;
    }
    const { limit, usedMinor } = answer;
    const allowedMinor = (limit === 'perPayee' ? perPayeeMinor : perDayMinor) ?? 0n;
    const { key, currency } = wallet;
    // A payroll may exceed alone what fits in a day.
    const day = requiredMinor > allowedMinor ? undefined : { endMs, nowMs };
    return new LimitExceededError({ wallet: key, currency, limit, requiredMinor, allowedMinor, usedMinor, day });
  }
}
