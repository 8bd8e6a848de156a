// The errors that are about one payout: its reference, its hold, its wallet.
import { isPayoutGuardError, PayoutGuardError } from './errors.js';
import type { HoldState } from './hold.js';

/**
 * A payout with this reference is under way, or its outcome is not known yet: do not send it again. Ask later with the
 * same reference, or look its outcome up.
 */
export class PayoutInProgressError extends PayoutGuardError {
  override readonly name = 'PayoutInProgressError';
  override readonly code = 'payout_in_progress';
  readonly reference: string;
  /** The same request may be repeated; it is answered in the same way until the outcome is known. */
  readonly retryable = true;
  /** Recommended wait before the client retries, in milliseconds. */
  readonly retryAfterMs: number;

  constructor(reference: string, retryAfterMs = 5_000) {
    super(
      'A payout with this reference is under way, or its outcome is not known yet. Do not send it again under ' +
        'another reference; repeat the request later to learn its outcome.',
      { status: 409, expose: true },
    );
    this.reference = reference;
    this.retryAfterMs = retryAfterMs;
  }

  override toJSON(): Record<string, unknown> {
    return { ...super.toJSON(), reference: this.reference, retryable: this.retryable };
  }
}

/** The reference belongs to a payout that was made, or that failed: this one must not be sent under it. */
export class DuplicateReferenceError extends PayoutGuardError {
  override readonly name = 'DuplicateReferenceError';
  override readonly code = 'duplicate_reference';
  readonly reference: string;
  /** The state of the payout that has the reference: `captured` when it was made, `released` when it failed. */
  readonly state: HoldState;

  constructor(reference: string, state: HoldState) {
    super(
      state === 'captured'
        ? 'A payout with this reference was made already.'
        : 'The payout with this reference failed. Use a new reference for another try.',
      { status: 409, expose: true },
    );
    this.reference = reference;
    this.state = state;
  }

  override toJSON(): Record<string, unknown> {
    return { ...super.toJSON(), reference: this.reference, state: this.state };
  }
}

/** A reference of a payroll that another payout has. */
export interface TakenReference {
  readonly reference: string;
  /**
   * The state of the payout that has it: `captured` was made, `released` failed, `reserved` and `sent` are under way.
   */
  readonly state: HoldState;
  /** Present if the payout that has it is another one: of another wallet, amount or payee. */
  readonly difference?: PayoutDifference | undefined;
}

/**
 * Other payouts have some of the references of a payroll, so none of it was held. Leave those payouts out, or hold the
 * payroll with policy `fit`.
 */
export class ReferencesTakenError extends PayoutGuardError {
  override readonly name = 'ReferencesTakenError';
  override readonly code = 'references_taken';
  /** Every reference that is taken, with the state of its payout. */
  readonly taken: readonly TakenReference[];
  /** The same call may be repeated: the holds are those of a call that was refused, and are undone soon. */
  readonly retryable: boolean;
  /** Recommended wait before the call is repeated, in milliseconds; only if it is retryable. */
  readonly retryAfterMs: number | undefined;

  constructor(taken: readonly TakenReference[], retryAfterMs?: number) {
    const shown = taken.slice(0, 5).map(({ reference, state }) => `${reference} (${state})`);
    const more = taken.length > shown.length ? ` and ${taken.length - shown.length} more` : '';
    super(
      `References of this payroll belong to other payouts: ${shown.join(', ')}${more}. Nothing was held. Leave those ` +
        "payouts out, or hold the payroll with policy 'fit'.",
      { status: 409, expose: true },
    );
    this.taken = taken;
    this.retryable = retryAfterMs !== undefined;
    this.retryAfterMs = retryAfterMs;
  }

  override toJSON(): Record<string, unknown> {
    return { ...super.toJSON(), retryable: this.retryable, taken: this.taken };
  }
}

/** The ways in which two payouts with one reference may differ. */
export type PayoutDifference = 'amount' | 'wallet' | 'payee';

/** The reference belongs to another payout: of another wallet, amount or payee, or captured with another amount. */
export class HoldConflictError extends PayoutGuardError {
  override readonly name = 'HoldConflictError';
  override readonly code = 'hold_conflict';
  readonly reference: string;
  readonly difference: PayoutDifference;

  constructor(reference: string, difference: PayoutDifference) {
    super(`This reference belongs to a payout with another ${difference}; every payout needs a reference of its own.`, {
      status: 422,
      expose: true,
    });
    this.reference = reference;
    this.difference = difference;
  }

