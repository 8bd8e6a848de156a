// Generated from the entry points of the package by scripts/public-types.mjs. DO NOT EDIT.

declare module 'payout-guard' {
  export type AmountInput = string | number | Decimal;
  export interface BalanceProvider {
      readonly name: string;
      readonly accountId?: string | undefined;
      readonly maxReferenceLength?: number | undefined;
      readonly referenceForm?: {
          readonly pattern: RegExp;
          readonly words: string;
      } | undefined;
      readonly debitVisibleAt: 'acceptance' | 'completion' | 'unknown';
      readonly visibleAfterMs?: number | undefined;
      fetchBalance(request: BalanceRequest): Promise<ProviderBalance>;
      lookup?(question: PayoutQuestion): Promise<PayoutAnswer>;
      readonly lookupIsDocumented?: boolean | undefined;
      readonly lookupConcurrency?: number | undefined;
      verdictOfResult?(result: unknown, about: {
          readonly reference: string;
      }): PayoutVerdict | undefined;
      readonly webhook?: ProviderWebhook | undefined;
      readonly callback?: ProviderCallback | undefined;
  }
  export interface BalanceRequest {
      readonly currency: string;
      readonly signal: AbortSignal;
  }
  export class BalanceUnavailableError extends PayoutGuardError {
      readonly name = "BalanceUnavailableError";
      readonly code = "balance_unavailable";
      readonly reason: BalanceUnavailableReason;
      readonly retryAfterMs: number;
      readonly detail: string | undefined;
      constructor(reason: BalanceUnavailableReason, options?: {
          detail?: string | undefined;
          consequence?: string | undefined;
          subject?: string | undefined;
          retryAfterMs?: number | undefined;
          cause?: unknown;
      });
      toJSON(): Record<string, unknown>;
  }
  export type BalanceUnavailableReason = 'unauthorized' | 'forbidden' | 'timeout' | 'network' | 'provider_error' | 'rate_limited' | 'malformed' | 'circuit_open' | 'store' | 'stale' | 'closed';
  export type BatchPayout = Pick<HoldRequest, 'reference' | 'amountMinor' | 'fingerprint' | 'metadata' | 'limits'>;
  export interface CaptureRequest {
      readonly to: 'captured';
      readonly actualMinor?: bigint | undefined;
      readonly visibleInMs: number;
      readonly awaitsOutcome?: boolean | undefined;
  }
  export interface CheckOptions extends WalletOptions {
      fee?: AmountInput | undefined;
      currency?: string | undefined;
  }
  export interface ClaimPage extends HoldPage {
      readonly unserved: readonly string[];
  }
  export interface ClaimRequest {
      readonly wallets: readonly string[];
      readonly owner: string;
      readonly olderThanMs: number;
      readonly leaseMs: number;
      readonly limit: number;
      readonly after?: string | undefined;
      readonly unservedForMs: number;
  }
  export interface Clock {
      now(): number;
      elapsed?(): number;
      after?(delayMs: number, run: () => void): () => void;
  }
  export interface CloseOptions {
      waitMs?: number | undefined;
  }
  export interface CloseReport {
      readonly open: readonly LeftOpen[];
  }
  export class ConfigurationError extends PayoutGuardError {
      readonly name = "ConfigurationError";
      readonly code = "configuration";
      readonly problems: readonly string[];
      constructor(problems: readonly string[], options?: {
          cause?: unknown;
      });
  }
  export interface Currency {
      readonly code: string;
      readonly exponent: number;
  }
  export type CurrencyInput = string | Currency;
  export class CurrencyMismatchError extends PayoutGuardError {
      readonly name = "CurrencyMismatchError";
      readonly code = "currency_mismatch";
      readonly expected: string;
      readonly actual: string;
      readonly source: 'provider' | 'caller';
      constructor(expected: string, actual: string, source: 'provider' | 'caller');
  }
  export interface DayLimits {
      readonly day: number;
      readonly startMs: number;
      readonly endMs: number;
      readonly perDayMinor?: bigint | undefined;
      readonly payee?: string | undefined;
      readonly perPayeeMinor?: bigint | undefined;
      readonly countSinceStart?: boolean | undefined;
  }
  export class Decision {
      #private;
      constructor(snapshot: Snapshot, totals: WalletTotals, requirement: Requirement, spendable: bigint);
      requiredMinor(): bigint;
      get sufficient(): boolean;
      get temporary(): boolean;
      get wallet(): string;
      get currency(): string;
      get required(): string;
      get available(): string;
      get floor(): string;
      get held(): string;
      get capturedSince(): string;
      get spendable(): string;
      get shortfall(): string;
      get asOf(): Date;
      toData(): DecisionData;
      toJSON(): Pick<DecisionData, 'sufficient' | 'temporary' | 'wallet' | 'currency'>;
  }
  export interface DecisionData {
      readonly sufficient: boolean;
      readonly temporary: boolean;
      readonly wallet: string;
      readonly currency: string;
      readonly required: string;
      readonly available: string;
      readonly floor: string;
      readonly held: string;
      readonly capturedSince: string;
      readonly spendable: string;
      readonly shortfall: string;
      readonly asOf: string;
  }
  export interface DecisionEvent {
      readonly decision: Decision;
      readonly reference?: string | undefined;
      readonly payouts?: number | undefined;
  }
  export class DuplicateReferenceError extends PayoutGuardError {
      readonly name = "DuplicateReferenceError";
      readonly code = "duplicate_reference";
      readonly reference: string;
      readonly state: HoldState;
      constructor(reference: string, state: HoldState);
      toJSON(): Record<string, unknown>;
  }
  export type ErrorVerdict = 'failed' | 'not_sent' | 'unknown';
  export interface ExtendRequest {
      readonly to: 'reserved';
      readonly expiresInMs: number;
  }
  export type FindWallet = (key: string) => MaybePromise<WalletSettings | SettleOnlySettings | undefined>;
  export class ForeignWalletError extends PayoutGuardError {
      readonly name = "ForeignWalletError";
      readonly code = "foreign_wallet";
      readonly reference: string;
      readonly wallet: string;
      readonly retryable = true;
      readonly retryAfterMs = 60000;
      constructor(reference: string, wallet: string);
  }
  export interface Freeze {
      readonly reason: string;
      readonly sinceMs: number;
  }
  export interface Funds {
      readonly wallet: string;
      readonly currency: string;
      readonly available: string;
      readonly held: string;
      readonly spendable: string;
      readonly floor: string;
      readonly asOf: Date;
      readonly ageMs: number;
      readonly frozen?: {
          readonly reason: string;
          readonly since: Date;
      };
      readonly details: Readonly<Record<string, string>>;
  }
  export interface FundsOptions extends WalletOptions {
      staleForDisplayMs?: number | undefined;
  }
  export interface GuardEvents {
      approved: DecisionEvent;
      insufficient: DecisionEvent;
      checkFailed: {
          readonly error: PayoutGuardError;
          readonly wallet?: string | undefined;
          readonly reference?: string | undefined;
          readonly payouts?: number | undefined;
      };
      frozen: {
          readonly wallet: string;
          readonly reason?: string | undefined;
      };
      limitsUnknown: {
          readonly wallet: string;
          readonly since: Date;
          readonly until: Date;
      };
      limitsAccepted: {
          readonly wallet: string;
      };
      held: {
          readonly hold: HoldInfo;
      };
      captured: {
          readonly hold: HoldInfo;
      };
      debitAboveHold: {
          readonly hold: HoldInfo;
      };
      released: {
          readonly hold: HoldInfo;
          readonly reason?: string | undefined;
      };
      expired: {
          readonly hold: HoldInfo;
      };
      paidAfterRelease: {
          readonly hold: HoldInfo;
          readonly attempt: string;
          readonly perhapsTwice: boolean;
      };
      paidTwice: {
          readonly hold: HoldInfo;
          readonly times: number;
      };
      failedAfterCapture: {
          readonly hold: HoldInfo;
      };
      overdue: {
          readonly hold: HoldInfo;
          readonly ageMs: number;
          readonly outcome: PayoutVerdict;
      };
      neverSeen: {
          readonly hold: HoldInfo;
          readonly ageMs: number;
      };
      lookupFindsNothing: {
          readonly wallet: string;
          readonly inARow: number;
      };
      orphanWallet: {
          readonly wallet: string;
      };
      reconciled: Reconciliation & {
          readonly overdue: number;
      };
      settlementFailed: {
          readonly reference: string;
          readonly wallet: string;
          readonly error: PayoutGuardError;
          readonly retried: boolean;
      };
      contradiction: {
          readonly reference: string;
          readonly wallet: string;
          readonly attempt: string;
          readonly wanted: 'captured' | 'released';
          readonly found: HoldState | 'unknown';
      };
      leftOpen: LeftOpen;
      snapshot: {
          readonly wallet: string;
          readonly available: string;
          readonly currency: string;
          readonly asOf: Date;
          readonly receivedAt: Date;
          readonly capturedMark: string;
          readonly epoch: string;
      };
      providerFailure: {
          readonly wallet: string;
          readonly error: PayoutGuardError;
      };
      storeFailure: {
          readonly store: string;
          readonly operation: StoreOperation;
          readonly wallet?: string | undefined;
          readonly cause: StoreFailureCause;
          readonly code: string;
          readonly what: string;
          readonly advice: string;
          readonly count: number;
      };
  }
  export interface GuardInternals {
      readonly store: HoldStore;
      readonly clock: Clock;
      readonly observes: boolean;
      readonly overdueAfterMs: number;
      readonly refuse: (error: unknown) => void;
      readonly attach: (work: AttachedWork) => void;
      readonly sendsForMs: number;
      readonly tap: Listen;
      readonly wallets: () => readonly WalletInfo[];
      readonly lookUp: (reference: string) => Promise<EventOutcome>;
      readonly wallet: (key?: string) => WalletInfo;
      readonly readPayouts: (payouts: readonly PayoutToHold[], wallet?: string) => Promise<PayoutsOfWallet>;
      readonly closing: AbortSignal;
  }
  export interface GuardOptions {
      cache?: {
          maxAgeMs?: number | undefined;
          maxWallets?: number | undefined;
      } | undefined;
      minRefreshMs?: number | undefined;
      fetchTimeoutMs?: number | undefined;
      holdExpiresInMs?: number | undefined;
      payWithinMs?: number | undefined;
      overdueAfterMs?: number | undefined;
      reconcileEveryMs?: number | undefined;
      lookupsPerSecond?: number | undefined;
      trace?: Trace | undefined;
      store?: HoldStore | undefined;
      insufficientFundsStatus?: InsufficientFundsStatus | undefined;
      clock?: Clock | undefined;
  }
  export interface HeldPayouts {
      readonly wallet: string;
      readonly currency: string;
      readonly holds: readonly Hold[];
      readonly leftOut: readonly LeftOutPayout[];
      readonly required: string;
      readonly held: string;
      readonly missing: string;
      readonly decision: Decision;
  }
  export interface Hold {
      readonly reference: string;
      readonly wallet: string;
      readonly attempt: string;
      readonly amount: string;
      readonly currency: string;
      readonly state: HoldState;
      readonly isPaying: boolean;
      readonly decision: Decision | undefined;
      readonly signal: AbortSignal;
      readonly pay: <T>(fn: (hold: Hold) => T | Promise<T>, options?: PayOptions) => Promise<T>;
      readonly sent: () => Promise<HoldInfo>;
      readonly extend: (ms: number) => Promise<HoldInfo>;
      readonly capture: (actual?: AmountInput) => Promise<HoldInfo>;
      readonly release: (options?: {
          notSent?: boolean | undefined;
      }) => Promise<HoldInfo>;
  }
  export interface HoldAllOptions extends WalletOptions, Pick<HoldOptions, 'currency' | 'expiresInMs'> {
      policy: 'all' | 'fit';
      order?: 'given' | 'smallestFirst' | undefined;
  }
  export type HoldAllOutcome = {
      readonly outcome: 'done';
      readonly holds: readonly HoldOutcome[];
  } | {
      readonly outcome: 'refused';
      readonly refusals: readonly HoldRefusal[];
      readonly totals?: WalletTotals | undefined;
  } | {
      readonly outcome: 'illegal';
      readonly hold: HoldRecord | undefined;
  };
  export interface HoldAllRequest extends Pick<HoldRequest, 'wallet' | 'attempt' | 'currency' | 'expiresInMs' | 'epoch' | 'limitMinor'> {
      readonly policy: 'all' | 'fit';
      readonly from?: HoldSource | undefined;
      readonly payouts: readonly BatchPayout[];
  }
  export class HoldConflictError extends PayoutGuardError {
      readonly name = "HoldConflictError";
      readonly code = "hold_conflict";
      readonly reference: string;
      readonly difference: PayoutDifference;
      constructor(reference: string, difference: PayoutDifference);
      toJSON(): Record<string, unknown>;
  }
  export interface HoldFilter {
      readonly wallets?: readonly string[] | undefined;
      readonly state?: HoldState | undefined;
      readonly olderThanMs?: number | undefined;
      readonly limit: number;
      readonly after?: string | undefined;
  }
  export interface HoldInfo {
      readonly reference: string;
      readonly wallet: string;
      readonly state: HoldState;
      readonly attempt: string;
      readonly amount: string;
      readonly currency: string;
      readonly captured?: string;
      readonly createdAt: Date;
      readonly expiresAt?: Date;
      readonly sentAt?: Date;
      readonly endedAt?: Date;
      readonly failed?: true;
      readonly awaitsOutcome?: true;
      readonly metadata: Readonly<Record<string, string>>;
  }
  export interface HoldList {
      readonly holds: readonly HoldInfo[];
      readonly next?: string | undefined;
  }
  export interface HoldOptions extends CheckOptions {
      amount: AmountInput;
      reference: string;
      state?: 'reserved' | 'sent' | undefined;
      expiresInMs?: number | undefined;
      fingerprint?: string | undefined;
      metadata?: Readonly<Record<string, string>> | undefined;
  }
  export type HoldOutcome = {
      readonly outcome: 'held';
      readonly hold: HoldRecord;
      readonly totals: WalletTotals;
  } | {
      readonly outcome: 'insufficient';
      readonly totals: WalletTotals;
  } | {
      readonly outcome: 'stale_epoch';
      readonly totals: WalletTotals;
  } | {
      readonly outcome: 'recovering';
      readonly forMs: number;
  } | {
      readonly outcome: 'frozen';
      readonly frozen: Freeze;
  } | LimitRefusal | {
      readonly outcome: 'exists';
      readonly hold: HoldRecord;
      readonly retryAfterMs?: number | undefined;
  };
  export interface HoldPage {
      readonly holds: readonly HoldRecord[];
      readonly next?: string | undefined;
      readonly nowMs: number;
  }
  export interface HoldReading {
      readonly hold: HoldRecord | undefined;
      readonly nowMs: number;
      readonly recoveringForMs?: number | undefined;
  }
  export interface HoldRecord {
      readonly reference: string;
      readonly wallet: string;
      readonly state: HoldState;
      readonly attempt: string;
      readonly amountMinor: bigint;
      readonly currency: Currency;
      readonly capturedMinor?: bigint | undefined;
      readonly createdAtMs: number;
      readonly expiresAtMs?: number | undefined;
      readonly sentAtMs?: number | undefined;
      readonly sender?: string | undefined;
      readonly sendsUntilMs?: number | undefined;
      readonly endedAtMs?: number | undefined;
      readonly visibleAtMs?: number | undefined;
      readonly turn?: number | undefined;
      readonly failed?: boolean | undefined;
      readonly awaitsOutcome?: boolean | undefined;
      readonly fingerprint?: string | undefined;
      readonly day?: number | undefined;
      readonly payee?: string | undefined;
      readonly metadata: Readonly<Record<string, string>>;
  }
  export type HoldRefusal = {
      readonly reference: string;
  } & Exclude<HoldOutcome, {
      readonly outcome: 'held';
  }>;
  export interface HoldRequest {
      readonly wallet: string;
      readonly reference: string;
      readonly attempt: string;
      readonly amountMinor: bigint;
      readonly currency: Currency;
      readonly state: 'reserved' | 'sent';
      readonly expiresInMs: number;
      readonly sendsForMs: number;
      readonly epoch: string;
      readonly limitMinor: bigint;
      readonly fingerprint?: string | undefined;
      readonly metadata: Readonly<Record<string, string>>;
      readonly limits?: DayLimits | undefined;
  }
  export interface HoldSource {
      readonly reference: string;
      readonly attempt: string;
  }
  export type HoldState = 'reserved' | 'sent' | 'captured' | 'released';
  export class HoldStateError extends PayoutGuardError {
      readonly name = "HoldStateError";
      readonly code = "hold_state";
      readonly reference: string;
      readonly state: HoldState | 'unknown';
      constructor(reference: string, state: HoldState | 'unknown', wanted: string, isOvertaken?: boolean);
      toJSON(): Record<string, unknown>;
  }
  export interface HoldStore {
      readonly name: string;
      readonly limits?: 'durable' | 'process' | undefined;
      totals(wallet: string): MaybePromise<WalletTotals>;
      hold(request: HoldRequest): MaybePromise<HoldOutcome>;
      readonly maxPayouts?: number | undefined;
      holdAll(request: HoldAllRequest): MaybePromise<HoldAllOutcome>;
      settle(request: SettleRequest): MaybePromise<SettleOutcome>;
      get(reference: string): MaybePromise<HoldReading>;
      list(filter: HoldFilter): MaybePromise<HoldPage>;
      claim(request: ClaimRequest): MaybePromise<ClaimPage>;
      freeze(wallet: string, reason: string | undefined): MaybePromise<void>;
      acceptLimits?(wallet: string): MaybePromise<void>;
      note(key: string): MaybePromise<string | undefined>;
      swapNote(key: string, expected: string | undefined, value: string | undefined): MaybePromise<boolean>;
      close(): Promise<void>;
  }
  export class InsufficientFundsError extends PayoutGuardError {
      #private;
      readonly name = "InsufficientFundsError";
      readonly code = "insufficient_funds";
      constructor(decision: Decision, status?: InsufficientFundsStatus);
      get decision(): Decision;
      get required(): string;
      get available(): string;
      get held(): string;
      get spendable(): string;
      get shortfall(): string;
      get currency(): string;
      get wallet(): string;
      get asOf(): Date;
      get temporary(): boolean;
      toJSON(): Record<string, unknown>;
  }
  export type InsufficientFundsStatus = 402 | 409 | 422;
  export class InvalidAmountError extends PayoutGuardError {
      readonly name = "InvalidAmountError";
      readonly code = "invalid_amount";
      constructor(problem: string, options?: {
          cause?: unknown;
      });
  }
  export class InvalidArgumentError extends PayoutGuardError {
      readonly name = "InvalidArgumentError";
      readonly code = "invalid_argument";
      readonly argument: string;
      constructor(argument: string, rule: string, options?: {
          cause?: unknown;
      });
  }
  export class InvalidReferenceError extends PayoutGuardError {
      readonly name = "InvalidReferenceError";
      readonly code = "invalid_reference";
      constructor(options?: {
          longest?: number | undefined;
          form?: string | undefined;
          cause?: unknown;
      });
  }
  export interface LeftOpen {
      readonly reference: string;
      readonly wallet: string;
      readonly attempt: string;
      readonly pending: 'paying' | 'captured' | 'released' | 'failed';
  }
  export type LeftOutPayout = {
      readonly reference: string;
      readonly amount: string;
      readonly reason: 'insufficient';
  } | {
      readonly reference: string;
      readonly amount: string;
      readonly reason: 'limit';
      readonly limit: LimitName;
  } | ({
      readonly amount: string;
      readonly reason: 'taken';
  } & TakenReference);
  export class LimitExceededError extends PayoutGuardError {
      #private;
      readonly name = "LimitExceededError";
      readonly code = "limit_exceeded";
      readonly wallet: string;
      readonly limit: LimitName;
      readonly temporary: boolean;
      readonly until: Date | undefined;
      readonly retryAfterMs: number | undefined;
      constructor(facts: LimitFacts);
      get required(): string;
      get allowed(): string;
      get used(): string;
      get remaining(): string;
      get currency(): string;
      toJSON(): Record<string, unknown>;
  }
  export type LimitName = 'perPayout' | 'perPayee' | 'perDay';
  export type LimitRefusal = {
      readonly outcome: 'stale_day';
      readonly nowMs: number;
  } | {
      readonly outcome: 'limits_unknown';
      readonly sinceMs: number;
      readonly nowMs: number;
  } | {
      readonly outcome: 'over_limit';
      readonly limit: 'perPayee' | 'perDay';
      readonly usedMinor: bigint;
      readonly nowMs: number;
  };
  export interface LimitSettings {
      perPayout?: AmountInput | undefined;
      perPayee?: {
          perDay: AmountInput;
          key?: ((payout: LimitedPayout) => string | undefined) | undefined;
      } | undefined;
      perDay?: AmountInput | undefined;
      timeZone?: string | undefined;
      countSinceStart?: boolean | undefined;
  }
  export interface LimitedPayout {
      readonly amount: AmountInput;
      readonly reference: string;
      readonly fingerprint?: string | undefined;
      readonly metadata?: Readonly<Record<string, string>> | undefined;
  }
  export class LimitsUnknownError extends PayoutGuardError {
      readonly name = "LimitsUnknownError";
      readonly code = "limits_unknown";
      readonly wallet: string;
      readonly since: Date;
      readonly until: Date;
      readonly retryAfterMs: number;
      constructor(wallet: string, about: {
          sinceMs: number;
          untilMs: number;
          nowMs: number;
          timeZone: string;
      });
      toJSON(): Record<string, unknown>;
  }
  export interface ListOptions {
      wallet?: string | undefined;
      state?: HoldState | undefined;
      olderThanMs?: number | undefined;
      limit?: number | undefined;
      after?: string | undefined;
  }
  export interface ManyWallets {
      wallets: Readonly<Record<string, WalletSettings | SettleOnlySettings>> | FindWallet;
  }
  export type MaybePromise<T> = T | Promise<T>;
  export interface MemoryStoreOptions {
      rememberFinished?: number | undefined;
      clock?: Clock | undefined;
  }
  export interface ObserveReport {
      readonly since: Date;
      readonly approved: number;
      readonly refused: number;
      readonly refusedBy: Readonly<Partial<Record<PayoutGuardErrorCode, number>>>;
      readonly refusals: readonly ObservedRefusal[];
      readonly overspent: Readonly<Record<string, string>>;
  }
  export interface ObservedRefusal {
      readonly at: Date;
      readonly code: PayoutGuardErrorCode;
      readonly reason?: BalanceUnavailableReason;
      readonly wallet?: string;
      readonly reference?: string;
      readonly required?: string;
      readonly spendable?: string;
  }
  export interface ObservingGuard extends PayoutGuard {
      readonly report: () => ObserveReport;
  }
  export type OneWallet = WalletSettings & {
      wallets?: undefined;
  };
  export interface PayOptions {
      settles?: 'onReturn' | undefined;
      returns?: 'providerAnswer' | undefined;
  }
  export interface PayoutAnswer {
      readonly outcome: PayoutVerdict;
      readonly debited?: string | undefined;
      readonly timesPaid?: number | undefined;
      readonly absent?: boolean | undefined;
  }
  export type PayoutDifference = 'amount' | 'wallet' | 'payee';
  export interface PayoutGuard {
      readonly assertSufficientFunds: (amount: AmountInput, options?: CheckOptions) => Promise<Decision>;
      readonly checkFunds: (amount: AmountInput, options?: CheckOptions) => Promise<Decision>;
      readonly funds: (options?: FundsOptions) => Promise<Funds>;
      readonly hold: (options: HoldOptions | (() => HoldOptions)) => Promise<Hold>;
      readonly holdAll: (payouts: readonly PayoutToHold[], options: HoldAllOptions) => Promise<HeldPayouts>;
      readonly plan: (payouts: readonly PlannedPayout[]) => Promise<PayoutPlan>;
      readonly prepare: (options: HoldOptions) => Promise<PreparedHold>;
      readonly resume: (reference: string) => Promise<Hold>;
      readonly withHold: <T>(options: WithHoldOptions, fn: (hold: Hold) => T | Promise<T>) => Promise<T>;
      readonly capture: (reference: string, actual?: AmountInput, options?: SettleOptions) => Promise<HoldInfo>;
      readonly release: (reference: string, options?: ReleaseOptions) => Promise<HoldInfo>;
      readonly getHold: (reference: string) => Promise<HoldInfo | undefined>;
      readonly listHolds: (options?: ListOptions) => Promise<HoldList>;
      readonly reconcile: (options?: ReconcileOptions) => Promise<Reconciliation>;
      readonly freeze: (wallet: string, reason: string) => Promise<void>;
      readonly unfreeze: (wallet: string) => Promise<void>;
      readonly acceptLimits: (wallet: string) => Promise<void>;
      readonly on: Listen;
      readonly close: (options?: CloseOptions) => Promise<CloseReport>;
      readonly [Symbol.asyncDispose]: () => Promise<void>;
      readonly internals: GuardInternals;
  }
  export abstract class PayoutGuardError extends Error {
      abstract readonly code: PayoutGuardErrorCode;
      readonly status: number;
      readonly statusCode: number;
      readonly expose: boolean;
      constructor(message: string, options: {
          status: number;
          expose: boolean;
          cause?: unknown;
      });
      toJSON(): Record<string, unknown>;
  }
  export type PayoutGuardErrorCode = 'insufficient_funds' | 'limit_exceeded' | 'limits_unknown' | 'balance_unavailable' | 'invalid_amount' | 'invalid_reference' | 'invalid_argument' | 'currency_mismatch' | 'payout_in_progress' | 'duplicate_reference' | 'references_taken' | 'hold_conflict' | 'hold_state' | 'foreign_wallet' | 'wallet_frozen' | 'payout_rejected' | 'configuration';
  export type PayoutGuardOptions = GuardOptions & (OneWallet | ManyWallets);
  export class PayoutInProgressError extends PayoutGuardError {
      readonly name = "PayoutInProgressError";
      readonly code = "payout_in_progress";
      readonly reference: string;
      readonly retryable = true;
      readonly retryAfterMs: number;
      constructor(reference: string, retryAfterMs?: number);
      toJSON(): Record<string, unknown>;
  }
  export interface PayoutPlan {
      readonly payouts: readonly PlannedAnswer[];
      readonly wallets: readonly PlannedWallet[];
  }
  export interface PayoutQuestion {
      readonly reference: string;
      readonly currency: string;
      readonly sentAtMs: number;
      readonly signal: AbortSignal;
  }
  export class PayoutRejectedError extends PayoutGuardError {
      #private;
      readonly name = "PayoutRejectedError";
      readonly code = "payout_rejected";
      readonly notSent: boolean;
      constructor(message?: string, options?: {
          notSent?: boolean | undefined;
          cause?: unknown;
      });
      claim(): boolean;
  }
  export interface PayoutToHold extends Pick<HoldOptions, 'amount' | 'reference' | 'fee' | 'fingerprint' | 'metadata'> {
  }
  export type PayoutVerdict = 'completed' | 'pending' | 'failed' | 'unknown';
  export interface PlannedAnswer {
      readonly wallet: string;
      readonly reference: string;
      readonly currency: string;
      readonly amount: string;
      readonly fee: string;
      readonly required: string;
      readonly answer: 'fits' | 'does not fit' | 'over limit' | 'frozen' | 'taken';
      readonly limit?: LimitName;
      readonly state?: HoldState;
  }
  export interface PlannedPayout extends Pick<PayoutToHold, 'reference' | 'amount' | 'fee'> {
      readonly wallet?: string | undefined;
  }
  export interface PlannedWallet {
      readonly wallet: string;
      readonly currency: string;
      readonly spendable: string;
      readonly required: string;
      readonly fits: string;
      readonly missing: string;
      readonly fitsFrom?: Date;
      readonly frozen: boolean;
  }
  export interface PreparedHold {
      readonly reference: string;
      readonly decision: Decision;
      readonly hold: (store: Pick<HoldStore, 'hold'>) => Promise<Hold>;
  }
  export interface ProviderBalance {
      readonly available: string;
      readonly currency: string;
      readonly asOfMs?: number | undefined;
      readonly details?: Readonly<Record<string, string>> | undefined;
  }
  export interface ProviderWebhook {
      read(rawBody: Uint8Array, headers: Readonly<Record<string, string | readonly string[] | undefined>>): WebhookEvent | undefined | Promise<WebhookEvent | undefined>;
  }
  export interface ReconcileOptions {
      olderThanMs?: number | undefined;
      reference?: string | undefined;
  }
  export interface Reconciliation {
      readonly captured: number;
      readonly released: number;
      readonly open: number;
      readonly neverSeen: readonly HoldInfo[];
  }
  export class ReferencesTakenError extends PayoutGuardError {
      readonly name = "ReferencesTakenError";
      readonly code = "references_taken";
      readonly taken: readonly TakenReference[];
      readonly retryable: boolean;
      readonly retryAfterMs: number | undefined;
      constructor(taken: readonly TakenReference[], retryAfterMs?: number);
      toJSON(): Record<string, unknown>;
  }
  export interface ReleaseOptions extends SettleOptions {
      reason?: string | undefined;
  }
  export interface ReleaseRequest {
      readonly to: 'released';
      readonly notSent?: boolean | undefined;
      readonly sender?: string | undefined;
  }
  export interface SendRequest {
      readonly to: 'sent';
      readonly sendsForMs: number;
      readonly sender?: string | undefined;
      readonly check?: {
          readonly epoch: string;
          readonly limitMinor: bigint;
      } | undefined;
  }
  export interface SettleOnlySettings {
      settleOnly: true;
      providerName: string;
      currency: CurrencyInput;
      lookup?: BalanceProvider['lookup'] | undefined;
      visibilityLagMs?: number | undefined;
  }
  export interface SettleOptions {
      attempt?: string | undefined;
  }
  export type SettleOutcome = {
      readonly outcome: 'done';
      readonly hold: HoldRecord;
  } | {
      readonly outcome: 'late';
      readonly hold: HoldRecord;
  } | {
      readonly outcome: 'already';
      readonly hold: HoldRecord;
  } | {
      readonly outcome: 'illegal';
      readonly hold: HoldRecord;
  } | {
      readonly outcome: 'unknown';
  } | {
      readonly outcome: 'recovering';
      readonly forMs: number;
  } | {
      readonly outcome: 'frozen';
      readonly frozen: Freeze;
  } | {
      readonly outcome: 'insufficient';
      readonly totals: WalletTotals;
  } | {
      readonly outcome: 'stale_epoch';
      readonly totals: WalletTotals;
  };
  export type SettleRequest = Settlement & {
      readonly reference: string;
      readonly attempt?: string | undefined;
  };
  export class StoreFailure extends Error {
      readonly name = "StoreFailure";
      readonly failure: string;
      readonly kind: StoreFailureCause;
      readonly what: string;
      readonly advice: string;
      constructor(failure: string, kind: StoreFailureCause, what: string, advice: string);
  }
  export type StoreFailureCause = (typeof storeFailureCauses)[number];
  export interface TakenReference {
      readonly reference: string;
      readonly state: HoldState;
      readonly difference?: PayoutDifference | undefined;
  }
  export type Trace = <T>(step: TracedStep, run: () => T) => T;
  export interface TracedStep {
      readonly name: 'hold' | 'hold_all' | 'sent' | 'capture' | 'release' | 'fetch_balance' | 'lookup';
      readonly wallet?: string | undefined;
      readonly reference?: string | undefined;
  }
  export class WalletFrozenError extends PayoutGuardError {
      #private;
      readonly name = "WalletFrozenError";
      readonly code = "wallet_frozen";
      readonly wallet: string;
      readonly since: Date;
      constructor(wallet: string, freeze: {
          readonly reason: string;
          readonly sinceMs: number;
      });
      get reason(): string;
  }
  export interface WalletInfo {
      readonly key: string;
      readonly currency: Currency;
      readonly providerName: string;
      readonly accountId: string | undefined;
      readonly isSettledOnly: boolean;
      readonly hasLookup: boolean;
      readonly hasDailyLimits: boolean;
      readonly debits: {
          readonly visibleAt: BalanceProvider['debitVisibleAt'];
          readonly lagMs: number;
      };
      readonly webhook: ProviderWebhook | undefined;
      readonly callback: ProviderCallback | undefined;
  }
  export interface WalletOptions {
      wallet?: string | undefined;
      refresh?: boolean | undefined;
      signal?: AbortSignal | undefined;
  }
  export interface WalletSettings {
      provider: BalanceProvider;
      currency: CurrencyInput;
      floor?: AmountInput | undefined;
      alwaysRefreshAbove?: AmountInput | undefined;
      debitVisibleAt?: BalanceProvider['debitVisibleAt'] | undefined;
      visibilityLagMs?: number | undefined;
      settles?: 'onReturn' | undefined;
      returns?: 'providerAnswer' | undefined;
      verdictOfResult?: ((result: unknown, about: {
          readonly reference: string;
      }) => PayoutVerdict) | undefined;
      verdictOf?: ((error: unknown, about: {
          readonly reference: string;
      }) => ErrorVerdict) | undefined;
      lookup?: BalanceProvider['lookup'] | undefined;
      absentIsFailedAfterMs?: number | undefined;
      limits?: LimitSettings | undefined;
      formerly?: readonly string[] | undefined;
  }
  export interface WalletTotals {
      readonly epoch: string;
      readonly active: bigint;
      readonly captured: bigint;
      readonly recoveringForMs?: number | undefined;
      readonly frozen?: Freeze | undefined;
  }
  export interface WebhookEvent {
      readonly reference: string | undefined;
  }
  export interface WithHoldOptions extends Omit<HoldOptions, 'state' | 'expiresInMs'>, PayOptions {
  }
  export function createPayoutGuard(options: PayoutGuardOptions): PayoutGuard;
  export function fromMinorUnits(minor: bigint, currency: CurrencyInput): string;
  export function isPayoutGuardError(value: unknown): value is PayoutGuardError;
  export function memoryStore(options?: MemoryStoreOptions): HoldStore;
  export function observing(guard: PayoutGuard): ObservingGuard;
}

