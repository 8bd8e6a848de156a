// A list of payouts, such as a payroll: held together, paid with bounded concurrency, and continued after a crash.
import { isSilence } from '../core/ask-store.js';
import type { PayoutToHold } from '../core/calls.js';
import { runAfter } from '../core/clock.js';
import { InvalidArgumentError, isPayoutGuardError } from '../core/errors.js';
import type { HoldInfo } from '../core/hold-info.js';
import { callListener } from '../core/listener.js';
import type { Hold, PayoutGuard } from '../core/payout-guard.js';
import { isFailedResponse } from '../core/verdict.js';
import { type OpenedBatch, openBatch, readsAtOnce } from './open-batch.js';
import { type BatchOptions, type ResolvedBatchOptions, resolveBatchOptions } from './options.js';
import { type BatchReport, type BatchRow, ofAnotherRun, rowOf, summaryOf } from './report.js';

/** Holds that are given back at the same time. */
const endsAtOnce = 50;
/** The end of a payment that has not ended in time. */
const tooLate = Symbol('too late');

/** Makes one payment. `hold.reference` goes to the provider, as in `hold.pay`. */
export type PayOne<Payout> = (hold: Hold, payout: Payout) => unknown;

/**
 * Makes a list of payouts from one wallet. Holds the money of all that are still to be made, pays them with bounded
 * concurrency, and settles each by its verdict. Call it again with the same list after a crash, a stop, or to see what
 * became of open payouts: a payout that was sent is never sent again.
 *
 * @param payouts - At least one. Each has a reference of its own, the same in every run.
 * @param pay - Makes one payment, and is judged as the function of `hold.pay`.
 * @throws `InsufficientFundsError` with policy `all`, before the first payout leaves: its figures are the sums, fees
 *   included. What `guard.holdAll` throws.
 * @throws `InvalidArgumentError` the options are not valid, the list is empty, a payout cannot be held or names another
 *   wallet or currency, or a reference occurs twice.
 */
export async function runBatch<Payout extends PayoutToHold>(
  guard: PayoutGuard,
  payouts: readonly Payout[],
  pay: PayOne<Payout>,
  options: BatchOptions = {},
): Promise<BatchReport> {
  if (typeof guard?.internals?.readPayouts !== 'function') {
    throw new InvalidArgumentError('guard', 'must be what createPayoutGuard returns');
  }
  if (guard.internals.observes) {
    throw new InvalidArgumentError(
      'guard',
      'must not be one that only observes: a list that is run again is paid again',
    );
  }
  if (typeof pay !== 'function') throw new InvalidArgumentError('pay', 'must be a function that makes one payment');
  const settings = resolveBatchOptions(options);
  // A copy of its own: the caller may change the list while the batch runs.
  const given = Array.isArray(payouts) ? [...(payouts as readonly Payout[])] : payouts;
  const list = await guard.internals.readPayouts(given, settings.wallet);
  const { wallet } = list;
  const run = new Run(guard, settings, await openBatch(guard, list, settings));
  await run.payAll(given, pay);
  await run.readAgain();
  const { code: currency } = wallet.currency;
  const all = run.rows as readonly BatchRow[];
  return { wallet: wallet.key, currency, rows: all, summary: summaryOf(all, wallet.currency), stopped: run.hasStopped };
}

class Run {
  readonly rows: (BatchRow | undefined)[];
  hasStopped = false;
  readonly #guard: PayoutGuard;
  readonly #settings: ResolvedBatchOptions;
  readonly #opened: OpenedBatch;
  /** Holds of payouts that no payment has begun for, by their places in the list. */
  readonly #unpaid: Map<number, Hold>;
  #cancelRenewal: () => void = () => {};
  #ending: Promise<void> | undefined;
  #errorsInARow = 0;
  #failed = 0;
  #done: number;

