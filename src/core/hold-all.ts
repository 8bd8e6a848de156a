// Holds a payroll: several payouts of one wallet, each its own hold and reference. A `BatchAttempt` asks the store for
// them. A call that rejects leaves nothing held.
import { randomUUID } from 'node:crypto';
import { isPromise } from './ask-store.js';
import { chunksOf, sumOf, type TakenPayout, takenError } from './batch-answers.js';
import { BatchAttempt } from './batch-attempt.js';
import type { BatchUndo } from './batch-undo.js';
import type { HoldAllOptions, PayoutToHold } from './calls.js';
import type { Attempt, Decider } from './decider.js';
import type { Decision } from './decision.js';
import { BalanceUnavailableError } from './errors.js';
import { type GrantParts, grantedHandle } from './granted-handle.js';
import { HeldPayroll } from './held-payouts.js';
import type { PayrollPayout } from './hold-all-request.js';
import { assertHoldAllOptions, type Payroll, readPayroll } from './hold-all-request.js';
import { HoldAttempt } from './hold-attempt.js';
import { maxPayoutsOf } from './hold-batch.js';
import { ReferencesTakenError } from './hold-errors.js';
import { InsufficientFundsError } from './insufficient-funds.js';
import type { LimitExceededError } from './limit-errors.js';
import { formatMinorUnits } from './money.js';
import type { ResolvedOptions } from './options.js';
import type { HeldPayouts, LeftOutPayout } from './payout-guard.js';
import { type GuardLimits, limitAlone } from './payout-limits.js';
import { traced } from './trace.js';
import type { UnderWay } from './under-way.js';
import type { Wallets } from './wallets.js';

/**
 * Lifetime of the hold that has the sum of a long payroll while it is split, in milliseconds: a hundred times as long
 * as that takes, and all that a crash leaves held.
 */
const splitWithinMs = 120_000;
/** Portions under way at once: one is prepared while the store is busy with the other. */
const chunksAtOnce = 2;
/** References that are read at once, to name those that are taken. */
const readsAtOnce = 500;

interface Parts extends GrantParts {
  readonly wallets: Wallets;
  readonly decider: Decider;
  readonly undo: BatchUndo;
  readonly underWay: UnderWay;
  readonly limits: GuardLimits;
}