declare module 'payout-guard/express' {
  export interface CheckingRouteOptions extends CheckingRoute<Source> {
  }
  export interface HoldingRouteOptions extends HoldingRoute<Source> {
  }
  export type Pay = <T>(fn: (hold: Hold) => T | Promise<T>, options?: PayOptions) => Promise<T>;
  export interface PayoutGuardErrorsOptions extends ProblemOptions {
  }
  export type PayoutHandler = (req: Request, res: Response, pay: Pay) => unknown;
  export interface PayoutRouteOptions extends RoutePayout<[
      req: Request,
      res: Response
  ]> {
  }
  export type PayoutWebhookOptions = WebhookReceiverOptions;
  export type RequireSufficientFundsOptions = HoldingRouteOptions | CheckingRouteOptions;
  export function holdOf(res: Response): Hold | undefined;
  export function payoutGuardErrors(options?: PayoutGuardErrorsOptions): ErrorRequestHandler;
  export function payoutRoute(guard: PayoutGuard, options: PayoutRouteOptions, handler: PayoutHandler): RequestHandler;
  export function payoutWebhook(guard: PayoutGuard, options?: PayoutWebhookOptions): RequestHandler;
  export function requireSufficientFunds(guard: PayoutGuard, options: RequireSufficientFundsOptions): RequestHandler;
}

