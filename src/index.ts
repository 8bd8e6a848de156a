// In the order in which a user meets them.

// Guard

export { createPayoutGuard } from './core/guard.js';
export type { FindWallet, GuardOptions, ManyWallets, OneWallet, PayoutGuardOptions } from './core/options.js';
export type { SettleOnlySettings, WalletSettings } from './core/wallet.js';
export type { LimitedPayout, LimitSettings } from './core/limits.js';
export type { PayoutGuard } from './core/payout-guard.js';
export { type ObservingGuard, observing } from './core/observe.js';
export type { ObservedRefusal, ObserveReport } from './core/observe-log.js';

// Calls

export type {
  CheckOptions,
  HoldOptions,
  HoldAllOptions,
  PayoutToHold,
  WithHoldOptions,
  PayOptions,
  SettleOptions,
  ReleaseOptions,
  ReconcileOptions,
  WalletOptions,
  ListOptions,
  HoldList,
  Funds,
  FundsOptions,
  CloseOptions,
  CloseReport,
  PayoutPlan,
  PlannedAnswer,
  PlannedPayout,
  PlannedWallet,
} from './core/calls.js';
export type { Decision, DecisionData } from './core/decision.js';
export type { DecisionEvent, GuardEvents, LeftOpen, Reconciliation } from './core/events.js';

// Holds

export type { HeldPayouts, Hold, LeftOutPayout, PreparedHold } from './core/payout-guard.js';
export type { HoldInfo } from './core/hold-info.js';
export type { HoldRecord, HoldState } from './core/hold.js';
export type { ErrorVerdict, PayoutVerdict } from './core/verdict.js';

// Errors

export { InsufficientFundsError, type InsufficientFundsStatus } from './core/insufficient-funds.js';
export {
  PayoutGuardError,
  type PayoutGuardErrorCode,
  isPayoutGuardError,
  BalanceUnavailableError,
  type BalanceUnavailableReason,
  ConfigurationError,
  CurrencyMismatchError,
  InvalidAmountError,
  InvalidArgumentError,
  InvalidReferenceError,
} from './core/errors.js';
export {
  PayoutRejectedError,
  PayoutInProgressError,
  DuplicateReferenceError,
  ReferencesTakenError,
  type TakenReference,
  HoldConflictError,
  type PayoutDifference,
  HoldStateError,
  ForeignWalletError,
  WalletFrozenError,
} from './core/hold-errors.js';
export { LimitExceededError, type LimitName, LimitsUnknownError } from './core/limit-errors.js';
export { StoreFailure, type StoreFailureCause } from './core/store-failure.js';

// Money

export type { AmountInput } from './core/money.js';
export type { Currency, CurrencyInput } from './core/currency.js';
export { fromMinorUnits } from './core/money.js';

// Stores

export { memoryStore, type MemoryStoreOptions } from './core/memory-store/index.js';

// Contracts: for adapters and stores of your own, and for tools

export type {
  BalanceProvider,
  BalanceRequest,
  ProviderBalance,
  PayoutQuestion,
  PayoutAnswer,
  ProviderWebhook,
  WebhookEvent,
} from './core/provider.js';
export type {
  HoldStore,
  HoldRequest,
  DayLimits,
  LimitRefusal,
  HoldOutcome,
  HoldAllRequest,
  HoldAllOutcome,
  HoldRefusal,
  HoldSource,
  BatchPayout,
  WalletTotals,
  SettleRequest,
  SendRequest,
  CaptureRequest,
  ReleaseRequest,
  ExtendRequest,
  SettleOutcome,
  HoldReading,
  HoldFilter,
  HoldPage,
  ClaimRequest,
  ClaimPage,
  Freeze,
  MaybePromise,
} from './core/store.js';
export type { Clock } from './core/clock.js';
export type { Trace, TracedStep } from './core/trace.js';
export type { GuardInternals, WalletInfo } from './core/internals.js';