  override toJSON(): Record<string, unknown> {
    return { ...super.toJSON(), reference: this.reference, difference: this.difference };
  }
}

/** The hold is in a state that forbids the call, or there is no hold with the reference. */
export class HoldStateError extends PayoutGuardError {
  override readonly name = 'HoldStateError';
  override readonly code = 'hold_state';
  readonly reference: string;
  /** The state of the hold; `unknown` when there is none, or it was forgotten. */
  readonly state: HoldState | 'unknown';

  /**
   * @param wanted - What the hold cannot be any more, such as `captured`.
   * @param isOvertaken - Another attempt has the reference, so the one that was meant was released.
   */
  constructor(reference: string, state: HoldState | 'unknown', wanted: string, isOvertaken = false) {
    super(messageOf(state, wanted, isOvertaken), { status: 409, expose: true });
    this.reference = reference;
    this.state = state;
  }

  override toJSON(): Record<string, unknown> {
    return { ...super.toJSON(), reference: this.reference, state: this.state };
  }
}

/**
 * The hold belongs to a wallet that this guard does not serve. Another service may: a webhook should be delivered
 * again, or to that service.
 */
export class ForeignWalletError extends PayoutGuardError {
  override readonly name = 'ForeignWalletError';
  override readonly code = 'foreign_wallet';
  readonly reference: string;
  /** The key of the wallet that has the hold. */
  readonly wallet: string;
  /** The call may be repeated at a service that has the wallet. */
  readonly retryable = true;
  readonly retryAfterMs = 60_000;

  constructor(reference: string, wallet: string) {
    super(`The payout belongs to wallet "${wallet}", which this guard does not serve. Nothing was changed.`, {
      status: 503,
      expose: false,
    });
    this.reference = reference;
    this.wallet = wallet;
  }
}

/** An operator has stopped all payouts from the wallet. */
export class WalletFrozenError extends PayoutGuardError {
  override readonly name = 'WalletFrozenError';
  override readonly code = 'wallet_frozen';
  /** The key of the wallet. */
  readonly wallet: string;
  /** Since when. */
  readonly since: Date;
  readonly #reason: string;

  constructor(wallet: string, freeze: { readonly reason: string; readonly sinceMs: number }) {
    super('Payouts from this wallet are stopped for now.', { status: 423, expose: true });
    this.wallet = wallet;
    this.since = new Date(freeze.sinceMs);
    this.#reason = freeze.reason;
  }

  /** The text that the operator gave; for operators. */
  get reason(): string {
    return this.#reason;
  }
}

/**
 * Thrown by **your** payment code when the provider definitely did not make the payout: the hold is released. Any other
 * error leaves the outcome unknown and the money held.
 *
 * It proves one attempt: of nested payouts it releases the innermost that it passes through, and thrown a second time
 * it releases nothing.
 */
export class PayoutRejectedError extends PayoutGuardError {
  override readonly name = 'PayoutRejectedError';
  override readonly code = 'payout_rejected';
  /**
   * True if the payout certainly never reached the provider. Only then may its reference be held again; one that the
   * provider rejected is used up, because the provider may remember it.
   */
  readonly notSent: boolean;
  #isClaimed = false;

  /** @param message - Shown to HTTP clients. */
  constructor(message = 'The payout was rejected.', options: { notSent?: boolean | undefined; cause?: unknown } = {}) {
    super(message, { status: 422, expose: true, cause: options.cause });
    this.notSent = options.notSent === true;
  }

  /** Returns true for the first payout that the rejection passes through. @internal */
  claim(): boolean {
    const isFirst = !this.#isClaimed;
    this.#isClaimed = true;
    return isFirst;
  }
}

/**
 * Returns true for a rejection that no inner payout has claimed, and claims it. By shape, because it may come from
 * another copy of this package.
 */
export function claimRejection(error: unknown): error is PayoutRejectedError {
  return (
    isPayoutGuardError(error) && error.code === 'payout_rejected' && (error as PayoutRejectedError).claim?.() === true
  );
}

function messageOf(state: HoldState | 'unknown', wanted: string, isOvertaken: boolean): string {
  if (state === 'unknown') return `There is no hold with this reference, so it cannot be ${wanted}.`;
  return isOvertaken
    ? `Another attempt has this reference now, so the hold of this one cannot be ${wanted}. Read the hold again.`
    : `The hold is ${state} already, so it cannot be ${wanted}.`;
}