declare module 'payout-guard/fastify' {
  export type FastifyHandler<Body> = (...request: Source<Body>) => Promise<Any>;
  export { Pay } from 'payout-guard/express';
  export interface PayoutGuardPluginOptions extends ProblemOptions {
      errors?: boolean | undefined;
  }
  export interface PayoutRouteOptions<Body = Any> extends RoutePayout<Source<Body>> {
  }
  export type RequestOf<Body> = FastifyRequest & {
      body: Body;
  };
  export type RequireSufficientFundsOptions<Body = Any> = FundsOptions<Source<Body>>;
  export function mountConsole(serve: (request: FastifyRequest['raw'], response: FastifyReply['raw']) => void): FastifyPluginAsync;
  export const payoutGuard: FastifyPluginAsync<PayoutGuardPluginOptions>;
  export function payoutGuardErrors(options?: ProblemOptions): (error: unknown, request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;
  export function payoutRoute<Body = Any>(guard: PayoutGuard, options: PayoutRouteOptions<Body>, handler: (request: RequestOf<Body>, reply: FastifyReply, pay: Pay) => unknown): FastifyHandler<Body>;
  export function payoutWebhook(guard: PayoutGuard, options?: WebhookReceiverOptions): FastifyPluginAsync;
  export function requireSufficientFunds<Body = Any>(guard: PayoutGuard, options: RequireSufficientFundsOptions<Body>): FastifyHandler<Body>;
}

declare module 'payout-guard/hono' {
  export { Pay } from 'payout-guard/express';
  export interface PayoutGuardErrorsOptions extends ProblemOptions {
      otherwise?: ErrorHandler<Any> | undefined;
  }
  export interface PayoutRouteOptions<C, Body> extends RoutePayout<Source<C, Body>> {
  }
  export type RequireSufficientFundsOptions<C, Body> = HoldingRoute<Source<C, Body>, [
      c: C
  ]> | CheckingRoute<Source<C, Body>>;
  export function holdOf(c: Context): Hold | undefined;
  export function mountConsole(console: {
      readonly fetch: (request: Request) => Promise<Response>;
  }): (c: Context) => Promise<Response>;
  export function payoutGuardErrors({ otherwise, ...options }?: PayoutGuardErrorsOptions): ErrorHandler<Any>;
  export function payoutRoute<C extends Context = Context<Any, Any, Any>, Body = Any>(guard: PayoutGuard, options: PayoutRouteOptions<C, Body>, handler: (c: C, pay: Pay, body: Body) => Response | Promise<Response>): (c: C) => Promise<Response>;
  export function payoutWebhook(guard: PayoutGuard, options?: WebhookReceiverOptions): (c: Context) => Promise<Response>;
  export function requireSufficientFunds<C extends Context = Context<Any, Any, Any>, Body = Any>(guard: PayoutGuard, options: RequireSufficientFundsOptions<C, Body>): MiddlewareHandler<Any>;
}

declare module 'payout-guard/koa' {
  export { Pay } from 'payout-guard/express';
  export interface PayoutRouteOptions extends RoutePayout<Source> {
  }
  export type RequireSufficientFundsOptions = FundsOptions<Source>;
  export function holdOf(ctx: {
      readonly state: object;
  }): Hold | undefined;
  export function mountConsole(serve: (request: Context['req'], response: Context['res']) => void): Middleware;
  export function payoutGuardErrors(options?: ProblemOptions): Middleware;
  export function payoutRoute(guard: PayoutGuard, options: PayoutRouteOptions, handler: (ctx: Context, pay: Pay) => unknown): Middleware;
  export function payoutWebhook(guard: PayoutGuard, options?: WebhookReceiverOptions): Middleware;
  export function requireSufficientFunds(guard: PayoutGuard, options: RequireSufficientFundsOptions): Middleware;
}

declare module 'payout-guard/nest' {
  export const PAYOUT_GUARD: unique symbol;
  export type Pay = PayFunction;
  export const Pay: () => ParameterDecorator;
  export class PayoutGuardFilter implements ExceptionFilter {
      #private;
      constructor(host: HttpAdapterHost, options?: ProblemOptions);
      catch(error: unknown, host: ArgumentsHost): Promise<void>;
  }
  export class PayoutGuardModule {
      static forRoot(options: PayoutGuardModuleOptions): DynamicModule;
      static forRootAsync({ imports, inject, useFactory }: PayoutGuardModuleAsyncOptions): DynamicModule;
  }
  export interface PayoutGuardModuleAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
      readonly inject?: any[];
      readonly useFactory: (...dependencies: any[]) => PayoutGuardModuleOptions | Promise<PayoutGuardModuleOptions>;
  }
  export interface PayoutGuardModuleOptions extends ProblemOptions {
      readonly guard: PayoutGuard;
  }
  export const PayoutHold: () => ParameterDecorator;
  export function PayoutRoute(options: PayoutRouteOptions): MethodDecorator;
  export interface PayoutRouteOptions extends RoutePayout<Source> {
  }
  export function RequireFunds(options: RequireFundsOptions): MethodDecorator;
  export type RequireFundsOptions = FundsOptions<Source>;
  export function webhookListener(guard: PayoutGuard, options?: WebhookReceiverOptions): (request: IncomingMessage, response: ServerResponse) => void;
  export { webhookListener as payoutWebhook };
}

