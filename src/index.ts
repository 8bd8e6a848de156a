// The guard.

// Contracts.
export type { Clock } from './core/clock.js';
export type { Currency, CurrencyInput } from './core/currency.js';
export type { Decision, DecisionData } from './core/decision.js';
export type { BalanceUnavailableReason, InsufficientFundsStatus, PayoutGuardErrorCode } from './core/errors.js';
// Errors.
export {
  BalanceUnavailableError,
  ConfigurationError,
  CurrencyMismatchError,
  InsufficientFundsError,
  InvalidAmountError,
  isPayoutGuardError,
  PayoutGuardError,
} from './core/errors.js';
export type { CheckOptions, Funds, PayoutGuard, WalletOptions } from './core/guard.js';
export { createPayoutGuard } from './core/guard.js';
export type { AmountInput } from './core/money.js';
// Money.
export { fromMinorUnits } from './core/money.js';
export type { PayoutGuardOptions } from './core/options.js';
export type { BalanceProvider, BalanceRequest, ProviderBalance } from './core/provider.js';
export type { HoldStore, MaybePromise, WalletTotals } from './core/store.js';
export { memoryStore } from './stores/memory/index.js';