  constructor(guard: PayoutGuard, settings: ResolvedBatchOptions, opened: OpenedBatch) {
    this.#guard = guard;
    this.#settings = settings;
    this.#opened = opened;
    this.#unpaid = new Map(opened.holds);
    this.rows = [...opened.rows];
    this.#done = 0;
    for (const row of this.rows) if (row) this.#report(row);
  }

  async payAll<Payout>(payouts: readonly Payout[], pay: PayOne<Payout>): Promise<void> {
    const signals = [this.#settings.signal, this.#guard.internals.closing];
    const stopIfMust = () => void (this.#mustStop() && this.#end());
    for (const signal of signals) signal?.addEventListener('abort', stopIfMust);
    try {
      this.#renewLater();
      const work = async (): Promise<void> => {
        for (;;) {
          stopIfMust();
          const [next] = this.#unpaid;
          if (!next) return;
          const [index, hold] = next;
          this.#unpaid.delete(index);
          await this.#payOne(index, hold, payouts[index] as Payout, pay);
        }
      };
      await Promise.all(Array.from({ length: Math.min(this.#settings.concurrency, this.#unpaid.size) }, work));
    } finally {
      for (const signal of signals) signal?.removeEventListener('abort', stopIfMust);
      await this.#end();
    }
  }

  /** Ends the holds that are not paid, at once: payments under way may take long. */
  #end(): Promise<void> {
    this.#ending ??= this.#endAllUnpaid([...this.#unpaid]);
    return this.#ending;
  }

  async #endAllUnpaid(unpaid: readonly (readonly [number, Hold])[]): Promise<void> {
    this.#unpaid.clear();
    this.#cancelRenewal();
    for (let from = 0; from < unpaid.length; from += endsAtOnce) {
      await Promise.all(
        unpaid.slice(from, from + endsAtOnce).map(async ([index, hold]) => {
          this.#set(index, await this.#endUnpaid(index, hold));
        }),
      );
    }
  }

  /** Reads again what other runs were still making when this one read it. */
  async readAgain(): Promise<void> {
    const places = [...this.rows.keys()].filter((index) => this.#isUndecidedElsewhere(index));
    for (let from = 0; from < places.length; from += readsAtOnce) {
      await Promise.all(
        places.slice(from, from + readsAtOnce).map(async (index) => {
          const known = this.rows[index] as BatchRow;
          const row = await this.#read(known, known.outcome === 'open');
          if (row) this.rows[index] = ofAnotherRun(row);
        }),
      );
    }
  }

  #isUndecidedElsewhere(index: number): boolean {
    const { outcome, earlier } = this.rows[index] as BatchRow;
    return (outcome === 'open' || outcome === 'notSent') && (earlier === true || !this.#opened.holds.has(index));
  }

  async #payOne<Payout>(index: number, hold: Hold, payout: Payout, pay: PayOne<Payout>): Promise<void> {
    let hasBegun = false;
    let isAnswered = false;
    let isLate = false;
    let failure: { error: unknown } | undefined;
    try {
      const paying = hold.pay(() => {
        hasBegun = true;
        return pay(hold, payout);
      });
      const result = await this.#orTooLate(paying);
      isLate = result === tooLate;
      isAnswered = !isLate && !isFailedResponse(result);
    } catch (error) {
      failure = { error };
    }
    const known = await this.#read(hold, hasBegun);
    if (failure && !hasBegun && known && isOfAnotherRun(known, failure.error)) {
      return this.#set(index, ofAnotherRun(known));
    }
    // A payment that has not ended may still begin.
    const row = known && !(isLate && known.outcome === 'notSent') ? known : unread(hold);
    if (row.outcome === 'failed') this.#failed += 1;
    this.#errorsInARow = isAnswered || row.outcome === 'failed' ? 0 : this.#errorsInARow + 1;
    if (hold.state === 'reserved' && !this.#opened.resumed.has(index)) await giveBack(hold);
    this.#set(index, { ...row, ...failure });
  }

  /** A payment that goes on for longer than it may send leaves its payout open; the run ends without it. */
  async #orTooLate(paying: Promise<unknown>): Promise<unknown> {
    const { clock, sendsForMs } = this.#guard.internals;
    let cancel = () => {};
    const late = new Promise<typeof tooLate>((resolve) => {
      cancel = runAfter(clock, sendsForMs, () => resolve(tooLate), { keepsAlive: true });
    });
    try {
      return await Promise.race([paying, late]);
    } finally {
      cancel();
    }
  }

  /**
   * Gives back the hold of a payout that this run does not pay, and returns its row. A hold that another run took is
   * left to it: it is paid under, or expires.
   */
  async #endUnpaid(index: number, hold: Hold): Promise<BatchRow> {
    const end = this.#opened.resumed.has(index) ? 'refused' : await giveBack(hold);
    if (end === 'unknown') return unread(hold);
    // Another run may have sent it meanwhile.
    const row = end === 'refused' ? await this.#read(hold, false) : rowOf(hold.amount, end);
    return row ? ofAnotherRun(row) : unread(hold);
  }

  /**
   * The row of a payout as the store has it, because the handle does not see what another process did with its hold.
   * Undefined if the store does not respond, or has lost a payout that may have been sent.
   */
  async #read(
    { reference, amount }: Pick<Hold, 'reference' | 'amount'>,
    maybeSent: boolean,
  ): Promise<BatchRow | undefined> {
    try {
      const info = await this.#guard.getHold(reference);
      if (info) return rowOf(amount, info);
      return maybeSent ? undefined : { reference, outcome: 'notSent', amount };
    } catch {
      return undefined;
    }
  }

  #mustStop(): boolean {
    const { errorsInARow, failed, signal } = this.#settings;
    const isOver =
      this.#errorsInARow >= errorsInARow ||
      this.#failed >= failed ||
      signal?.aborted === true ||
      this.#guard.internals.closing.aborted;
    this.hasStopped ||= isOver;
    return this.hasStopped;
  }

  #renewLater(): void {
    const { expiresInMs } = this.#settings;
    const delayMs = Math.floor(expiresInMs / 3);
    this.#cancelRenewal = runAfter(this.#guard.internals.clock, delayMs, () => void this.#renew());
  }

