// The limits of a history: the settings of its guards, and the rules that hold after every step.
import type { LimitExceededError, LimitSettings, LimitsUnknownError } from 'payout-guard';
import { digestOf } from '../../../src/core/digest.js';
import type { Contents, Rows } from '../memory.js';
import type { Process } from '../process.js';
import type { Random } from '../random.js';
import type { Payout } from '../truth.js';
import { minorOf, text, type World } from '../world.js';
import { Acceptances } from './acceptances.js';
import { type CountedHold, isSum, LimitAccount, type Place, unnamedPayee } from './account.js';
import { dayOf } from './calendar.js';
import type { DrawnLimits, LimitPlan } from './plan.js';
import { type Asked, Refusals, type Refused } from './refusals.js';

/** Longer than a payout takes to be held when nothing fails any more, in milliseconds. */
const heldWithinMs = 120_000;

export class Limits {
  readonly account: LimitAccount;
  readonly acceptances: Acceptances = new Acceptances();
  readonly plans: ReadonlyMap<string, LimitPlan>;
  /** For all that limits add to the history. */
  readonly random: Random;
  readonly #midnightMs: number;
  readonly #payees: readonly string[];
  readonly #world: World;
  readonly #refusals: Refusals;
  /** The last contents of the store, and the lead of its clock over that of the history. */
  #contents: Contents | undefined;
  #aheadMs = 0;
  #today = new Map<string, number>();

  constructor(world: World, { plans, payees, midnightMs, random }: DrawnLimits) {
    this.#world = world;
    this.plans = plans;
    this.random = random;
    this.#midnightMs = midnightMs;
    this.#payees = payees;
    this.account = new LimitAccount(plans, world.truth);
    this.#refusals = new Refusals(world, this);
  }

  /** Wallets whose counters an operator may accept. */
  get wallets(): readonly string[] {
    return [...this.plans].flatMap(([key, { isDaily, countSinceStart }]) => (isDaily && !countSinceStart ? [key] : []));
  }

  /** Draws a payee. */
  payee(): string {
    return this.random.pick(this.#payees) ?? unnamedPayee;
  }

  /** The limits of a wallet, as options of a guard. */
  settingsOf(key: string): LimitSettings | undefined {
    const plan = this.plans.get(key);
    if (!plan) return undefined;
    const { perPayout, perPayee, perDay, timeZone, isDaily, countSinceStart } = plan;
    const wallet = this.#world.planOf(key);
    const amount = (minor: bigint | undefined) => (minor === undefined ? undefined : text(minor, wallet));
    return {
      perPayout: amount(perPayout),
      perPayee: perPayee === undefined ? undefined : { perDay: text(perPayee, wallet), key: payeeKey },
      perDay: amount(perDay),
      ...(isDaily && { timeZone, countSinceStart }),
    };
  }

  lose(): void {
    this.acceptances.lose(this.#nowMs);
  }

  /** A process that divides a payroll sometimes pauses over midnight. */
  pauseOverMidnight(process: Process): Promise<void> | undefined {
    const untilMs = this.#midnightMs - this.#world.scheduler.now();
    if (this.#world.isCalm || untilMs <= 0 || !this.random.chance(0.8)) return undefined;
    return new Promise((resolve) => void process.after(untilMs + this.random.upTo(10), resolve));
  }

  /** The step that a request follows. */
  asked(): Asked {
    return { step: this.account.step, memory: this.acceptances.current };
  }

  /** Compares the refusal of a request with the account, once that has what the store had then. */
  expect(refused: Refused): void {
    this.#refusals.add(refused);
    this.#world.hasChanged = true;
  }

  /** Checks the rules after a step. */
  check(contents: Contents): void {
    if (contents !== this.#contents) this.#aheadMs = contents.nowMs - this.#world.scheduler.now();
    this.#contents = contents;
    const { granted, late } = this.account.update(contents.rows);
    for (const hold of granted) {
      this.#isRecorded(hold, contents.rows);
      // One that was restored was granted before the loss.
      if (hold.createdAtMs <= this.acceptances.lostAtMs) continue;
      this.#isWithin(hold, late);
      this.#isOfKnownDay(hold);
    }
    this.#refusals.check();
    this.#noteMidnights(contents.nowMs);
  }

  /** A hold is within each limit at the moment of its grant. */
  #isWithin({ reference, wallet, day, payee, amountMinor }: CountedHold, late: readonly CountedHold[]): void {
    const { perPayout, perPayee, perDay } = this.planOf(wallet);
    this.#assertAtMost(perPayout, isSum(reference) ? 0n : amountMinor, `${reference} of ${wallet}`);
    this.#assertAtMost(perDay, this.#usedMinor({ wallet, day }, late), `${reference} on the day of ${wallet}`);
    if (payee === undefined) return;
    const ofPayee = this.#usedMinor({ wallet, day, payee }, late);
    this.#assertAtMost(perPayee, ofPayee, `${reference} for ${payee} of ${wallet}`);
  }

  /** Nothing is granted on a day of which the store has lost a part, unless an operator accepted that. */
  #isOfKnownDay({ reference, wallet, day }: CountedHold): void {
    const { lostAtMs } = this.acceptances;
    if (lostAtMs < 0 || !this.wallets.includes(wallet) || this.acceptances.mayBeAccepted(wallet)) return;
    // A loss in the first millisecond of a day has lost nothing of it.
    if (dayOf(lostAtMs - 1, this.planOf(wallet).timeZone) !== day) return;
    this.#world.report('above a limit', `${reference} of ${wallet} on a day of which the store lost a part`);
  }

  #assertAtMost(limit: bigint | undefined, usedMinor: bigint, what: string): void {
    if (limit === undefined || usedMinor <= limit) return;
    this.#world.report('above a limit', `${what}: ${usedMinor} with a limit of ${limit}`);
  }

  /** What a grant must have fitted in: without captures after a release, which fit or not. */
  #usedMinor(place: Place, late: readonly CountedHold[]): bigint {
    const { wallet, day, payee } = place;
    const isIn = (hold: CountedHold) =>
      hold.wallet === wallet && hold.day === day && (payee === undefined || payee === hold.payee);
    const lateMinor = late.filter(isIn).reduce((sum, { counts }) => sum + (counts.at(-1)?.minor ?? 0n), 0n);
    // What was lost is not counted after an operator accepted that.
    const isAccepted = this.planOf(wallet).countSinceStart || this.acceptances.mayBeAccepted(wallet);
    const sumMinor = isAccepted ? this.account.countedMinor(place) : this.account.trueMinor(place);
    return sumMinor - lateMinor;
  }