declare module 'payout-guard/web' {
  export interface CheckingRoute<Source extends readonly unknown[]> extends Omit<PayoutSource<Source>, 'reference' | 'metadata' | 'fingerprint'> {
      mode: 'check';
      reference?: undefined;
      verdictOn?: undefined;
  }
  export type FetchHandler<Rest extends readonly unknown[]> = (request: Request, ...rest: Rest) => Promise<Response>;
  export interface FetchRouteOptions<Body> extends ProblemOptions {
      body?: ((request: Request) => Body | Promise<Body>) | undefined;
  }
  export type GuardFetchOptions<Body> = FetchRouteOptions<Body> & (HoldingRoute<[
      request: Request,
      body: Body
  ], [
      response: Response,
      request: Request,
      body: Body
  ]> | CheckingRoute<[
      request: Request,
      body: Body
  ]>);
  export interface HoldFetchOptions<Body> extends RoutePayout<[
      request: Request,
      body: Body
  ]>, FetchRouteOptions<Body> {
  }
  export interface HoldingRoute<Source extends readonly unknown[], Answered extends readonly unknown[] = Source> extends PayoutSource<Source> {
      reference: (...source: Source) => unknown;
      verdictOn: ((...answered: Answered) => 'completed' | 'failed' | undefined) | 'none';
      mode?: undefined;
  }
  export { Pay } from 'payout-guard/express';
  export interface PayoutSource<Source extends readonly unknown[]> {
      amount: (...source: Source) => unknown;
      reference?: ((...source: Source) => unknown) | undefined;
      fee?: ((...source: Source) => AmountInput) | undefined;
      currency?: ((...source: Source) => unknown) | undefined;
      wallet?: string | ((...source: Source) => string) | undefined;
      fingerprint?: ((...source: Source) => unknown) | undefined;
      metadata?: ((...source: Source) => Record<string, string>) | undefined;
  }
  export interface Problem {
      readonly type: string;
      readonly title: string;
      readonly status: number;
      readonly detail: string;
      readonly code: string;
      readonly [extension: string]: unknown;
  }
  export interface ProblemAnswer {
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: Problem;
  }
  export interface ProblemOfOptions extends ProblemOptions {
      holds?: readonly Hold[] | undefined;
  }
  export interface ProblemOptions {
      expose?: 'amounts' | undefined;
  }
  export interface RoutePayout<Source extends readonly unknown[]> extends PayoutSource<Source>, PayOptions {
      reference: (...source: Source) => unknown;
      onDuplicate?: ((...given: [
          ...source: Source,
          hold: HoldInfo | undefined
      ]) => unknown) | undefined;
  }
  export interface WebhookAnswer {
      readonly status: 200 | 401 | 404 | 503;
  }
  export interface WebhookDelivery {
      readonly rawBody: Uint8Array;
      readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
      readonly path?: string | undefined;
  }
  export type WebhookReceiver = (delivery: WebhookDelivery) => Promise<WebhookAnswer>;
  export interface WebhookReceiverOptions {
      wallet?: string | undefined;
      callbackSecret?: string | readonly string[] | undefined;
      referenceOf?: ((rawBody: Uint8Array) => string | undefined) | undefined;
  }
  export function callbackPath(secret: string, wallet: string): string;
  export function guardFetch<Body = any, Rest extends readonly unknown[] = [
  ]>(guard: PayoutGuard, options: GuardFetchOptions<Body>, handler: (request: Request, ...rest: Rest) => Response | Promise<Response>): FetchHandler<Rest>;
  export function holdFetch<Body = any, Rest extends readonly unknown[] = [
  ]>(guard: PayoutGuard, options: HoldFetchOptions<Body>, handler: (request: Request, pay: Pay, body: Body, ...rest: Rest) => Response | Promise<Response>): FetchHandler<Rest>;
  export function holdOf(request: Request): Hold | undefined;
  export function problemOf(error: unknown, options?: ProblemOfOptions): ProblemAnswer | undefined;
  export function readPayout<Source extends readonly unknown[]>(options: PayoutSource<Source>, source: Source): HoldOptions;
  export function webhookFetch(guard: PayoutGuard, options?: WebhookReceiverOptions): (request: Request) => Promise<Response>;
  export { payoutWebhook as webhookListener } from 'payout-guard/nest';
  export function webhookReceiver(guard: PayoutGuard, options?: WebhookReceiverOptions): WebhookReceiver;
}

declare module 'payout-guard/batch' {
  export interface BatchOptions {
      wallet?: string | undefined;
      policy?: 'all' | 'fit' | undefined;
      concurrency?: number | undefined;
      stopOn?: StopOptions | undefined;
      expiresInMs?: number | undefined;
      onProgress?: ((progress: BatchProgress) => void) | undefined;
      signal?: AbortSignal | undefined;
  }
  export type BatchOutcome = 'paid' | 'open' | 'failed' | 'notSent' | 'doesNotFit' | 'overLimit' | 'taken';
  export interface BatchProgress {
      readonly row: BatchRow;
      readonly done: number;
      readonly total: number;
  }
  export interface BatchReport {
      readonly wallet: string;
      readonly currency: string;
      readonly rows: readonly BatchRow[];
      readonly summary: readonly BatchSum[];
      readonly stopped: boolean;
  }
  export interface BatchRow {
      readonly reference: string;
      readonly outcome: BatchOutcome;
      readonly amount: string;
      readonly captured?: string;
      readonly limit?: LimitName;
      readonly earlier?: true;
      readonly error?: unknown;
  }
  export interface BatchSum {
      readonly outcome: BatchOutcome;
      readonly payouts: number;
      readonly amount: string;
  }
  export type PayOne<Payout> = (hold: Hold, payout: Payout) => unknown;
  export interface StopOptions {
      errorsInARow?: number | undefined;
      failed?: number | undefined;
  }
  export function runBatch<Payout extends PayoutToHold>(guard: PayoutGuard, payouts: readonly Payout[], pay: PayOne<Payout>, options?: BatchOptions): Promise<BatchReport>;
}

declare module 'payout-guard/providers/jpay' {
  export type JpayOptions = NetworkOptions & {
      baseUrl: string;
      merchantId?: string | undefined;
  } & ({
      appKey: string;
      appSecret: string;
      accessToken?: undefined;
  } | {
      appKey?: undefined;
      appSecret?: undefined;
      accessToken: string | (() => string | Promise<string>);
  });
  export interface NetworkOptions {
      attemptTimeoutMs?: number | undefined;
      timeoutMs?: number | undefined;
      maxAttempts?: number | undefined;
      circuitBreaker?: {
          failures?: number | undefined;
          openMs?: number | undefined;
      } | undefined;
      dangerouslyAllowHttp?: boolean | undefined;
      fetch?: typeof globalThis.fetch | undefined;
      clock?: Clock | undefined;
      random?: (() => number) | undefined;
  }
  export function jpay(options: JpayOptions): BalanceProvider;
}

declare module 'payout-guard/providers/interswitch' {
  export interface InterswitchOptions extends NetworkOptions {
      baseUrl: string;
  }
  export { NetworkOptions } from 'payout-guard/providers/jpay';
  export function interswitch(options: InterswitchOptions): BalanceProvider;
}

declare module 'payout-guard/providers/phoenix' {
  export type AmountForm = 'javaDouble' | 'plain';
  export interface CallToSign {
      readonly method: 'GET' | 'POST';
      readonly url: string;
      readonly timestamp: string;
      readonly nonce?: string | undefined;
      readonly payment?: SignedPayment | undefined;
      readonly authToken?: string | undefined;
  }
  export { NetworkOptions } from 'payout-guard/providers/jpay';
  export type PasswordForm = 'base64' | 'upperHex' | 'base64OfHex';
  export type PhoenixCall = {
      readonly method: 'GET';
      readonly path: string;
      readonly query: Readonly<Record<string, string>>;
  } | {
      readonly method: 'POST';
      readonly path: string;
      readonly body: Readonly<Record<string, unknown>>;
  } | {
      readonly method: 'POST';
      readonly path?: 'sente/xpayment' | 'sente/payment' | undefined;
      readonly payment: PhoenixPayment;
  };
  export interface PhoenixOptions extends NetworkOptions {
      baseUrl: string;
      clientId: string;
      clientSecret: string;
      terminalId: string;
      serialId: string;
      appVersion: string;
      password: string;
      privateKey: string | KeyObject;
      gprsCoordinate?: string | undefined;
      sessionMaxMs?: number | undefined;
      balanceFields?: readonly string[] | undefined;
      assumedCurrency?: string | undefined;
      timestamp?: TimestampForm | undefined;
      passwordForm?: PasswordForm | undefined;
      pointForm?: PointForm | undefined;
      tokenIv?: 'random' | 'zero' | undefined;
      signedScheme?: 'asCalled' | 'https' | undefined;
      amountForm?: AmountForm | undefined;
  }
  export interface PhoenixPayment {
      readonly requestReference: string;
      readonly amount: string;
      readonly customerId: string;
      readonly paymentCode: string;
      readonly [field: string]: unknown;
  }
  export interface PhoenixProfile {
      readonly name?: string | undefined;
      readonly phoneNumber?: string | undefined;
      readonly nin?: string | undefined;
      readonly gender?: string | undefined;
      readonly emailAddress?: string | undefined;
      readonly ownerPhoneNumber?: string | undefined;
  }
  export interface PhoenixRegistration {
      readonly profile?: PhoenixProfile | undefined;
      readonly otp?: (() => string | Promise<string>) | undefined;
      readonly signal?: AbortSignal | undefined;
  }
  export interface PhoenixSigner {
      readonly clientId: string;
      readonly clientSecret: string;
      readonly privateKey: KeyObject;
  }
  export interface PhoenixTerminal {
      readonly provider: BalanceProvider;
      sign(call: PhoenixCall, signal?: AbortSignal): Promise<SignedCall>;
      signAgain(rejected: SignedCall, signal?: AbortSignal): Promise<SignedCall>;
  }
  export type PointForm = 'compressed' | 'uncompressed';
  export interface SessionKeyPair {
      readonly publicKey: string;
      readonly terminalKey: (serverPublicKey: string) => Buffer;
  }
  export interface SignedCall {
      readonly method: 'GET' | 'POST';
      readonly url: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly body?: string;
  }
  export interface SignedPayment {
      readonly amount: string;
      readonly terminalId: string;
      readonly requestReference: string;
      readonly customerId: string;
      readonly paymentCode: string;
  }
  export type TimestampForm = 'seconds' | 'iso';
  export function amountText(amount: string, form?: AmountForm): string;
  export function decryptedText(privateKey: KeyObject, cipherText: string): string;
  export function encryptedText(terminalKey: Uint8Array, text: string, iv?: Uint8Array): string;
  export function passwordHash(password: string, form?: PasswordForm): string;
  export function passwordProof(exchange: {
      readonly passwordHash: string;
      readonly requestReference: string;
      readonly serialId: string;
  }, privateKey: KeyObject): string;
  export function phoenix(options: PhoenixOptions): BalanceProvider;
  export function phoenixTerminal(options: PhoenixOptions): PhoenixTerminal;
  export function registerTerminal(options: PhoenixOptions, { profile, otp, signal }?: PhoenixRegistration): Promise<{
      readonly clientSecret: string;
  }>;
  export function rsaSignature(text: string, privateKey: KeyObject): string;
  export function sessionKeyPair(form?: PointForm, privateScalar?: Uint8Array): SessionKeyPair;
  export function signatureBase({ clientId, clientSecret }: Omit<PhoenixSigner, 'privateKey'>, { method, url, timestamp, nonce, payment }: CallToSign): string;
  export function signedHeaders(signer: PhoenixSigner, call: CallToSign): Record<string, string>;
  export function timestampText(nowMs: number, form?: TimestampForm): string;
}