  async #renew(): Promise<void> {
    // One that is lost rejects when it is paid, and is reported then.
    await Promise.allSettled([...this.#unpaid.values()].map((hold) => hold.extend(this.#settings.expiresInMs)));
    if (this.#unpaid.size > 0) this.#renewLater();
  }

  #set(index: number, row: BatchRow): void {
    this.rows[index] = row;
    this.#report(row);
  }

  #report(row: BatchRow): void {
    this.#done += 1;
    const { onProgress } = this.#settings;
    if (!onProgress) return;
    const problem = 'onProgress of a batch threw an error; the batch continues.';
    callListener(onProgress, { row, done: this.#done, total: this.rows.length }, problem);
  }
}

/**
 * Returns true if another run has sent a payout whose payment function did not run here. A store that did not respond,
 * or a guard that began to close, may have marked it as sent for this run.
 */
function isOfAnotherRun({ outcome }: BatchRow, error: unknown): boolean {
  if (outcome !== 'open') return outcome === 'paid' || outcome === 'failed';
  return isPayoutGuardError(error) && error.code !== 'balance_unavailable';
}

/** The row of a payout that cannot be read. Only one that certainly was not sent may be taken for not sent. */
function unread({ reference, amount, state }: Hold): BatchRow {
  return { reference, outcome: state === 'captured' ? 'paid' : 'open', amount };
}

/** Releases a hold that was not sent. `refused`: another run has sent it. `unknown`: the store did not respond. */
async function giveBack(hold: Hold): Promise<HoldInfo | 'refused' | 'unknown'> {
  try {
    return await hold.release({ notSent: true });
  } catch (error) {
    // A release that the store could not take is kept by the guard, and the reservation expires.
    return isSilence(error) ? 'unknown' : 'refused';
  }
}
