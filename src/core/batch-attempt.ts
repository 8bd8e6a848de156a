// One request for the holds of a payroll: asks the store on a snapshot, and reads the answers.
import { randomUUID } from 'node:crypto';
import {
  askStore,
  readHold,
  storeClockChanges,
  storeIsRecovering,
  storeLostData,
  storeLostReservation,
} from './ask-store.js';
import {
  chunksOf,
  differenceOf,
  isExisting,
  isHeld,
  type Outcome,
  sumOf,
  type TakenPayout,
  takenError,
  totalsBefore,
} from './batch-answers.js';
import { type Decision, decide, limitMinor, type Snapshot } from './decision.js';
import type { PayoutGuardError } from './errors.js';
import { type HoldRecord, isAsGranted, mayBeHeldAgain } from './hold.js';
import type { Payroll, PayrollPayout } from './hold-all-request.js';
import { type TakenReference, WalletFrozenError } from './hold-errors.js';
import type { LimitName } from './limit-errors.js';
import type { PayoutLimits } from './payout-limits.js';
import type {
  HoldAllOutcome,
  HoldAllRequest,
  HoldOutcome,
  HoldRefusal,
  HoldStore,
  MaybePromise,
  WalletTotals,
} from './store.js';

type Refusal = Exclude<HoldOutcome, Outcome<'held'>>;

/** Most requests in a row that the store refuses because its day is another one. At midnight there are two. */
const mostDays = 5;

interface Answered {
  readonly held: readonly HoldRecord[];
  readonly totals: WalletTotals | undefined;
}

interface Asked extends Pick<HoldAllRequest, 'epoch' | 'limitMinor' | 'from'> {
  readonly payouts: readonly PayrollPayout[];
}

export class BatchAttempt {
  readonly #store: HoldStore;
  readonly #payroll: Payroll;
  readonly #expiresInMs: number;
  /** All holds of a payroll have it: together with the reference it names one of them. */
  #attempt: string = randomUUID();
  /** The holds that were granted, in their order. */
  held: HoldRecord[] = [];
  /** With `fit`: payouts that were left out because their reference is taken. */
  taken: TakenPayout[] = [];
  /** With `fit`: payouts that were left out because of a limit, with its name. */
  readonly limited: Map<string, LimitName> = new Map();
  #open: readonly PayrollPayout[];
  /** The day that the sum counts on, if the payouts come out of one that counts. */
  #sumDay: number | undefined;

  constructor(store: HoldStore, payroll: Payroll, expiresInMs: number) {
    this.#store = store;
    this.#payroll = payroll;
    this.#expiresInMs = expiresInMs;
    this.#open = payroll.payouts;
  }

  /** Payouts that are not held, and neither taken nor limited, in their order. */
  get leftOut(): readonly PayrollPayout[] {
    return this.#open;
  }