declare module 'payout-guard/providers/http' {
  export interface HttpBalanceRequest {
      readonly currency: string;
  }
  export interface HttpCall<Request> {
      url: string | ((request: Request) => string);
      method?: 'GET' | 'POST' | undefined;
      body?: unknown;
  }
  export interface HttpCallback<Event> {
      schema: Schema<Event>;
      referenceOf: (event: Event) => string | undefined;
  }
  export interface HttpDebit {
      readonly amount: string;
      readonly fee: string | null | undefined;
      readonly currency: string;
  }
  export type HttpFailureReason = 'unauthorized' | 'forbidden' | 'rate_limited' | 'provider_error';
  export interface HttpLookup<Found, Row> extends HttpCall<HttpPayoutQuestion> {
      schema: Schema<Found>;
      rows: (body: Found) => readonly Row[];
      referenceOf: (row: Row) => string | null | undefined;
      statusOf: (row: Row) => string;
      statuses: VerdictTable;
      hasMore?: ((body: Found) => boolean) | undefined;
      debitOf?: ((row: Row) => HttpDebit | undefined) | undefined;
      notFound?: Schema<unknown> | undefined;
  }
  export type HttpPayoutQuestion = Pick<PayoutQuestion, 'reference' | 'currency' | 'sentAtMs'>;
  export interface HttpProviderOptions<Body, Found = unknown, Row = unknown, Event = unknown> extends HttpCall<HttpBalanceRequest>, NetworkOptions {
      name: string;
      headers?: Headers | ((request: HttpBalanceRequest) => Headers | Promise<Headers>) | undefined;
      schema: Schema<Body>;
      accountId?: string | undefined;
      select: (body: Body, request: HttpBalanceRequest) => ProviderBalance;
      failureOf?: ((status: number, body: unknown) => HttpFailureReason | undefined) | undefined;
      lookup?: HttpLookup<Found, Row> | undefined;
      webhook?: HttpWebhook<Event> | undefined;
      callback?: HttpCallback<Event> | undefined;
      debitVisibleAt?: BalanceProvider['debitVisibleAt'] | undefined;
      visibleAfterMs?: number | undefined;
      maxReferenceLength?: number | undefined;
      lookupConcurrency?: number | undefined;
  }
  export interface HttpWebhook<Event> extends HttpCallback<Event> {
      secret: string | readonly string[];
      header: string;
      algorithm: 'sha256' | 'sha512';
      encoding?: 'hex' | 'base64' | undefined;
      prefix?: string | undefined;
  }
  export { NetworkOptions } from 'payout-guard/providers/jpay';
  export type VerdictTable = Readonly<Record<Exclude<PayoutVerdict, 'unknown'>, readonly string[]>>;
  export function httpProvider<Body, Found = unknown, Row = unknown, Event = unknown>(options: HttpProviderOptions<Body, Found, Row, Event>): BalanceProvider;
}

declare module 'payout-guard/providers/paystack' {
  export { NetworkOptions } from 'payout-guard/providers/jpay';
  export interface PaystackOptions extends HostedApiOptions {
      secretKey: string;
  }
  export function paystack(options: PaystackOptions): BalanceProvider;
}

declare module 'payout-guard/providers/flutterwave' {
  export interface FlutterwaveOptions extends HostedApiOptions {
      secretKey: string;
      webhookSecret?: string | undefined;
  }
  export { NetworkOptions } from 'payout-guard/providers/jpay';
  export function flutterwave(options: FlutterwaveOptions): BalanceProvider;
}

declare module 'payout-guard/providers/monnify' {
  export interface MonnifyOptions extends HostedApiOptions {
      apiKey: string;
      secretKey: string;
      accountNumber: string;
  }
  export { NetworkOptions } from 'payout-guard/providers/jpay';
  export function monnify(options: MonnifyOptions): BalanceProvider;
}

declare module 'payout-guard/providers/pawapay' {
  export { NetworkOptions } from 'payout-guard/providers/jpay';
  export interface PawapayOptions extends HostedApiOptions {
      apiToken: string;
      country: string;
      provider?: string | undefined;
      callbackUrl?: string | undefined;
  }
  export function pawapay(options: PawapayOptions): BalanceProvider;
  export function pawapayPayoutId(reference: string): string;
}

declare module 'payout-guard/providers/mtn-momo' {
  export interface MtnMomoOptions extends HostedApiOptions {
      subscriptionKey: string;
      apiUser: string;
      apiKey: string;
      targetEnvironment: string;
  }
  export { NetworkOptions } from 'payout-guard/providers/jpay';
  export function mtnMomo(options: MtnMomoOptions): BalanceProvider;
  export function mtnMomoReferenceId(reference: string): string;
}

declare module 'payout-guard/providers/stripe' {
  export { NetworkOptions } from 'payout-guard/providers/jpay';
  export interface StripeOptions extends HostedApiOptions {
      secretKey: string;
      account?: string | undefined;
      product?: Product | undefined;
      sourceType?: 'card' | 'bank_account' | 'fpx' | undefined;
      webhookSecret?: string | undefined;
      windowMs?: number | undefined;
  }
  export function stripe(options: StripeOptions): BalanceProvider;
}

declare module 'payout-guard/providers/wise' {
  export { NetworkOptions } from 'payout-guard/providers/jpay';
  export interface WiseOptions extends HostedApiOptions {
      apiToken: string;
      profileId: string | number;
      publicKey?: string | undefined;
      transferIdOf?: ((reference: string) => StoredId | Promise<StoredId>) | undefined;
      referenceOf?: ((transferId: string) => string | undefined | Promise<string | undefined>) | undefined;
      windowMs?: number | undefined;
  }
  export function wise(options: WiseOptions): BalanceProvider;
  export function wiseCustomerTransactionId(reference: string): string;
}

declare module 'payout-guard/stores/redis' {
  export interface Readiness {
      readonly recoveringForMs: number;
      readonly clockAheadMs: number;
  }
  export type RedisClient = {
      readonly status: string;
      call(command: string, args: string[]): Promise<unknown>;
  } | {
      readonly isOpen: boolean;
      sendCommand(...args: never[]): Promise<unknown>;
  };
  export interface RedisStore extends HoldStore {
      ready(): Promise<Readiness>;
  }
  export interface RedisStoreOptions extends SharedStoreOptions, RememberOptions {
      client?: RedisClient | undefined;
      sendCommand?: ((args: string[]) => Promise<unknown>) | undefined;
      prefix?: string | undefined;
      waitReplicas?: WaitReplicas | undefined;
  }
  export interface SharedStoreOptions {
      deadlineMs?: number | undefined;
      maxBatch?: number | undefined;
      maxQueue?: number | undefined;
      recoveryMs?: number | undefined;
  }
  export interface WaitReplicas {
      count: number;
      timeoutMs: number;
  }
  export function redisStore(options: RedisStoreOptions): RedisStore;
}

declare module 'payout-guard/stores/postgres' {
  export interface DeleteFinishedOptions {
      olderThanMs?: number | undefined;
      unsentOlderThanMs?: number | undefined;
  }
  export interface PostgresClient {
      query(text: string, values: unknown[]): Promise<{
          readonly rows: readonly unknown[];
      }>;
  }
  export interface PostgresStore extends HoldStore {
      migrate(): Promise<void>;
      ready(): Promise<Readiness>;
      within(client: PostgresClient): StoreInTransaction;
      deleteFinished(options?: DeleteFinishedOptions): Promise<number>;
  }
  export interface PostgresStoreOptions extends SharedStoreOptions {
      pool: PostgresClient;
      schema?: string | undefined;
  }
  export { Readiness } from 'payout-guard/stores/redis';
  export class StoreInTransaction {
      #private;
      constructor(engine: PostgresEngine, recoveringForMs: () => number);
      hold(request: HoldRequest): Promise<HoldOutcome>;
      settle(request: SettleRequest): Promise<SettleOutcome>;
      get(reference: string): Promise<HoldReading>;
  }
  export function postgresStore(options: PostgresStoreOptions): PostgresStore;
}

declare module 'payout-guard/stores/sqlite' {
  export { Readiness } from 'payout-guard/stores/redis';
  export interface SqliteStore extends HoldStore {
      ready(): Promise<Readiness>;
      reconciled(): Promise<void>;
  }
  export interface SqliteStoreOptions extends SharedStoreOptions, RememberOptions {
      file: string;
      clock?: Clock | undefined;
  }
  export function sqliteStore(options: SqliteStoreOptions): SqliteStore;
}

declare module 'payout-guard/history' {
  export interface DayReport {
      readonly wallet: string;
      readonly currency: string;
      readonly day: string;
      readonly timeZone: string;
      readonly from: string;
      readonly to: string;
      readonly opening?: string;
      readonly openingAt?: string;
      readonly closing?: string;
      readonly closingAt?: string;
      readonly credits: string;
      readonly captured: string;
      readonly fees: string;
      readonly unexplained: string;
      readonly otherDays?: string;
      readonly counts: Readonly<Record<HistoryKind, number>>;
  }
  export interface DayReportOptions {
      readonly wallet: string;
      readonly currency: CurrencyInput;
      readonly day: string;
      readonly timeZone?: string | undefined;
  }
  export interface History {
      add(entries: readonly HistoryEntry[]): MaybePromise<void>;
      query(query?: HistoryQuery): MaybePromise<HistoryPage>;
      close(): Promise<void>;
  }
  export interface HistoryEntry {
      readonly kind: HistoryKind;
      readonly at: Date;
      readonly wallet?: string | undefined;
      readonly reference?: string | undefined;
      readonly amount?: string | undefined;
      readonly data: Readonly<Record<string, string | number | boolean>>;
  }
  export type HistoryKind = (typeof historyKinds)[number];
  export interface HistoryPage {
      readonly entries: readonly HistoryEntry[];
      readonly next?: string | undefined;
  }
  export interface HistoryQuery {
      readonly wallet?: string | undefined;
      readonly kind?: HistoryKind | undefined;
      readonly from?: Date | undefined;
      readonly to?: Date | undefined;
      readonly reference?: string | undefined;
      readonly first?: 'oldest' | 'newest' | undefined;
      readonly limit?: number | undefined;
      readonly after?: string | undefined;
  }
  export interface MemoryHistory extends History {
      add(entries: readonly HistoryEntry[]): void;
      query(query?: HistoryQuery): HistoryPage;
  }
  export interface MemoryHistoryOptions {
      maxEntries?: number | undefined;
  }
  export interface PostgresHistory extends SharedHistory {
      migrate(): Promise<void>;
  }
  export interface PostgresHistoryOptions extends SharedHistoryOptions {
      pool: PostgresClient;
      schema?: string | undefined;
  }
  export interface RecordOptions {
      kinds?: readonly HistoryKind[] | undefined;
  }
  export interface SharedHistory extends History {
      add(entries: readonly HistoryEntry[]): void;
      write(entries: readonly HistoryEntry[]): Promise<void>;
      query(query?: HistoryQuery): Promise<HistoryPage>;
      flush(): Promise<void>;
      deleteOld(): Promise<number>;
      readonly counts: {
          readonly written: number;
          readonly waiting: number;
          readonly dropped: number;
      };
  }
  export interface SharedHistoryOptions {
      keepForMs: number;
      maxQueue?: number | undefined;
      clock?: Clock | undefined;
  }
  export interface SqliteHistoryOptions extends SharedHistoryOptions {
      file: string;
  }
  export function dayReport(history: History, options: DayReportOptions): Promise<DayReport>;
  export const historyKinds: readonly [
      'snapshot',
      'approved',
      'insufficient',
      'checkFailed',
      'held',
      'captured',
      'debitAboveHold',
      'released',
      'expired',
      'paidAfterRelease',
      'paidTwice',
      'failedAfterCapture',
      'overdue',
      'neverSeen',
      'settlementFailed',
      'contradiction',
      'leftOpen',
      'orphanWallet',
      'lookupFindsNothing',
      'limitsUnknown',
      'limitsAccepted',
      'frozen',
      'unfrozen',
      'providerFailure',
      'credit',
      'drift',
      'visibilityLag',
      'operator',
      'alert'
  ];
  export function memoryHistory(options?: MemoryHistoryOptions): MemoryHistory;
  export function postgresHistory(options: PostgresHistoryOptions): PostgresHistory;
  export function recordHistory(guard: PayoutGuard, history: History, { kinds }?: RecordOptions): () => void;
  export function sqliteHistory(options: SqliteHistoryOptions): SharedHistory;
  export function toCsv(reports: DayReport | readonly DayReport[]): string;
}

declare module 'payout-guard/drift' {
  export interface DriftEvent {
      readonly wallet: string;
      readonly currency: string;
      readonly direction: 'debit' | 'credit';
      readonly amount: string;
      readonly atMost?: string;
      readonly from: Date;
      readonly to: Date;
      readonly expected: string;
      readonly actual: string;
  }
  export interface DriftOptions {
      wallet?: string | undefined;
      onDrift: (event: DriftEvent) => void;
      onLag?: ((event: VisibilityLagEvent) => void) | undefined;
      freezeAbove?: AmountInput | undefined;
      creditToleranceMs?: number | undefined;
      debitsWithinHolds?: boolean | undefined;
      history?: History | undefined;
  }
  export interface DriftWatch {
      readonly credit: (credit: ReportedCredit) => void;
      readonly check: () => Promise<void>;
      readonly report: (options: {
          day: string;
          timeZone?: string | undefined;
      }) => Promise<DayReport>;
      readonly close: () => Promise<void>;
  }
  export interface ReportedCredit {
      readonly amount: AmountInput;
      readonly at?: Date | undefined;
  }
  export interface VisibilityLagEvent {
      readonly wallet: string;
      readonly currency: string;
      readonly reference: string;
      readonly attempt: string;
      readonly amount: string;
      readonly lagMs: number;
      readonly longerThanMs: number;
      readonly atMostMs: number;
  }
  export function watchDrift(guard: PayoutGuard, options: DriftOptions): DriftWatch;
}

