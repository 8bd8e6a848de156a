// Restores what this process answers for after the database lost data, before it takes any other answer. An epoch that
// is new to this process means that data was, or may have been, lost.
import { withDeadline } from '../../core/deadline.js';
import type { HoldRecord } from '../../core/hold.js';
import { warn } from '../../core/warn.js';
import { type EnteredEpoch, maxRounds } from './entered-epoch.js';
import { KnownFreezes } from './known-freezes.js';
import type { ResolvedSharedOptions } from './options.js';
import { OwnHolds } from './own-holds.js';
import { anyReference, type Requests, type SentOp } from './requests.js';
import { refusals, unavailable } from './store-failure.js';

export class Restoration {
  /** Holds that this process restores. */
  readonly own: OwnHolds = new OwnHolds();
  /** Freezes that this process restores. */
  readonly freezes: KnownFreezes = new KnownFreezes();
  readonly #store: string;
  readonly #requests: Requests;
  readonly #options: ResolvedSharedOptions;
  readonly #epoch: EnteredEpoch;
  readonly #closing: AbortSignal;
  #running: Promise<void> | undefined;
  /** The last epoch that was reported as new. */
  #reportedEpoch: string | undefined;

  /** @param store - Name of the store, for the warning. */
  constructor(
    store: string,
    requests: Requests,
    options: ResolvedSharedOptions,
    epoch: EnteredEpoch,
    closing: AbortSignal,
  ) {
    this.#store = store;
    this.#requests = requests;
    this.#options = options;
    this.#epoch = epoch;
    this.#closing = closing;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** Returns true in the epoch that this process is in. Enters another one at once if there is nothing to restore. */
  isCurrent(epoch: string): boolean {
    if (this.#running !== undefined) return false;
    if (epoch === this.#epoch.id) return true;
    if (this.own.size > 0 || this.freezes.size > 0) return false;
    // With nothing to restore it is enough to know the epoch.
    if (this.#epoch.id !== undefined) this.#report(epoch, 0);
    this.#epoch.enter(epoch);
    return true;
  }

  /**
   * Returns true if the process has left the epoch of an operation since: what was done there may be forgotten, and not
   * be restored any more.
   */
  hasLeft({ sent }: SentOp): boolean {
    return this.#running !== undefined || sent?.entries !== this.#epoch.entries;
  }

  /** Restores holds after an answer of another epoch than the one they are known to be in. */
  enter(): Promise<void> {
    this.#running ??= this.#restore().finally(() => {
      this.#running = undefined;
    });
    return this.untilDone();
  }

  /** Waits for a restoration under way. @throws `BalanceUnavailableError` after the deadline of an operation. */
  untilDone(): Promise<void> {
    const running = this.#running ?? Promise.resolve();
    const onTimeout = () => unavailable(refusals.restoring);
    return withDeadline({ timeoutMs: this.#options.deadlineMs, outer: this.#closing, onTimeout }, () => running);
  }

  async #restore(): Promise<void> {
    // Asked anew: on several connections an answer of an earlier epoch may come after one of a later one.
    let { epoch } = await this.#requests.submit({ kind: 'get', reference: anyReference });
    for (let round = 1; round <= maxRounds; round++) {
      const lost = this.own.notIn(epoch);
      const freezes = this.freezes.notIn(epoch);
      if (this.#epoch.id !== undefined && this.#epoch.id !== epoch) this.#report(epoch, lost.length);
      if (lost.length === 0 && freezes.length === 0) {
        if (this.#epoch.id !== epoch) this.#epoch.enter(epoch);
        return;
      }
      for (const [wallet, freeze] of freezes) {
        const reply = await this.#requests.submit({ kind: 'freeze', wallet, ...freeze });
        if (reply.isExecuted) this.freezes.seen(wallet, freeze, reply.epoch);
        epoch = reply.epoch;
      }
      epoch = await this.#restoreHolds(lost, epoch);
    }
    throw unavailable(refusals.unstable);
  }

  /** Restores a batch at a time: each has the whole deadline, and stays restored if a later one fails. */
  async #restoreHolds(lost: readonly HoldRecord[], seenEpoch: string): Promise<string> {
    const { maxBatch } = this.#options;
    let epoch = seenEpoch;
    for (let from = 0; from < lost.length; from += maxBatch) {
      const batch = lost.slice(from, from + maxBatch);
      const replies = await Promise.all(batch.map((hold) => this.#requests.submit({ kind: 'restore', hold })));
      for (const [index, hold] of batch.entries()) {
        const reply = replies[index];
        epoch = reply?.epoch ?? epoch;
        // A hold whose restore was not executed is restored in the next round.
        if (reply?.isExecuted) this.own.restored(hold, epoch);
      }
    }
    return epoch;
  }

  #report(epoch: string, count: number): void {
    if (this.#reportedEpoch === epoch) return;
    this.#reportedEpoch = epoch;
    warn(
      'PAYOUT_GUARD_EPOCH',
      [
        `The ${this.#store} store lost data, or may have. Restoring ${count} open hold(s) from this process.`,
        'Holds of processes that have since exited cannot be restored: check those payouts with the provider.',
      ].join(' '),
    );
  }
}
