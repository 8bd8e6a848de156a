// Results that many rows of the table share.
import type { Ending, GuardErrorName } from './ending.js';

export const inProgress = '409 payout_in_progress';
export const duplicate = '409 duplicate_reference';

/** An unknown outcome keeps its money and its reference. */
export const sent: Pick<Ending, 'hold' | 'retry'> = { hold: 'sent', retry: inProgress };

type Result = Pick<Ending, 'hold' | 'retry' | 'made'>;

export const captured: Result = { hold: 'captured', retry: duplicate, made: 1 };
export const failed: Result = { hold: 'failed', retry: duplicate, made: 0 };
export const released: Result = { hold: 'released', retry: 'paid', made: 0 };

/** A success without a payment known to the guard. */
export const unpaid = ['PAYOUT_GUARD_NOT_PAID'] as const;

/** An answer that proves nothing, or that no handler gave. */
export const doubted = ['PAYOUT_GUARD_VERDICT'] as const;

/** The answer of `payoutGuardErrors()` to each error when the request cannot have made a payment. */
export const ownAnswer: Readonly<Record<GuardErrorName, string>> = {
  InsufficientFundsError: '422 insufficient_funds',
  BalanceUnavailableError: '503 balance_unavailable',
  InvalidAmountError: '400 invalid_amount',
  InvalidReferenceError: '400 invalid_reference',
  InvalidArgumentError: '400 invalid_argument',
  CurrencyMismatchError: '422 currency_mismatch',
  PayoutInProgressError: inProgress,
  DuplicateReferenceError: duplicate,
  HoldConflictError: '422 hold_conflict',
  HoldStateError: '409 hold_state',
  ForeignWalletError: '503 foreign_wallet',
  WalletFrozenError: '423 wallet_frozen',
  ConfigurationError: '500 configuration',
};

export type Row = Omit<Ending, 'route'>;