declare module 'payout-guard/monitor' {
  export type Alert = LowBalanceAlert | RecoveredAlert | LowFigureAlert | FigureRecoveredAlert | LowRunwayAlert | RunwayRecoveredAlert | BalanceDropAlert | UnreachableAlert | ReachableAlert | OverdueHoldAlert | NeverSeenAlert | PaidAfterReleaseAlert | PaidTwiceAlert | ContradictionAlert | SettlementFailedAlert | LeftOpenAlert | OrphanWalletAlert | LookupFindsNothingAlert | LimitsUnknownAlert | DriftAlert | VisibilityLagAlert;
  export interface BalanceDropAlert extends MoneyAlert {
      readonly kind: 'balance_drop';
      readonly percent: number;
      readonly available: string;
      readonly yesterday: string;
      readonly yesterdayAt: string;
  }
  export interface ContradictionAlert extends AlertBase {
      readonly kind: 'contradiction';
      readonly reference: string;
      readonly attempt: string;
      readonly wanted: 'captured' | 'released';
      readonly found: HoldState | 'unknown';
  }
  export interface DriftAlert extends MoneyAlert {
      readonly kind: 'drift';
      readonly direction: 'debit' | 'credit';
      readonly amount: string;
      readonly atMost?: string;
      readonly from: string;
      readonly to: string;
      readonly expected: string;
      readonly actual: string;
  }
  export interface FigureRecoveredAlert extends MoneyAlert {
      readonly kind: 'figure_recovered';
      readonly figure: string;
      readonly value: string;
      readonly threshold: string;
      readonly spendable: string;
  }
  export interface LeftOpenAlert extends AlertBase {
      readonly kind: 'left_open';
      readonly reference: string;
      readonly attempt: string;
      readonly pending: LeftOpen['pending'];
  }
  export interface LimitsUnknownAlert extends AlertBase {
      readonly kind: 'limits_unknown';
      readonly since: string;
      readonly until: string;
  }
  export interface Logger {
      info(fields: Readonly<Record<string, unknown>>, message: string): void;
      warn(fields: Readonly<Record<string, unknown>>, message: string): void;
      error(fields: Readonly<Record<string, unknown>>, message: string): void;
  }
  export interface LookupFindsNothingAlert extends AlertBase {
      readonly kind: 'lookup_finds_nothing';
      readonly inARow: number;
  }
  export interface LowBalanceAlert extends MoneyAlert {
      readonly kind: 'low_balance';
      readonly threshold: string;
      readonly spendable: string;
      readonly held: string;
      readonly cause: 'holds' | 'balance';
      readonly since?: string;
      readonly runway?: Runway;
  }
  export interface LowFigureAlert extends MoneyAlert {
      readonly kind: 'low_figure';
      readonly figure: string;
      readonly value: string;
      readonly threshold: string;
      readonly spendable: string;
      readonly since?: string;
  }
  export interface LowRunwayAlert extends MoneyAlert {
      readonly kind: 'low_runway';
      readonly runwayBelowMs: number;
      readonly runway: Runway;
      readonly spendable: string;
      readonly since?: string;
  }
  export interface Monitor {
      readonly start: () => void;
      readonly check: () => Promise<Round>;
      readonly drift: (wallet?: string) => DriftWatch | undefined;
      readonly close: () => Promise<void>;
      readonly [Symbol.asyncDispose]: () => Promise<void>;
      readonly internals: MonitorInternals;
  }
  export interface MonitorInternals {
      readonly alerts: () => readonly Alert[];
      readonly report: (wallet: string) => WalletReport | undefined;
      readonly thresholds: (wallet: string) => readonly string[];
  }
  export interface MonitorOptions {
      wallets: readonly MonitoredWallet[];
      schedule: ScheduleInput;
      onAlert: (alert: Alert) => void | Promise<void>;
      webhook?: WebhookOptions | undefined;
      drift?: MonitoredDrift | undefined;
      history?: History | undefined;
      onUndelivered?: ((undelivered: Undelivered) => void) | undefined;
      logger?: Logger | undefined;
      name?: string | undefined;
      remindEveryMs?: number | false | undefined;
      minBetweenMs?: number | undefined;
      unreachableAfter?: number | undefined;
      runwayLookBackMs?: number | undefined;
      deliveryTimeoutMs?: number | undefined;
      clock?: Clock | undefined;
  }
  export type MonitoredDrift = Omit<DriftOptions, 'wallet' | 'onDrift' | 'onLag' | 'freezeAbove'>;
  export interface MonitoredWallet {
      wallet?: string | undefined;
      thresholds: readonly AmountInput[];
      hysteresis?: AmountInput | undefined;
      runwayBelowMs?: number | undefined;
      belowPercentOfYesterday?: number | undefined;
      figures?: Readonly<Record<string, AmountInput>> | undefined;
      currency?: string | undefined;
      freezeAbove?: AmountInput | undefined;
  }
  export interface NeverSeenAlert extends PayoutAlert {
      readonly kind: 'never_seen';
      readonly ageMs: number;
  }
  export interface OrphanWalletAlert extends AlertBase {
      readonly kind: 'orphan_wallet';
  }
  export interface OverdueHoldAlert extends PayoutAlert {
      readonly kind: 'overdue_hold';
      readonly ageMs: number;
      readonly outcome: PayoutVerdict;
  }
  export interface PaidAfterReleaseAlert extends PayoutAlert {
      readonly kind: 'paid_after_release';
      readonly perhapsTwice: boolean;
  }
  export interface PaidTwiceAlert extends PayoutAlert {
      readonly kind: 'paid_twice';
      readonly times: number;
  }
  export interface ReachableAlert extends MoneyAlert {
      readonly kind: 'reachable';
      readonly reason: string;
      readonly since: string;
  }
  export interface RecoveredAlert extends MoneyAlert {
      readonly kind: 'recovered';
      readonly threshold: string;
      readonly spendable: string;
  }
  export interface Round {
      readonly at: Date;
      readonly wallets: readonly WalletReport[];
      readonly alerts: readonly Alert[];
      readonly undelivered: readonly Undelivered[];
  }
  export interface Runway {
      readonly perHour: string;
      readonly watchedMs: number;
      readonly emptyAt: string;
  }
  export interface RunwayRecoveredAlert extends MoneyAlert {
      readonly kind: 'runway_recovered';
      readonly runwayBelowMs: number;
      readonly runway: Runway;
      readonly spendable: string;
  }
  export type ScheduleInput = {
      readonly everyMs: number;
  } | {
      readonly cron: string;
      readonly timeZone: string;
  };
  export interface SettlementFailedAlert extends AlertBase {
      readonly kind: 'settlement_failed';
      readonly reference: string;
      readonly reason: string;
  }
  export interface Undelivered {
      readonly alert: Alert;
      readonly channel: 'onAlert' | 'webhook';
      readonly reason: string;
      readonly cause?: Error;
  }
  export interface UnreachableAlert extends MoneyAlert {
      readonly kind: 'unreachable';
      readonly reason: string;
  }
  export interface VisibilityLagAlert extends PayoutAlert {
      readonly kind: 'visibility_lag';
      readonly lagMs: number;
      readonly longerThanMs: number;
      readonly atMostMs: number;
  }
  export interface WalletReport {
      readonly wallet: string;
      readonly funds?: Funds;
      readonly runway?: Runway;
      readonly error?: PayoutGuardError;
  }
  export interface WebhookOptions {
      url: string;
      secret: string | readonly string[];
      headers?: Readonly<Record<string, string>> | undefined;
      maxAttempts?: number | undefined;
      attemptTimeoutMs?: number | undefined;
      dangerouslyAllowHttp?: boolean | undefined;
      fetch?: typeof globalThis.fetch | undefined;
      random?: (() => number) | undefined;
  }
  export function createMonitor(guard: PayoutGuard, options: MonitorOptions): Monitor;
}

declare module 'payout-guard/console' {
  export interface ConsoleOptions<Req = IncomingMessage> {
      authorize: (request: Req) => ConsoleUser | false | Promise<ConsoleUser | false>;
      monitor?: Monitor | undefined;
      history?: History | undefined;
      actions?: readonly OperatorAction[] | undefined;
      secret?: string | undefined;
      basePath?: string | undefined;
      origins?: readonly string[] | undefined;
      maxStreams?: number | undefined;
  }
  export interface ConsoleUser {
      readonly name: string;
      readonly canAct: boolean;
  }
  export interface PayoutConsole {
      (request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void): void;
      readonly fetch: (request: Request) => Promise<Response>;
      readonly close: () => void;
  }
  export function payoutConsole<Req = IncomingMessage>(guard: PayoutGuard, options: ConsoleOptions<Req>): PayoutConsole;
}

declare module 'payout-guard/telemetry' {
  export interface EventLogger {
      debug?(fields: object, message: string): void;
      info(fields: object, message: string): void;
      warn(fields: object, message: string): void;
      error(fields: object, message: string): void;
  }
  export interface LogEventsOptions {
      expose?: 'amounts' | undefined;
  }
  export interface ObserveOptions {
      name?: string | undefined;
      wallets?: readonly string[] | undefined;
      expose?: 'amounts' | undefined;
  }
  export interface Telemetry {
      readonly trace: Trace;
      readonly observe: (guard: PayoutGuard, options?: ObserveOptions) => () => void;
  }
  export interface TelemetryOptions {
      meterProvider?: MeterProvider | undefined;
      tracerProvider?: TracerProvider | undefined;
      references?: boolean | undefined;
  }
  export function createTelemetry(options?: TelemetryOptions): Telemetry;
  export function logEvents(guard: PayoutGuard, logger: EventLogger, options?: LogEventsOptions): () => void;
}

