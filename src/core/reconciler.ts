// Settles sent holds whose outcome got lost, by asking the provider what became of the payout.
import { randomUUID } from 'node:crypto';
import { abandonable, sharedController, withDeadline } from './deadline.js';
import { asPayoutGuardError, BalanceUnavailableError } from './errors.js';
import type { Events } from './events.js';
import type { HoldRecord } from './hold.js';
import { holdInfo } from './hold-info.js';
import type { Holds } from './holds.js';
import type { ResolvedOptions } from './options.js';
import type { PayoutAnswer } from './provider.js';
import { parseReference } from './reference.js';
import { askStore } from './store.js';
import { traced } from './trace.js';
import { warn } from './warn.js';

/** What a reconciliation did with the holds it looked at. */
export interface Reconciliation {
  /** Payouts that were made. */
  readonly captured: number;
  /** Payouts that were not made. */
  readonly released: number;
  /** Payouts whose outcome is still not known; their money stays held. */
  readonly open: number;
}

/** Holds that are asked about at the same time. */
const batchSize = 10;
/** Nobody else looks at them meanwhile, in milliseconds: as long as the slowest lookup may take. */
const leaseMs = 60_000;

export class Reconciler {
  readonly #options: ResolvedOptions;
  readonly #holds: Holds;
  readonly #events: Events;
  readonly #owner = randomUUID();
  readonly #closing = sharedController();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<Reconciliation> | undefined;

  constructor(options: ResolvedOptions, holds: Holds, events: Events) {
    this.#options = options;
    this.#holds = holds;
    this.#events = events;
    const { reconcileEveryMs } = options;
    if (reconcileEveryMs > 0) this.#timer = setInterval(() => void this.#runByTimer(), reconcileEveryMs).unref();
  }

  /** Looks at every sent hold of at least this age, one run after the other. */
  async run(olderThanMs: number = this.#options.overdueAfterMs): Promise<Reconciliation> {
    while (this.#running !== undefined) await this.#running.catch(() => {});
    this.#running = this.#run(olderThanMs).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Looks at one hold, however young: for a webhook, which is a hint to ask and not an answer. */
  async runOne(reference: string): Promise<Reconciliation> {
    const hold = await askStore(this.#options.store, (store) => store.get(parseReference(reference)));
    return summary(hold?.state === 'sent' ? [await this.#learn(hold)] : []);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#closing.abort(new BalanceUnavailableError('closed'));
    await this.#running?.catch(() => {});
  }

  // A run by timer has nobody to reject to. A store that is down is tried again next time; it is shown until then.
  async #runByTimer(): Promise<void> {
    try {
      await this.run();
    } catch (error) {
      if (!this.#closing.signal.aborted)
        warn('PAYOUT_GUARD_RECONCILE', 'Overdue payouts could not be looked up.', error);
    }
  }

  async #run(olderThanMs: number): Promise<Reconciliation> {
    const fates: Fate[] = [];
    let after: string | undefined;
    do {
      this.#closing.signal.throwIfAborted();
      const claim = { owner: this.#owner, olderThanMs, leaseMs, limit: batchSize, after };
      const claimed = Promise.resolve(askStore(this.#options.store, (store) => store.claimSent(claim)));
      const page = await abandonable(claimed, this.#closing.signal);
      fates.push(...(await Promise.all(page.holds.map((hold) => this.#learn(hold)))));
      after = page.next;
    } while (after !== undefined);
    const overdue = countOf(fates, 'overdue');
    this.#events.emit('reconciled', () => ({ ...summary(fates), overdue }));
    if (overdue > 0 && !this.#events.hasListener('overdue')) warnOfOverdue(overdue);
    return summary(fates);
  }

  /** Learns what became of one payout, and settles its hold if that is final. */
  async #learn(hold: HoldRecord): Promise<Fate> {
    const { outcome, debited } = believable(await this.#ask(hold), hold);
    try {
      if (outcome === 'completed')
        return (await this.#holds.capture(hold.reference, debited, hold.attempt)) && 'captured';
      if (outcome === 'failed') return (await this.#holds.release(hold.reference, hold.attempt)) && 'released';
    } catch (error) {
      this.#events.emit('unsettled', () => ({ reference: hold.reference, error: asPayoutGuardError(error) }));
    }
    const { clock, overdueAfterMs, currency } = this.#options;
    const ageMs = clock.now() - (hold.sentAtMs ?? hold.createdAtMs);
    if (ageMs < overdueAfterMs) return 'open';
    this.#events.emit('overdue', () => ({ hold: holdInfo(hold, currency), ageMs, outcome }));
    return 'overdue';
  }

  /** The provider's word on a payout; `unknown` when there is nobody to ask, or no answer. */
  async #ask({ reference, wallet }: HoldRecord): Promise<PayoutAnswer> {
    const { lookup, trace, fetchTimeoutMs: timeoutMs } = this.#options;
    if (!lookup) return { outcome: 'unknown' };
    const onTimeout = () => new BalanceUnavailableError('timeout');
    try {
      return await traced(trace, { name: 'lookup', wallet, reference }, () =>
        withDeadline({ timeoutMs, outer: this.#closing.signal, onTimeout }, (signal) =>
          lookup({ reference, wallet, signal }),
        ),
      );
    } catch (error) {
      this.#closing.signal.throwIfAborted();
      this.#events.emit('providerFailure', () => ({ wallet, error: asPayoutGuardError(error) }));
      return { outcome: 'unknown' };
    }
  }
}

/** What became of one hold that was looked at. An `overdue` one is open too. */
type Fate = 'captured' | 'released' | 'open' | 'overdue';

function summary(fates: readonly Fate[]): Reconciliation {
  return {
    captured: countOf(fates, 'captured'),
    released: countOf(fates, 'released'),
    open: countOf(fates, 'open') + countOf(fates, 'overdue'),
  };
}

function countOf(fates: readonly Fate[], wanted: Fate): number {
  return fates.filter((fate) => fate === wanted).length;
}

/**
 * A provider that is asked by reference may answer for an earlier attempt with the same one. That attempt failed, or its hold
 * would not have been released: so "failed" says nothing about this one, and "completed" can only be about it.
 */
function believable(answer: PayoutAnswer, hold: HoldRecord): PayoutAnswer {
  return answer.outcome === 'failed' && hold.heldBefore ? { outcome: 'unknown' } : answer;
}

// Overdue holds are never silent: whoever mounts the guard and listens to nothing still hears of them.
function warnOfOverdue(count: number): void {
  const message = `The outcome of ${count} payout(s) is overdue; their money stays held`;
  warn('PAYOUT_GUARD_OVERDUE', `${message}. List them with listHolds({ state: 'sent' }).`);
}
