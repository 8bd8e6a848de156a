// One request for a hold: what it asks the store on each snapshot, and what the answers mean.
import { andThen, askStore, storeClockChanges, storeIsRecovering } from './ask-store.js';
import type { PayoutRequirement } from './decider.js';
import { type Decision, decide, limitMinor, type Snapshot } from './decision.js';
import type { PayoutGuardError } from './errors.js';
import { type HoldRecord, isOpen } from './hold.js';
import { DuplicateReferenceError, HoldConflictError, PayoutInProgressError, WalletFrozenError } from './hold-errors.js';
import type { PayoutLimits } from './payout-limits.js';
import type { HoldOutcome, HoldRequest, HoldStore, MaybePromise } from './store.js';

/** The parts of a {@link HoldRequest} that do not depend on the snapshot. */
export type AttemptOptions = Pick<
  HoldRequest,
  'reference' | 'attempt' | 'state' | 'expiresInMs' | 'sendsForMs' | 'fingerprint' | 'metadata'
>;

/** Requests for one hold while the store answers that its day is another one. At midnight there are two. */
const mostDays = 5;

export class HoldAttempt {
  readonly #store: Pick<HoldStore, 'hold'>;
  readonly #requirement: PayoutRequirement;
  readonly #options: AttemptOptions;
  readonly #limits: PayoutLimits | undefined;
  /** The hold, once it was granted. */
  held: HoldRecord | undefined;

  constructor(
    store: Pick<HoldStore, 'hold'>,
    requirement: PayoutRequirement,
    options: AttemptOptions,
    limits: PayoutLimits | undefined,
  ) {
    this.#limits = limits;
    this.#store = store;
    this.#requirement = requirement;
    this.#options = options;
  }

  /** Asks for the hold within what a snapshot allows. Undefined: its mark is of another epoch, and stale. */
  on(snapshot: Snapshot): MaybePromise<Decision | undefined> {
    return this.#on(snapshot, 1);
  }

  #on(snapshot: Snapshot, round: number): MaybePromise<Decision | undefined> {
    const { wallet, requiredMinor: amountMinor } = this.#requirement;
    const { reference, attempt, state, expiresInMs, sendsForMs, fingerprint, metadata } = this.#options;
    const request: HoldRequest = {
      wallet: wallet.key,
      reference,
      attempt,
      amountMinor,
      currency: wallet.currency,
      state,
      expiresInMs,
      sendsForMs,
      epoch: snapshot.epoch,
      limitMinor: limitMinor(snapshot, wallet.floorMinor),
      fingerprint,
      metadata,
      limits: this.#limits?.request,
    };
    const answer = askStore(this.#store, (store) => store.hold(request));
    return andThen(answer, (outcome) => this.#read(snapshot, outcome, round));
  }

  #read(snapshot: Snapshot, answer: HoldOutcome, round: number): MaybePromise<Decision | undefined> {
    switch (answer.outcome) {
      case 'held':
        this.held = answer.hold;
        return decide(snapshot, answer.totals, this.#requirement);
      case 'insufficient':
        return decide(snapshot, answer.totals, this.#requirement);
      case 'stale_epoch':
        return undefined;
      case 'stale_day':
        this.#limits?.seen(answer.nowMs);
        if (round === mostDays) throw storeClockChanges();
        return this.#on(snapshot, round + 1);
      case 'limits_unknown':
      case 'over_limit':
        throw this.#limits?.refused(answer) ?? storeClockChanges();
      case 'exists':
        throw this.referenceConflict(answer.hold, answer.retryAfterMs);
      case 'frozen':
        throw new WalletFrozenError(this.#requirement.wallet.key, answer.frozen);
      case 'recovering':
        throw storeIsRecovering(answer.forMs);
      default:
        return answer satisfies never;
    }
  }

  /** The error for a reference that this hold has. */
  referenceConflict(hold: HoldRecord, retryAfterMs?: number): PayoutGuardError {
    const { wallet, requiredMinor } = this.#requirement;
    const { reference, fingerprint } = this.#options;
    if (hold.wallet !== wallet.key) return new HoldConflictError(reference, 'wallet');
    if (hold.amountMinor !== requiredMinor) return new HoldConflictError(reference, 'amount');
    if (hold.fingerprint !== fingerprint) return new HoldConflictError(reference, 'payee');
    return isOpen(hold.state)
      ? new PayoutInProgressError(reference, retryAfterMs)
      : new DuplicateReferenceError(reference, hold.state);
  }
}