declare module 'payout-guard/testing' {
  export interface ApiAnswer {
      readonly status?: number | undefined;
      readonly body: string;
      readonly headers?: Readonly<Record<string, string>> | undefined;
  }
  export interface ApiQuestion {
      readonly method: string;
      readonly path: string;
      readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
      readonly body: string;
  }
  export type DebitMoment = 'initiation' | 'completion' | {
      readonly msAfterCompletion: number;
  };
  export type Fault = {
      readonly kind: 'slow';
      readonly ms: number;
  } | {
      readonly kind: 'hang';
  } | {
      readonly kind: 'reset';
  } | {
      readonly kind: 'reset_midway';
  } | {
      readonly kind: 'lost';
      readonly status?: number | undefined;
  } | {
      readonly kind: 'status';
      readonly status: number;
      readonly body?: string | undefined;
      readonly headers?: Readonly<Record<string, string>> | undefined;
  } | {
      readonly kind: 'html_500';
  } | {
      readonly kind: 'body';
      readonly body: string;
      readonly contentType?: string | undefined;
  } | {
      readonly kind: 'fields';
      readonly fields: Readonly<Record<string, unknown>>;
  } | {
      readonly kind: 'huge';
      readonly bytes: number;
  };
  export interface FaultOptions {
      readonly times?: number | undefined;
      readonly path?: string | undefined;
  }
  export interface FlutterwaveSimulator extends HostedWalletSimulator {
      readonly secretKey: string;
      readonly webhookSecret: string;
      refuseIp(refuse: boolean): void;
  }
  export interface FlutterwaveSimulatorOptions extends HostedWalletOptions {
      readonly secretKey?: string | undefined;
      readonly webhookSecret?: string | undefined;
      readonly webhookProof?: 'secret' | 'signature' | undefined;
  }
  export interface HostedTransfer {
      readonly id: string;
      readonly reference: string;
      readonly amount: string;
      readonly status: 'pending' | 'completed' | 'failed';
  }
  export interface HostedWalletOptions extends SimulatorOptions, PayoutOptions<HostedTransfer> {
      readonly available?: string | undefined;
      readonly ledger?: string | undefined;
      readonly webhookUrl?: string | undefined;
      readonly webhooks?: 'once' | 'twice' | 'forged' | undefined;
  }
  export interface HostedWalletSimulator extends Simulator {
      credit(amount: string): void;
      debit(amount: string): void;
      setBalance(balances: {
          readonly available?: string | undefined;
          readonly ledger?: string | undefined;
      }): void;
      balances(): {
          available: string;
          ledger: string;
      };
      readonly payouts: readonly HostedTransfer[];
      advance(idOrReference: string, status: 'completed' | 'failed'): void;
      readonly webhooks: readonly SentWebhook[];
      resendWebhook(reference: string): Promise<void>;
  }
  export type InterswitchOpenCode = '90001' | '90009' | '90091';
  export interface InterswitchPayment {
      readonly id: string;
      readonly requestReference: string;
      readonly customerId: string;
      readonly amount: string;
      readonly status: 'pending' | 'completed' | 'failed';
  }
  export interface InterswitchPaymentOptions {
      readonly ledgerDebitAt?: DebitMoment | undefined;
      readonly openCodeOf?: ((payment: InterswitchPayment) => InterswitchOpenCode | undefined) | undefined;
      readonly unknownCustomers?: readonly string[] | undefined;
  }
  export interface InterswitchSessionOptions {
      readonly sessions?: 'replace' | 'keep' | undefined;
      readonly callMs?: number | undefined;
  }
  export interface InterswitchSimulator extends Simulator {
      credit(amount: string): void;
      debit(amount: string): void;
      setBalance(balances: {
          readonly available?: string | undefined;
          readonly ledger?: string | undefined;
      }): void;
      balances(): {
          available: string;
          ledger: string;
      };
      readonly payouts: readonly InterswitchPayment[];
      advance(requestReference: string, status: 'completed' | 'failed'): void;
      respondWith(answer: {
          readonly code: string | number;
          readonly message?: string | undefined;
      }, options?: FaultOptions): void;
      plainText(options?: FaultOptions): void;
      springError(options?: FaultOptions): void;
  }
  export interface InterswitchSimulatorOptions extends InterswitchWalletOptions, PayoutOptions<InterswitchPayment>, InterswitchPaymentOptions, InterswitchSessionOptions {
      readonly path?: string | undefined;
  }
  export interface JpayCallback extends PostResult {
      readonly refNo: string;
      readonly status: string;
  }
  export interface JpayPayout {
      readonly id: string;
      readonly refNo: string;
      readonly payto: string;
      readonly amount: string;
      readonly status: PayoutStatus;
  }
  export interface JpayPayoutOptions {
      readonly duplicateRefNo?: 'refuse' | 'return_first' | 'create_second' | undefined;
      readonly callback?: 'once' | 'none' | 'twice' | 'forged' | undefined;
      readonly objects?: 'new' | 'old' | undefined;
      readonly pendingAs?: 'pending' | 0 | undefined;
  }
  export interface JpaySimulator extends Simulator {
      readonly appKey: string;
      readonly appSecret: string;
      accessToken(): string;
      credit(wallet: JpayWallet, amount: string): void;
      debit(wallet: JpayWallet, amount: string): void;
      setBalance(balances: {
          readonly payout?: string | undefined;
          readonly collection?: string | undefined;
      }): void;
      balances(): {
          payout: string;
          collection: string;
          total: string;
      };
      readonly payouts: readonly JpayPayout[];
      advance(idOrRefNo: string, status: Exclude<PayoutStatus, 'pending'>): void;
      readonly callbacks: readonly JpayCallback[];
      expireAccessTokens(): void;
      expireRefreshTokens(): void;
      refuseIp(refuse: boolean): void;
  }
  export interface JpaySimulatorOptions extends SimulatorOptions, PayoutOptions<JpayPayout>, JpayPayoutOptions {
      readonly payout?: string | undefined;
      readonly collection?: string | undefined;
      readonly appKey?: string | undefined;
      readonly appSecret?: string | undefined;
      readonly appCode?: number | undefined;
      readonly products?: readonly string[] | undefined;
      readonly withExp?: boolean | undefined;
      readonly oldRefreshTokenStaysValid?: boolean | undefined;
  }
  export type JpayWallet = 'payout' | 'collection';
  export interface MonnifySimulator extends HostedWalletSimulator {
      readonly apiKey: string;
      readonly secretKey: string;
      readonly accountNumber: string;
      expireTokens(): void;
  }
  export interface MonnifySimulatorOptions extends HostedWalletOptions {
      readonly apiKey?: string | undefined;
      readonly secretKey?: string | undefined;
      readonly accountNumber?: string | undefined;
      readonly insufficientFunds?: 'refuse' | 'fail_later' | undefined;
      readonly amounts?: 'number' | 'text' | undefined;
  }
  export interface MtnMomoCallback extends PostResult {
      readonly externalId: string | undefined;
      readonly status: string;
  }
  export interface MtnMomoSimulator extends Simulator, OneBalance {
      readonly subscriptionKey: string;
      readonly apiUser: string;
      readonly apiKey: string;
      readonly targetEnvironment: string;
      accessToken(): string;
      expireAccessTokens(): void;
      readonly transfers: readonly MtnMomoTransfer[];
      advance(id: string, status: 'completed' | 'failed'): void;
      readonly callbacks: readonly MtnMomoCallback[];
  }
  export interface MtnMomoSimulatorOptions extends SimulatorOptions, PayoutOptions<MtnMomoTransfer>, MtnMomoTransferOptions {
      readonly balance?: string | undefined;
      readonly collection?: string | undefined;
      readonly currency?: string | undefined;
      readonly subscriptionKey?: string | undefined;
      readonly apiUser?: string | undefined;
      readonly apiKey?: string | undefined;
      readonly targetEnvironment?: string | undefined;
  }
  export interface MtnMomoTransfer {
      readonly referenceId: string;
      readonly externalId: string | undefined;
      readonly amount: string;
      readonly status: 'pending' | 'completed' | 'failed';
  }
  export interface MtnMomoTransferOptions {
      readonly outOfFunds?: 'failed' | 'fault' | undefined;
      readonly reasonAs?: 'text' | 'object' | undefined;
      readonly callback?: 'once' | 'none' | 'forged' | undefined;
  }
  export interface PawapayCallback extends PostResult {
      readonly payoutId: string;
      readonly status: string;
  }
  export interface PawapayPayout {
      readonly payoutId: string;
      readonly clientReferenceId: string | undefined;
      readonly amount: string;
      readonly status: PayoutStatus;
  }
  export interface PawapayPayoutOptions {
      readonly outOfFunds?: 'rejected' | 'failed' | undefined;
      readonly processingAs?: 'PROCESSING' | 'ENQUEUED' | 'IN_RECONCILIATION' | undefined;
      readonly callback?: 'once' | 'none' | 'twice' | 'unsigned' | 'forged' | undefined;
  }
  export interface PawapaySimulator extends Simulator, OneBalance {
      readonly apiToken: string;
      readonly payouts: readonly PawapayPayout[];
      advance(id: string, status: Exclude<PayoutStatus, 'pending'>): void;
      readonly callbacks: readonly PawapayCallback[];
  }
  export interface PawapaySimulatorOptions extends SimulatorOptions, PayoutOptions<PawapayPayout>, PawapayPayoutOptions {
      readonly balance?: string | undefined;
      readonly country?: string | undefined;
      readonly currency?: string | undefined;
      readonly provider?: string | undefined;
      readonly otherWallets?: readonly PawapayWallet[] | undefined;
      readonly apiToken?: string | undefined;
      readonly callbackUrl?: string | undefined;
  }
  export interface PawapayWallet {
      readonly country: string;
      readonly currency: string;
      readonly balance: string;
      readonly provider?: string | undefined;
  }
  export interface PayoutOptions<Payout> {
      readonly debitAt?: DebitMoment | undefined;
      readonly fee?: string | undefined;
      readonly refundAfterMs?: number | undefined;
      readonly settleAfterMs?: number | undefined;
      readonly outcomeOf?: ((payout: Payout) => 'completed' | 'failed' | 'stuck') | undefined;
  }
  export type PayoutStatus = 'pending' | 'processing' | 'completed' | 'failed';
  export interface PaystackSimulator extends HostedWalletSimulator {
      readonly secretKey: string;
      readonly recipientCode: string;
  }
  export interface PaystackSimulatorOptions extends HostedWalletOptions, PaystackTransferOptions {
      readonly secretKey?: string | undefined;
  }
  export interface PaystackTransferOptions {
      readonly insufficientFunds?: 'refuse' | 'fail_later' | undefined;
      readonly pendingAs?: 'pending' | 'received' | 'queued' | undefined;
      readonly failedAs?: 'failed' | 'reversed' | undefined;
      readonly otp?: string | undefined;
  }
  export interface PhoenixCredentials {
      readonly clientId: string;
      readonly clientSecret: string;
      readonly terminalId: string;
      readonly serialId: string;
      readonly appVersion: string;
      readonly password: string;
      readonly privateKey: string;
  }
  export interface PhoenixSimulator extends Omit<InterswitchSimulator, 'plainText' | 'springError'> {
      credentials(): PhoenixCredentials;
      expireSessions(): void;
      replaceSessions(): void;
  }
  export interface PhoenixSimulatorOptions extends Omit<InterswitchSimulatorOptions, 'path' | 'sessions' | 'callMs'> {
      readonly prefix?: string | undefined;
      readonly publicUrl?: string | undefined;
      readonly clientId?: string | undefined;
      readonly clientSecret?: string | undefined;
      readonly terminalId?: string | undefined;
      readonly serialId?: string | undefined;
      readonly password?: string | undefined;
      readonly passwordForm?: 'base64' | 'upperHex' | 'base64OfHex' | undefined;
      readonly privateKey?: string | undefined;
      readonly registered?: boolean | undefined;
      readonly otp?: string | undefined;
      readonly strictRegistration?: boolean | undefined;
      readonly sessions?: 'replace' | 'keep' | undefined;
      readonly sessionLifeMs?: number | undefined;
      readonly point?: PhoenixPoint | undefined;
      readonly leadingZeroKeys?: boolean | undefined;
      readonly timestampToleranceMs?: number | undefined;
      readonly refuseRepeatedNonces?: boolean | undefined;
      readonly signedAmount?: SignedAmount | undefined;
  }
  export interface PostResult {
      readonly answer?: number | undefined;
      readonly problem?: string | undefined;
  }
  export interface ProviderTarget {
      readonly name: string;
      readonly currency: string;
      open(baseUrl: string, network: NetworkOptions): BalanceProvider;
      readonly secrets: readonly string[];
      readonly before?: ((question: ApiQuestion) => ApiAnswer | undefined) | undefined;
      readonly balance: {
          answer(available: string): ApiAnswer;
          readonly readable?: readonly string[] | undefined;
          readonly otherFigures: readonly string[];
          readonly refused: readonly RefusedAnswer[];
      };
      readonly lookup?: {
          answer(payout: ReportedPayout): ApiAnswer;
          readonly statuses: Readonly<Record<Exclude<PayoutVerdict, 'unknown'>, readonly string[]>>;
          readonly notFound: ApiAnswer;
          readonly reportsDebit?: boolean | 'amount' | undefined;
          readonly refused?: readonly RefusedAnswer[] | undefined;
      } | undefined;
      readonly result?: {
          answer(payout: ReportedPayout): unknown;
          readonly statuses?: Readonly<Partial<Record<PayoutVerdict, readonly string[]>>> | undefined;
          unproved?(reference: string): readonly unknown[];
      } | undefined;
      readonly webhook?: {
          readonly valid: readonly ValidWebhook[];
          readonly invalid: readonly WebhookDelivery[];
          readonly signedBy: readonly string[];
      } | undefined;
  }
  export interface ReceivedRequest {
      readonly method: string;
      readonly path: string;
      readonly at: number;
  }
  export interface RefusedAnswer extends ApiAnswer {
      readonly name: string;
      readonly reason?: BalanceUnavailableReason | undefined;
  }
  export interface ReportedPayout {
      readonly reference: string;
      readonly status: string;
      readonly amount: string;
      readonly fee?: string | undefined;
  }
  export interface SentWebhook extends PostResult {
      readonly reference: string;
      readonly body: string;
      readonly headers: Readonly<Record<string, string>>;
  }
  export interface Simulator extends AsyncDisposable {
      readonly url: string;
      readonly requests: readonly ReceivedRequest[];
      count(path?: string): number;
      fault(fault: Fault, options?: FaultOptions): void;
      clearFaults(): void;
      close(): Promise<void>;
  }
  export interface SimulatorOptions {
      readonly port?: number | undefined;
      readonly clock?: Clock | undefined;
  }
  export interface StoreTarget {
      readonly name: string;
      open(): Promise<HoldStore> | HoldStore;
      pass(ms: number): Promise<void>;
      close?: ((store: HoldStore) => Promise<void>) | undefined;
  }
  export interface StripeEvent extends PostResult {
      readonly type: string;
      readonly reference: string;
  }
  export interface StripePayment {
      readonly id: string;
      readonly object: 'transfer' | 'payout';
      readonly reference: string;
      readonly amount: string;
      readonly status: PayoutStatus;
  }
  export interface StripePaymentOptions {
      readonly insufficient?: 'refused' | 'failed' | undefined;
      readonly events?: 'once' | 'none' | 'twice' | 'unsigned' | 'forged' | undefined;
  }
  export interface StripeSimulator extends Simulator, OneBalance {
      readonly secretKey: string;
      readonly webhookSecret: string;
      readonly payments: readonly StripePayment[];
      advance(idOrReference: string, status: Exclude<PayoutStatus, 'pending'>): void;
      readonly events: readonly StripeEvent[];
  }
  export interface StripeSimulatorOptions extends SimulatorOptions, PayoutOptions<StripePayment>, StripePaymentOptions {
      readonly currency?: CurrencyInput | undefined;
      readonly available?: string | undefined;
      readonly pending?: string | undefined;
      readonly secretKey?: string | undefined;
      readonly account?: string | undefined;
      readonly webhookUrl?: string | undefined;
      readonly webhookSecret?: string | undefined;
  }
  export interface TestRunner {
      describe(name: string, define: () => void): unknown;
      it(name: string, test: () => Promise<void>): unknown;
  }
  export interface ValidWebhook extends WebhookDelivery {
      readonly reference: string | undefined;
      readonly signedBy?: readonly string[] | undefined;
      readonly isBodySigned?: boolean | undefined;
  }
  export interface WebhookDelivery {
      readonly name: string;
      readonly rawBody: Uint8Array;
      readonly headers: Parameters<ProviderWebhook['read']>[1];
  }
  export interface WiseEvent extends PostResult {
      readonly transferId: string;
      readonly currentState: WiseTransferStatus;
  }
  export interface WiseSimulator extends Simulator, OneBalance {
      readonly apiToken: string;
      readonly profileId: number;
      readonly publicKey: string;
      recipientId(currency: string): number;
      readonly transfers: readonly WiseTransfer[];
      advance(idOrCustomerTransactionId: string, status: Exclude<PayoutStatus, 'pending'>): void;
      readonly events: readonly WiseEvent[];
  }
  export interface WiseSimulatorOptions extends SimulatorOptions, PayoutOptions<WiseTransfer> {
      readonly currency?: CurrencyInput | undefined;
      readonly available?: string | undefined;
      readonly savings?: string | undefined;
      readonly rate?: string | undefined;
      readonly apiToken?: string | undefined;
      readonly profileId?: number | undefined;
      readonly webhookUrl?: string | undefined;
      readonly privateKey?: string | undefined;
      readonly events?: 'once' | 'none' | 'twice' | 'unsigned' | 'forged' | undefined;
  }
  export interface WiseTransfer {
      readonly id: string;
      readonly customerTransactionId: string;
      readonly amount: string;
      readonly status: WiseTransferStatus;
  }
  export type WiseTransferStatus = 'incoming_payment_waiting' | 'processing' | 'funds_converted' | 'outgoing_payment_sent' | 'bounced_back' | 'funds_refunded' | 'cancelled';
  export function flutterwaveSimulator(options?: FlutterwaveSimulatorOptions): Promise<FlutterwaveSimulator>;
  export function interswitchSimulator(options?: InterswitchSimulatorOptions): Promise<InterswitchSimulator>;
  export function jpaySimulator(options?: JpaySimulatorOptions): Promise<JpaySimulator>;
  export function monnifySimulator(options?: MonnifySimulatorOptions): Promise<MonnifySimulator>;
  export function mtnMomoSimulator(options?: MtnMomoSimulatorOptions): Promise<MtnMomoSimulator>;
  export function pawapaySimulator(options?: PawapaySimulatorOptions): Promise<PawapaySimulator>;
  export function paystackSimulator(options?: PaystackSimulatorOptions): Promise<PaystackSimulator>;
  export function phoenixSimulator(options?: PhoenixSimulatorOptions): Promise<PhoenixSimulator>;
  export function providerContract({ describe, it }: TestRunner, target: ProviderTarget): void;
  export function storeContract({ describe, it }: TestRunner, target: StoreTarget): void;
  export function stripeSimulator(options?: StripeSimulatorOptions): Promise<StripeSimulator>;
  export function wiseSimulator(options?: WiseSimulatorOptions): Promise<WiseSimulator>;
}