  /** The store counts a hold on its day and for its payee. */
  #isRecorded({ reference, wallet, day, payee, createdAtMs }: CountedHold, rows: Rows): void {
    const { isDaily, perPayee, timeZone } = this.planOf(wallet);
    const row = rows.get(reference);
    if (!row) return;
    if (isDaily && day !== dayOf(createdAtMs, timeZone)) this.#world.log.count('held over midnight', reference);
    const expected = isDaily ? day : undefined;
    if (row.day !== expected)
      this.#world.report('counters', `${reference} is of day ${row.day} instead of ${expected}`);
    const digest = perPayee === undefined || payee === undefined ? undefined : digestOf(payee);
    if (row.payee !== digest) this.#world.report('counters', `${reference} counts for another payee than ${payee}`);
  }

  /** True if the error of a guard is right by its own figures; {@link Refusals} compares those of the store. */
  explains(error: LimitExceededError): boolean {
    const { wallet, limit, temporary, until } = error;
    const plan = this.plans.get(wallet);
    const allowed = plan?.[limit];
    if (!plan || allowed === undefined || minorOf(error.allowed) !== allowed) return false;
    const required = minorOf(error.required);
    if (!temporary) return required > allowed;
    const used = minorOf(error.used);
    const isMidnight =
      until !== undefined && dayOf(until.getTime() - 1, plan.timeZone) < dayOf(until.getTime(), plan.timeZone);
    return isMidnight && used >= 0n && required <= allowed && used + required > allowed;
  }

  /** As {@link explains}, for unknown counters. */
  explainsUnknown({ wallet }: LimitsUnknownError): boolean {
    return this.wallets.includes(wallet);
  }

  /** Returns true if a payout fits in its limits now; undefined if that changes before it can be held. */
  fits({ wallet, payee, amountMinor, feeMinor }: Payout): boolean | undefined {
    const plan = this.plans.get(wallet);
    if (!plan) return true;
    const { perPayout, perPayee, perDay, timeZone } = plan;
    const requiredMinor = amountMinor + feeMinor;
    const fitsIn = (limit: bigint | undefined, usedMinor: bigint) =>
      limit === undefined || usedMinor + requiredMinor <= limit;
    const fitsAt = (atMs: number) => {
      const place = { wallet, day: dayOf(atMs, timeZone) };
      const usedMinor = this.account.countedMinor(place);
      const ofPayee = this.account.countedMinor({ ...place, payee });
      return fitsIn(perPayout, 0n) && fitsIn(perPayee, ofPayee) && fitsIn(perDay, usedMinor);
    };
    const fitsNow = fitsAt(this.#nowMs);
    return fitsNow === fitsAt(this.#nowMs + heldWithinMs) ? fitsNow : undefined;
  }

  planOf(wallet: string): LimitPlan {
    const plan = this.plans.get(wallet);
    if (!plan) throw new TypeError(`${wallet} has no limits.`);
    return plan;
  }

  /** The time of the store's clock. */
  get #nowMs(): number {
    return this.#world.scheduler.now() + this.#aheadMs;
  }

  #noteMidnights(nowMs: number): void {
    for (const [wallet, { timeZone }] of this.plans) {
      const day = dayOf(nowMs, timeZone);
      if (this.#today.has(wallet) && this.#today.get(wallet) !== day) this.#world.log.count('midnight', wallet);
      this.#today.set(wallet, day);
    }
  }
}

function payeeKey({ metadata }: { readonly metadata?: Readonly<Record<string, string>> | undefined }): string {
  return metadata?.payee ?? unnamedPayee;
}
