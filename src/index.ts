// The guard.

export type {
  CheckOptions,
  CloseOptions,
  CloseReport,
  Funds,
  HoldList,
  HoldOptions,
  ListOptions,
  PayOptions,
  ReconcileOptions,
  ReleaseOptions,
  SettleOptions,
  WalletOptions,
  WithHoldOptions,
} from './core/calls.js';
// Types of the guard.
export type { Clock } from './core/clock.js';
export type { Currency, CurrencyInput } from './core/currency.js';
export type { Decision, DecisionData } from './core/decision.js';
// Errors.
export type { BalanceUnavailableReason, PayoutGuardErrorCode } from './core/errors.js';
export {
  BalanceUnavailableError,
  ConfigurationError,
  CurrencyMismatchError,
  InvalidAmountError,
  InvalidArgumentError,
  InvalidReferenceError,
  isPayoutGuardError,
  PayoutGuardError,
} from './core/errors.js';
export type { GuardEvents, LeftOpen, Reconciliation } from './core/events.js';
export { createPayoutGuard } from './core/guard.js';
export type { HoldRecord, HoldState } from './core/hold.js';
export type { PayoutDifference } from './core/hold-errors.js';
export {
  DuplicateReferenceError,
  ForeignWalletError,
  HoldConflictError,
  HoldStateError,
  PayoutInProgressError,
  PayoutRejectedError,
  WalletFrozenError,
} from './core/hold-errors.js';
export type { HoldInfo } from './core/hold-info.js';
export { InsufficientFundsError, type InsufficientFundsStatus } from './core/insufficient-funds.js';
export { type MemoryStoreOptions, memoryStore } from './core/memory-store/index.js';
// Money.
export { fromMinorUnits } from './core/money.js';
export { type ObservingGuard, observing } from './core/observe.js';
export type { ObservedRefusal, ObserveReport } from './core/observe-log.js';
export type { FindWallet, GuardOptions, ManyWallets, OneWallet, PayoutGuardOptions } from './core/options.js';
export type { AmountInput, GuardInternals, Hold, PayoutGuard, PreparedHold, WalletInfo } from './core/payout-guard.js';
// Contracts.
export type {
  BalanceProvider,
  BalanceRequest,
  PayoutAnswer,
  PayoutQuestion,
  ProviderBalance,
  ProviderWebhook,
  WebhookEvent,
} from './core/provider.js';
export type {
  CaptureRequest,
  ClaimPage,
  ClaimRequest,
  ExtendRequest,
  Freeze,
  HoldFilter,
  HoldOutcome,
  HoldPage,
  HoldReading,
  HoldRequest,
  HoldStore,
  MaybePromise,
  ReleaseRequest,
  SendRequest,
  SettleOutcome,
  SettleRequest,
  WalletTotals,
} from './core/store.js';
export { StoreFailure, type StoreFailureCause } from './core/store-failure.js';
export type { Trace, TracedStep } from './core/trace.js';
export type { ErrorVerdict, PayoutVerdict } from './core/verdict.js';
export type { SettleOnlySettings, WalletSettings } from './core/wallet.js';