export class HoldAll {
  readonly #parts: Parts;
  readonly #options: ResolvedOptions;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#options = parts.options;
  }

  async take(payouts: readonly PayoutToHold[], options: HoldAllOptions): Promise<HeldPayouts> {
    const { underWay, events } = this.#parts;
    underWay.begin();
    try {
      assertHoldAllOptions(payouts, options);
      // A copy of its own: the caller may change the list while the call is under way.
      const given = [...payouts];
      const step = { name: 'hold_all', wallet: options.wallet } as const;
      return await traced(this.#options.trace, step, () => this.#take(given, { ...options }));
    } catch (error) {
      events.checkFailed(error, { wallet: options?.wallet, payouts: Array.isArray(payouts) ? payouts.length : 0 });
      throw error;
    } finally {
      underWay.end();
    }
  }

  async #take(given: readonly PayoutToHold[], options: HoldAllOptions): Promise<HeldPayouts> {
    const named = this.#parts.wallets.named(options.wallet);
    const payroll = readPayroll(given, options, isPromise(named) ? await named : named, this.#parts.limits);
    const { holdExpiresInMs, store } = this.#options;
    const attempt = new BatchAttempt(store, payroll, options.expiresInMs ?? holdExpiresInMs);
    try {
      await this.#setAsideTooLarge(attempt, payroll, options);
      const decision = await this.#decide(attempt, payroll, options);
      this.#proceed(options);
      return this.#result(attempt, payroll, decision);
    } catch (error) {
      await this.#parts.undo.release(attempt.held);
      throw error;
    }
  }

  /**
   * Payouts that are above a limit by themselves fit on no day. Their references are looked at first, as ever: a payout
   * may have been made before the limit was set.
   *
   * @throws with `all`: `ReferencesTakenError` `LimitExceededError`
   */
  async #setAsideTooLarge(attempt: BatchAttempt, { wallet, payouts }: Payroll, options: HoldAllOptions): Promise<void> {
    if (!wallet.limits) return;
    const errors = new Map<PayrollPayout, LimitExceededError>();
    for (const payout of payouts) {
      const error = limitAlone({ wallet, requiredMinor: payout.amountMinor });
      if (error) errors.set(payout, error);
    }
    const [first] = errors.values();
    if (!first) return;
    this.#proceed(options);
    const taken = await this.#readTaken(attempt, [...errors.keys()]);
    if (options.policy === 'all') throw taken.length > 0 ? takenError(taken) : first;
    const takenReferences = new Set(taken.map(({ payout }) => payout.reference));
    const limited = [...errors].filter(([{ reference }]) => !takenReferences.has(reference));
    attempt.leaveOut(taken, new Map(limited.map(([{ reference }, { limit }]) => [reference, limit])));
  }

  #decide(attempt: BatchAttempt, payroll: Payroll, options: HoldAllOptions): Promise<Decision> {
    if (options.policy === 'fit') return this.#fit(attempt, payroll, options);
    return payroll.payouts.length > maxPayoutsOf(this.#options.store)
      ? this.#allInParts(attempt, payroll, options)
      : this.#allAtOnce(attempt, payroll, options);
  }

  async #allAtOnce(attempt: BatchAttempt, payroll: Payroll, options: HoldAllOptions): Promise<Decision> {
    const decision = await this.#decideOn(payroll, options, (snapshot) => attempt.all(snapshot));
    if (attempt.held.length === 0) throw new InsufficientFundsError(decision, this.#options.insufficientFundsStatus);
    return decision;
  }

  /**
   * The sum is held first, under a reference that no payout can have, and moves from there into the holds of the
   * payouts. So the money is promised to this payroll from one step on, however long the rest takes.
   */
  async #allInParts(attempt: BatchAttempt, payroll: Payroll, options: HoldAllOptions): Promise<Decision> {
    const { wallet, payouts, totalMinor: requiredMinor } = payroll;
    const sum = new HoldAttempt(
      this.#options.store,
      { wallet, requiredMinor },
      {
        reference: batchReference(payouts.length),
        attempt: randomUUID(),
        state: 'reserved',
        expiresInMs: splitWithinMs,
        sendsForMs: 0,
        fingerprint: undefined,
        metadata: { payouts: `${payouts.length}` },
      },
      this.#parts.limits.ofSum({ wallet, requiredMinor }),
    );
    let epoch = '';
    const decision = await this.#decideOn(payroll, options, (snapshot) => {
      epoch = snapshot.epoch;
      return sum.on(snapshot);
    });
    const from = sum.held;
    if (!from) throw new InsufficientFundsError(decision, this.#options.insufficientFundsStatus);
    let done = 0;
    try {
      const chunks = chunksOf(payouts, this.#options.store);
      for (let index = 0; index < chunks.length; index += chunksAtOnce) {
        this.#proceed(options);
        done = attempt.held.length;
        await attempt.splitOff(chunks.slice(index, index + chunksAtOnce), from, epoch);
      }
    } catch (error) {
      await this.#parts.undo.release([from]);
      throw error instanceof ReferencesTakenError ? await this.#allTaken(attempt, payouts.slice(done), error) : error;
    }
    return decision;
  }

  /** The same error with every reference that is taken, if the store answers. */
  async #allTaken(
    attempt: BatchAttempt,
    payouts: readonly PayrollPayout[],
    error: ReferencesTakenError,
  ): Promise<ReferencesTakenError> {
    try {
      const taken = await this.#readTaken(attempt, payouts);
      if (taken.length < error.taken.length) return error;
      // A call before this one was refused without an answer of the store, and all that it may hold is undone soon.
      const isUndone = error.retryable && taken.every((one) => one.taken.state === 'reserved');
      return takenError(isUndone ? taken.map((one) => ({ ...one, retryAfterMs: error.retryAfterMs })) : taken);
    } catch {
      // The payroll is refused anyway. A list that is not complete is better than an error about the store.
      return error;
    }
  }

  async #readTaken(attempt: BatchAttempt, payouts: readonly PayrollPayout[]): Promise<TakenPayout[]> {
    const taken: TakenPayout[] = [];
    for (let from = 0; from < payouts.length; from += readsAtOnce) {
      taken.push(...(await attempt.readTaken(payouts.slice(from, from + readsAtOnce))));
    }
    return taken;
  }

  /** Decides on a balance of this call: on an older one, a payout could be held instead of one before it. */
  #fit(attempt: BatchAttempt, payroll: Payroll, options: HoldAllOptions): Promise<Decision> {
    const proceed = () => this.#proceed(options);
    return this.#decideOn(payroll, { ...options, refresh: true }, (snapshot) => attempt.fit(snapshot, proceed));
  }

  async #decideOn(
    { wallet, payouts, totalMinor: requiredMinor }: Payroll,
    { refresh, signal }: HoldAllOptions,
    on: Attempt,
  ): Promise<Decision> {
    const about = { payouts: payouts.length };
    return this.#parts.decider.decide({ wallet, requiredMinor }, { refresh, signal }, on, about);
  }

  /** @throws when the caller has gone, or the guard began to close: nothing is sent then. */
  #proceed({ signal }: HoldAllOptions): void {
    signal?.throwIfAborted();
    if (this.#parts.decider.isClosed) throw new BalanceUnavailableError('closed');
  }

  #result(attempt: BatchAttempt, { wallet, payouts }: Payroll, decision: Decision): HeldPayouts {
    const text = (minor: bigint) => formatMinorUnits(minor, wallet.currency);
    return new HeldPayroll({
      holds: attempt.held.map((hold) => grantedHandle(this.#parts, { wallet, hold, decision })),
      leftOut: this.#leftOut(attempt, payouts, text),
      required: text(attempt.requiredMinor),
      held: text(sumOf(attempt.held)),
      decision,
    });
  }

  #leftOut(attempt: BatchAttempt, payouts: readonly PayrollPayout[], text: (minor: bigint) => string): LeftOutPayout[] {
    if (attempt.held.length === payouts.length) return [];
    const taken = new Map(attempt.taken.map((one) => [one.payout.reference, one.taken]));
    const short = new Set(attempt.leftOut.map(({ reference }) => reference));
    return payouts.flatMap(({ reference, amountMinor }): LeftOutPayout[] => {
      const amount = text(amountMinor);
      const by = taken.get(reference);
      if (by) return [{ amount, reason: 'taken', ...by }];
      const limit = attempt.limited.get(reference);
      if (limit) return [{ reference, amount, reason: 'limit', limit }];
      return short.has(reference) ? [{ reference, amount, reason: 'insufficient' }] : [];
    });
  }
}

/** References of payouts have no spaces, so that none can be this one; in a list of holds it shows what it is. */
function batchReference(count: number): string {
  return `batch of ${count} payouts ${randomUUID()}`;
}
