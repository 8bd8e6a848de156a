// The guard.

// Contracts.
export type { Clock } from './core/clock.js';
export type { Currency, CurrencyInput } from './core/currency.js';
export type { CheckOptions, WalletOptions } from './core/decider.js';
export type { Decision, DecisionData } from './core/decision.js';
export type { BalanceUnavailableReason, InsufficientFundsStatus, PayoutGuardErrorCode } from './core/errors.js';
// Errors.
export {
  BalanceUnavailableError,
  ConfigurationError,
  CurrencyMismatchError,
  DuplicateReferenceError,
  HoldConflictError,
  HoldStateError,
  InsufficientFundsError,
  InvalidAmountError,
  InvalidReferenceError,
  isPayoutGuardError,
  PayoutGuardError,
  PayoutRejectedError,
  WalletFrozenError,
} from './core/errors.js';
export type { GuardEvents } from './core/events.js';
export type { AttemptResult, Funds, PayoutGuard, ReconcileOptions, WithHoldOptions } from './core/guard.js';
export { createPayoutGuard } from './core/guard.js';
export type { HoldRecord, HoldState } from './core/hold.js';
export type { HoldInfo } from './core/hold-info.js';
export type { Hold, HoldList, HoldOptions, ListOptions } from './core/holds.js';
export type { AmountInput } from './core/money.js';
// Money.
export { fromMinorUnits } from './core/money.js';
export type { PayoutGuardOptions } from './core/options.js';
export { type PayoutVerdict, verdictOf } from './core/outcome.js';
export type {
  BalanceProvider,
  BalanceRequest,
  PayoutAnswer,
  PayoutQuestion,
  ProviderBalance,
} from './core/provider.js';
export type { Reconciliation } from './core/reconciler.js';
export type { ShadowRefusal, ShadowReport } from './core/shadow.js';
export type {
  ClaimRequest,
  Freeze,
  HoldFilter,
  HoldOutcome,
  HoldPage,
  HoldRequest,
  HoldStore,
  MaybePromise,
  SettleOutcome,
  SettleRequest,
  WalletTotals,
} from './core/store.js';
export type { Trace, TracedStep } from './core/trace.js';
export { type MemoryStoreOptions, memoryStore } from './stores/memory/index.js';