  /** Sum of the payouts that only money decides about: neither taken nor above a limit. In minor units. */
  get requiredMinor(): bigint {
    return sumOf(this.held) + sumOf(this.#open);
  }

  /** Leaves payouts out for a reason that was found before anything was asked for. */
  leaveOut(taken: readonly TakenPayout[], limited: ReadonlyMap<string, LimitName>): void {
    this.taken.push(...taken);
    for (const [reference, limit] of limited) this.limited.set(reference, limit);
    const out = new Set([...taken.map(({ payout }) => payout.reference), ...limited.keys()]);
    this.#open = this.#open.filter(({ reference }) => !out.has(reference));
  }

  /** Asks for all of them, or none, within what a snapshot allows. Undefined: its mark is of another epoch. */
  async all(snapshot: Snapshot): Promise<Decision | undefined> {
    const { wallet, payouts, totalMinor: requiredMinor } = this.#payroll;
    const limit = { epoch: snapshot.epoch, limitMinor: limitMinor(snapshot, wallet.floorMinor) };
    const answer = await this.#allOf({ ...limit, payouts });
    if (answer) this.#take(answer.held);
    return answer?.totals && decide(snapshot, answer.totals, { wallet, requiredMinor });
  }

  /**
   * Moves the money of these payouts, in portions, out of a hold that has it.
   *
   * @throws when a portion cannot be held, or the hold has ended. Nothing was moved for that portion.
   */
  async splitOff(chunks: readonly PayrollPayout[][], from: HoldRecord, epoch: string): Promise<void> {
    this.#sumDay = from.day;
    const request = { epoch, limitMinor: 0n, from };
    const moved = await Promise.allSettled(chunks.map((payouts) => this.#allOf({ ...request, payouts })));
    // First those that were held: they are released if another one was refused.
    for (const end of moved) if (end.status === 'fulfilled') this.#take(end.value?.held ?? []);
    for (const end of moved) {
      if (end.status === 'rejected') throw end.reason;
      if (!end.value) throw storeLostData();
    }
  }

  /** Takes holds of the next payouts that are not held yet. */
  #take(held: readonly HoldRecord[]): void {
    this.held.push(...held);
    this.#open = this.#open.slice(held.length);
  }

  /**
   * Asks for those that fit, within what a snapshot allows. Undefined: its mark is of another epoch, so that what was
   * held has ended as well.
   *
   * @param proceed - Called before each request; throws if the caller has given up.
   */
  async fit(snapshot: Snapshot, proceed: () => void): Promise<Decision | undefined> {
    const { wallet } = this.#payroll;
    const limit = { epoch: snapshot.epoch, limitMinor: limitMinor(snapshot, wallet.floorMinor) };
    const heldBefore = sumOf(this.held);
    let before: WalletTotals | undefined;
    const left: PayrollPayout[] = [];
    for (const payouts of chunksOf(this.#open, this.#store)) {
      const outcomes = await this.#eachOf({ ...limit, payouts }, proceed);
      if (outcomes.some(({ outcome }) => outcome === 'stale_epoch')) return this.#beginAgain();
      before ??= totalsBefore(outcomes);
      left.push(...payouts.filter((_, index) => outcomes[index]?.outcome === 'insufficient'));
    }
    before ??= await askStore(this.#store, (store) => store.totals(wallet.key));
    if (before.epoch !== snapshot.epoch) return this.#beginAgain();
    this.#open = left;
    // Holds of an earlier snapshot are part of what is required.
    const totals = { ...before, active: before.active - heldBefore };
    return decide(snapshot, totals, { wallet, requiredMinor: this.requiredMinor });
  }

  /**
   * Asks for all of some payouts. Returns their holds and the totals before them; of a refusal for lack of money the
   * totals alone. Undefined: the request was of another epoch.
   *
   * @throws for any other refusal.
   */
  async #allOf(request: Asked): Promise<Answered | undefined> {
    for (let round = 1; ; round++) {
      const answer = await this.#ask({ ...request, policy: 'all' });
      switch (answer.outcome) {
        case 'done': {
          const held = answer.holds.filter(isHeld);
          // A store that breaks its contract must not make a payroll look complete.
          if (held.length < request.payouts.length) throw storeLostData();
          return { held: held.map(({ hold }) => hold), totals: totalsBefore(answer.holds) };
        }
        case 'refused': {
          const { refusals, totals } = answer;
          const taken = this.#takenAmong(refusals.filter(isExisting), request.payouts);
          if (taken.length > 0) throw takenError(taken);
          if (refusals.some((refusal) => this.#isStaleDay(refusal, round))) continue;
          for (const refusal of refusals) this.#assertAboutMoney(refusal, refusals);
          return refusals.some(({ outcome }) => outcome === 'stale_epoch') ? undefined : { held: [], totals };
        }
        case 'illegal':
          throw storeLostReservation();
        default:
          return answer satisfies never;
      }
    }
  }

  /** Asks for each of some payouts, and takes the holds that were granted. @throws for refusals that concern all. */
  async #eachOf(request: Asked, proceed: () => void): Promise<readonly HoldOutcome[]> {
    for (let round = 1; ; round++) {
      proceed();
      const answer = await this.#ask({ ...request, policy: 'fit' });
      // Only `all` has other outcomes.
      if (answer.outcome !== 'done') throw storeLostData();
      const { holds } = answer;
      if (holds.some((outcome) => !isHeld(outcome) && this.#isStaleDay(outcome, round))) continue;
      // Held first, so that they are released if another outcome is a reason to give up.
      this.held.push(...holds.filter(isHeld).map(({ hold }) => hold));
      this.taken.push(...this.#takenAmong(holds.filter(isExisting), request.payouts));
      for (const [index, outcome] of holds.entries()) {
        const payout = request.payouts[index];
        if (!payout || isHeld(outcome) || isExisting(outcome)) continue;
        if (outcome.outcome === 'over_limit') this.limited.set(payout.reference, outcome.limit);
        else this.#assertAboutMoney({ ...outcome, reference: payout.reference }, []);
      }
      return holds;
    }
  }

  #ask(request: Asked & Pick<HoldAllRequest, 'policy'>): MaybePromise<HoldAllOutcome> {
    const { key, currency } = this.#payroll.wallet;
    const about = { wallet: key, attempt: this.#attempt, currency, expiresInMs: this.#expiresInMs };
    const day = this.#sumDay;
    const limitsOf = (limits?: PayoutLimits) => (day === undefined ? limits?.request : limits?.requestWithin(day));
    const payouts = request.payouts.map((payout) => {
      const { reference, amountMinor, fingerprint, metadata, limits } = payout;
      return { reference, amountMinor, fingerprint, metadata, limits: limitsOf(limits) };
    });
    return askStore(this.#store, (store) => store.holdAll({ ...about, ...request, payouts }));
  }

  /** Takes the time of a store whose day is another one. @throws if that happens again and again. */
  #isStaleDay(refusal: Refusal, round: number): boolean {
    if (refusal.outcome !== 'stale_day') return false;
    this.#payroll.payouts[0]?.limits?.seen(refusal.nowMs);
    if (round === mostDays) throw storeClockChanges();
    return true;
  }

  /** @throws unless the payout was refused for lack of money, or because its limit was computed in another epoch. */
  #assertAboutMoney(refusal: HoldRefusal, refusals: readonly HoldRefusal[]): void {
    switch (refusal.outcome) {
      case 'frozen':
        throw new WalletFrozenError(this.#payroll.wallet.key, refusal.frozen);
      case 'recovering':
        throw storeIsRecovering(refusal.forMs);
      case 'limits_unknown':
        throw this.#payroll.payouts[0]?.limits?.refused(refusal) ?? storeClockChanges();
      case 'over_limit':
        throw this.#overLimit(refusal, refusals);
    }
  }

  /** The error with the figures of the payroll: the sum of the wallet, or of the payee, and what was used before it. */
  #overLimit(refusal: HoldRefusal & Outcome<'over_limit'>, refusals: readonly HoldRefusal[]): PayoutGuardError {
    const { payouts } = this.#payroll;
    const index = payouts.findIndex(({ reference }) => reference === refusal.reference);
    const limits = payouts[index]?.limits;
    if (!limits) return storeClockChanges();
    const isSame = (payout: PayrollPayout) => refusal.limit === 'perDay' || payout.limits?.payee === limits.payee;
    const refused = new Set(refusals.map(({ reference }) => reference));
    // It counts those of the payroll that come before this payout, which are not held in the end.
    const counted = payouts.slice(0, index).filter((payout) => isSame(payout) && !refused.has(payout.reference));
    const usedMinor = refusal.usedMinor - sumOf(counted);
    return limits.with(sumOf(payouts.filter(isSame))).refused({ ...refusal, usedMinor }, this.#sumDay);
  }

  #takenAmong(found: readonly Outcome<'exists'>[], payouts: readonly PayrollPayout[]): TakenPayout[] {
    const byReference = found.length > 0 ? new Map(payouts.map((payout) => [payout.reference, payout])) : undefined;
    return found.flatMap(({ hold, retryAfterMs }) => {
      const payout = byReference?.get(hold.reference);
      return payout ? [{ payout, taken: this.#takenBy(hold, payout), retryAfterMs }] : [];
    });
  }

  /** The payouts among these whose reference another payout has, as the store has them now. */
  async readTaken(payouts: readonly PayrollPayout[]): Promise<TakenPayout[]> {
    const readings = await Promise.all(payouts.map(({ reference }) => readHold(this.#store, reference)));
    return readings.flatMap(({ hold }, index) => {
      const payout = payouts[index];
      if (!hold || !payout || isAsGranted(hold, this.#attempt, 'reserved')) return [];
      const taken = this.#takenBy(hold, payout);
      return mayBeHeldAgain(hold) && taken.difference === undefined ? [] : [{ payout, taken }];
    });
  }

  #takenBy(hold: HoldRecord, payout: PayrollPayout): TakenReference {
    const { reference, state } = hold;
    const difference = differenceOf(hold, payout, this.#payroll.wallet.key);
    return difference === undefined ? { reference, state } : { reference, state, difference };
  }

  /** Reservations have ended with their epoch, and an attempt is granted a reference once. */
  #beginAgain(): undefined {
    this.#attempt = randomUUID();
    const ended = new Set(this.held.map(({ reference }) => reference));
    const open = new Set(this.#open.map(({ reference }) => reference));
    this.held = [];
    this.#open = this.#payroll.payouts.filter(({ reference }) => ended.has(reference) || open.has(reference));
    return undefined;
  }
}