declare module 'payout-guard (not exported): core/decision' {
  export interface Requirement {
      readonly wallet: Pick<Wallet, 'key' | 'currency' | 'floorMinor'>;
      readonly requiredMinor: bigint;
  }
  export interface Snapshot {
      readonly availableMinor: bigint;
      readonly capturedMarkMinor: bigint;
      readonly epoch: string;
      readonly requestedAtMs: number;
      readonly requestedElapsedMs: number;
      readonly receivedAtMs: number;
  }
}

declare module 'payout-guard (not exported): core/events' {
  export type Listen = <Name extends keyof GuardEvents>(name: Name, listener: (event: GuardEvents[Name]) => unknown) => () => void;
}

declare module 'payout-guard (not exported): core/hold-batch' {
  export interface BatchDecision {
      readonly isGranted: boolean;
      readonly outcomes: readonly HoldOutcome[];
      readonly source?: HoldRecord | undefined;
  }
  export interface HoldBatch {
      readonly holds: readonly HoldRequest[];
      readonly policy: 'all' | 'fit';
      readonly from?: HoldSource | undefined;
  }
}

declare module 'payout-guard (not exported): core/internals' {
  export interface AttachedWork {
      readonly left: readonly LeftOpen[];
      idle(): Promise<void>;
      giveUp(): Promise<void>;
  }
  export type EventOutcome = 'decided' | 'open' | 'unanswered';
  export interface PayoutsOfWallet {
      readonly wallet: WalletInfo;
      readonly payouts: readonly ListedPayout[];
  }
}

declare module 'payout-guard (not exported): core/limit-errors' {
  export interface LimitFacts {
      readonly wallet: string;
      readonly currency: Currency;
      readonly limit: LimitName;
      readonly requiredMinor: bigint;
      readonly allowedMinor: bigint;
      readonly usedMinor: bigint;
      readonly day?: {
          readonly endMs: number;
          readonly nowMs: number;
      } | undefined;
  }
}

declare module 'payout-guard (not exported): core/limits' {
  export interface DailyLimits {
      readonly perDayMinor: bigint | undefined;
      readonly perPayeeMinor: bigint | undefined;
      readonly payeeKey: ((payout: LimitedPayout) => string | undefined) | undefined;
      readonly timeZone: string;
      readonly countSinceStart: boolean;
  }
  export interface Limits {
      readonly perPayoutMinor: bigint | undefined;
      readonly daily: DailyLimits | undefined;
  }
}

declare module 'payout-guard (not exported): core/payout-list' {
  export interface ListedPayout extends Omit<BatchPayout, 'limits'> {
      readonly feeMinor: bigint;
      readonly given: PayoutToHold;
  }
}

declare module 'payout-guard (not exported): core/provider' {
  export interface ProviderCallback {
      referenceOf(rawBody: Uint8Array): string | undefined;
  }
}

declare module 'payout-guard (not exported): core/store' {
  type Settlement = ExtendRequest | SendRequest | {
      readonly to: 'returned';
  } | CaptureRequest | ReleaseRequest | {
      readonly to: 'failed';
  };
  export type StoreOperation = Exclude<keyof HoldStore, 'name' | 'limits' | 'maxPayouts' | 'close'>;
}

declare module 'payout-guard (not exported): core/store-failure' {
  export const storeFailureCauses: readonly [
      'connection',
      'timeout',
      'lock',
      'capacity',
      'access',
      'replica',
      'setup',
      'moving',
      'recovering',
      'damaged',
      'other'
  ];
}

declare module 'payout-guard (not exported): core/wallet' {
  export interface Wallet {
      readonly key: string;
      readonly memoryKey: string;
      readonly provider: BalanceProvider | undefined;
      readonly providerName: string;
      readonly currency: Currency;
      readonly floorMinor: bigint;
      readonly alwaysRefreshAboveMinor: bigint | undefined;
      readonly debitVisibleAt: BalanceProvider['debitVisibleAt'];
      readonly visibilityLagMs: number;
      readonly settlesOnReturn: boolean;
      readonly returnsProviderAnswer: boolean;
      readonly verdictOfResult: WalletSettings['verdictOfResult'];
      readonly verdictOf: WalletSettings['verdictOf'];
      readonly lookup: BalanceProvider['lookup'];
      readonly lookupIsDocumented: boolean;
      readonly absentIsFailedAfterMs: number | undefined;
      readonly limits: Limits | undefined;
      readonly identity: string | undefined;
      readonly formerly: readonly string[];
  }
}

declare module 'payout-guard (not exported): express/require-sufficient-funds' {
  type Source = [
      req: Request,
      res: Response
  ];
}

declare module 'payout-guard (not exported): fastify/index' {
  type Any = any;
  type Source<Body> = [
      request: RequestOf<Body>,
      reply: FastifyReply
  ];
}

declare module 'payout-guard (not exported): hono/index' {
  type Any = any;
  type Source<C, Body> = [
      c: C,
      body: Body
  ];
}

declare module 'payout-guard (not exported): koa/index' {
  type Source = [
      ctx: Context
  ];
}

declare module 'payout-guard (not exported): monitor/alert' {
  interface AlertBase {
      readonly id: string;
      readonly message: string;
      readonly wallet: string;
      readonly at: string;
  }
  interface MoneyAlert extends AlertBase {
      readonly currency: string;
  }
  interface PayoutAlert extends MoneyAlert {
      readonly reference: string;
      readonly attempt: string;
      readonly amount: string;
  }
}

declare module 'payout-guard (not exported): nest/http' {
  export type Source = [
      req: any,
      res: any
  ];
}

declare module 'payout-guard (not exported): operate/operator' {
  export type OperatorAction = 'capture' | 'release' | 'lookUp' | 'freeze' | 'unfreeze' | 'acceptLimits';
}

declare module 'payout-guard (not exported): providers/http/description' {
  type Headers = Readonly<Record<string, string>>;
  interface Schema<Body> {
      parse(input: unknown): Body;
  }
}

declare module 'payout-guard (not exported): providers/shared/options' {
  export interface HostedApiOptions extends NetworkOptions {
      baseUrl?: string | undefined;
      accountId?: string | undefined;
  }
}

declare module 'payout-guard (not exported): providers/stripe/payment' {
  export type Product = 'transfers' | 'payouts';
}

declare module 'payout-guard (not exported): providers/wise/index' {
  type StoredId = string | number | undefined;
}

declare module 'payout-guard (not exported): stores/postgres/engine' {
  export class PostgresEngine implements Engine {
      #private;
      readonly name = "postgres";
      readonly schema: string;
      constructor(options: PostgresEngineOptions, isInside?: boolean);
      inside(client: PostgresClient): PostgresEngine;
      run(batch: readonly Op[], header?: Header): Promise<BatchReply>;
      list(filter: HoldFilter): Promise<HoldPage>;
      claim(request: ClaimRequest): Promise<ClaimPage>;
      note(key: string): Promise<string | undefined>;
      swapNote(key: string, expected: string | undefined, value: string | undefined): Promise<boolean>;
      deleteFinished(ages: Ages): Promise<number>;
      ready(): Promise<void>;
      concerns(): Promise<readonly Concern[]>;
      isConnected(): false | undefined;
      close(): Promise<void>;
  }
  interface PostgresEngineOptions extends SharedStoreOptions {
      readonly pool: PostgresClient;
      readonly schema?: string | undefined;
  }
}

declare module 'payout-guard (not exported): stores/postgres/pages' {
  export interface Ages {
      readonly olderThanMs: number;
      readonly unsentOlderThanMs: number;
  }
}

declare module 'payout-guard (not exported): stores/shared/engine' {
  export type Answer = Operations[OpKind]['answer'];
  export interface BatchReply {
      readonly epoch: string;
      readonly nowMs: number;
      readonly recoveringForMs: number;
      readonly isExecuted: boolean;
      readonly answers: readonly (Answer | typeof busy)[];
  }
  export interface Concern {
      readonly what: string;
      readonly advice: string;
  }
  export interface Engine {
      readonly name: string;
      run(batch: readonly Op[], header?: Header): Promise<BatchReply>;
      soon?(flush: () => void): void;
      list(filter: HoldFilter): Promise<HoldPage>;
      claim(request: ClaimRequest): Promise<ClaimPage>;
      note(key: string): Promise<string | undefined>;
      swapNote(key: string, expected: string | undefined, value: string | undefined): Promise<boolean>;
      isConnected?(): boolean | undefined;
      ready?(): Promise<void>;
      concerns?(): Promise<readonly Concern[]>;
      close(): Promise<void>;
  }
  export interface Header {
      readonly id: string;
      readonly epoch: string;
      readonly notAfterMs: number;
  }
  export type Op = {
      [Kind in OpKind]: {
          readonly kind: Kind;
      } & Operations[Kind]['op'];
  }[OpKind];
  export type OpKind = keyof Operations;
  export interface Operations {
      totals: {
          readonly op: {
              readonly wallet: string;
          };
          readonly answer: WalletTotals;
      };
      hold: {
          readonly op: {
              readonly request: HoldRequest;
          };
          readonly answer: HoldOutcome;
      };
      holdAll: {
          readonly op: {
              readonly holds: HoldBatch;
          };
          readonly answer: BatchDecision;
      };
      settle: {
          readonly op: {
              readonly request: SettleRequest;
              readonly wallet?: string | undefined;
          };
          readonly answer: SettleOutcome;
      };
      get: {
          readonly op: {
              readonly reference: string;
          };
          readonly answer: HoldRecord | undefined;
      };
      freeze: {
          readonly op: {
              readonly wallet: string;
              readonly reason: string | undefined;
              readonly sinceMs?: number | undefined;
          };
          readonly answer: null;
      };
      acceptLimits: {
          readonly op: {
              readonly wallet: string;
          };
          readonly answer: null;
      };
      restore: {
          readonly op: {
              readonly hold: HoldRecord;
          };
          readonly answer: null;
      };
  }
  export const busy: unique symbol;
}

declare module 'payout-guard (not exported): stores/shared/options' {
  export interface RememberOptions {
      rememberMs?: number | undefined;
  }
}

declare module 'payout-guard (not exported): testing/interswitch/codec' {
  export interface InterswitchStyle {
      readonly shape: 'wrapped' | 'flat';
      readonly amounts: 'number' | 'text' | 'javaDouble';
  }
}

declare module 'payout-guard (not exported): testing/interswitch/wallet' {
  export interface InterswitchWalletOptions extends SimulatorOptions {
      readonly available?: string | undefined;
      readonly ledger?: string | undefined;
      readonly currency?: string | undefined;
      readonly shape?: InterswitchStyle['shape'] | undefined;
      readonly amounts?: InterswitchStyle['amounts'] | undefined;
  }
}

declare module 'payout-guard (not exported): testing/phoenix/codec' {
  export type SignedAmount = 'any' | 'javaDouble' | 'plain';
}

declare module 'payout-guard (not exported): testing/phoenix/crypto' {
  export type PhoenixPoint = 'compressed' | 'uncompressed';
}

declare module 'payout-guard (not exported): testing/simulator/one-balance' {
  export interface OneBalance {
      credit(amount: string): void;
      debit(amount: string): void;
      setBalance(balance: string): void;
      balance(): string;
  }
}

declare module 'payout-guard (not exported): web/funds-guard' {
  export type FundsOptions<Source extends readonly unknown[], Answered extends readonly unknown[] = Source> = HoldingRoute<Source, Answered> | CheckingRoute<Source>;
}
