// Every error this library throws. One class for each thing a caller would handle differently, each with a stable code.
// Balances never stand in a message and are never enumerable: a logger or JSON.stringify that meets an error shows
// none.
import type { HoldState } from './hold.js';
import { redactedCause } from './redact.js';

/** Stable, machine-readable names of everything that can go wrong. */
export type PayoutGuardErrorCode =
  | 'insufficient_funds'
  | 'balance_unavailable'
  | 'invalid_amount'
  | 'invalid_reference'
  | 'invalid_argument'
  | 'currency_mismatch'
  | 'payout_in_progress'
  | 'duplicate_reference'
  | 'hold_conflict'
  | 'hold_state'
  | 'foreign_wallet'
  | 'wallet_frozen'
  | 'payout_rejected'
  | 'configuration';

const brand = Symbol.for('payout-guard.error');

/** The base of all errors of this library. */
export abstract class PayoutGuardError extends Error {
  /** What happened, for programs. */
  abstract readonly code: PayoutGuardErrorCode;
  /** The HTTP status an API should answer with. Frameworks that honour `err.status` use it as it is. */
  readonly status: number;
  /** The same as `status`, for frameworks that read this name. */
  readonly statusCode: number;
  /** Whether the message may be shown to an HTTP client. Messages never contain balances or secrets either way. */
  readonly expose: boolean;

  constructor(message: string, options: { status: number; expose: boolean; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.status = options.status;
    this.statusCode = options.status;
    this.expose = options.expose;
    Object.defineProperty(this, brand, { value: true });
  }

  /** What a JSON logger may write: never a balance, never a cause. */
  toJSON(): Record<string, unknown> {
    return { name: this.name, code: this.code, status: this.status, message: this.message };
  }
}

/**
 * Whether a value is an error of this library. Works across module formats and copies of the package, where
 * `instanceof` does not.
 */
export function isPayoutGuardError(value: unknown): value is PayoutGuardError {
  return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[brand] === true;
}

const paidUnder = Symbol.for('payout-guard.paid-under');

/**
 * Remembers that an error of this library passed through a payment that began: the payout of this reference may have
 * been made. Only of refusals: an outage makes no claim about the payout, and one such error may be shared by many
 * callers.
 */
export function notePayment(error: unknown, reference: string): void {
  if (!isPayoutGuardError(error) || error.status >= 500) return;
  Object.defineProperty(error, paidUnder, { value: reference, configurable: true });
}

/** The payout that may have been made before this error was thrown, if the error passed through its payment. */
export function payoutBefore(error: PayoutGuardError): string | undefined {
  return (error as { [paidUnder]?: string })[paidUnder];
}

/** Why a balance could not be told. */
export type BalanceUnavailableReason =
  | 'unauthorized'
  | 'forbidden'
  | 'timeout'
  | 'network'
  | 'provider_error'
  | 'rate_limited'
  | 'malformed'
  | 'circuit_open'
  | 'store'
  | 'stale'
  | 'closed';

const unavailableSentences: Record<BalanceUnavailableReason, string> = {
  unauthorized: 'the provider did not accept the credentials; check the key, secret or token',
  forbidden: 'the provider refused access; check the account, its products and the IP allow-list',
  timeout: 'the provider did not answer in time',
  network: 'the provider could not be reached',
  provider_error: 'the provider answered with an error',
  rate_limited: 'the provider asked us to slow down',
  malformed: 'the provider answered something that is not a balance',
  circuit_open: 'the provider failed repeatedly and is being left alone for a moment',
  store: 'the store of holds did not answer',
  stale: 'the only balance to be had is too old to decide on',
  closed: 'the guard was closed',
};

/** Nobody can tell whether the wallet covers the payout, so it is refused. Never means "not enough". */
export class BalanceUnavailableError extends PayoutGuardError {
  override readonly name = 'BalanceUnavailableError';
  override readonly code = 'balance_unavailable';
  /** Why, for programs. */
  readonly reason: BalanceUnavailableReason;
  /**
   * How long a client should wait before it asks again, in milliseconds; what Retry-After says, rounded up to seconds.
   */
  readonly retryAfterMs: number;
  /** The status or response code behind the reason, for logs; holds no secret. */
  readonly detail: string | undefined;

  constructor(
    reason: BalanceUnavailableReason,
    options: {
      detail?: string | undefined;
      /** The consequence for the caller, as a sentence. @defaultValue `'The payout was not approved.'` */
      consequence?: string | undefined;
      /** Subject of the sentence: the thing that is unavailable. @defaultValue `'The balance'` */
      subject?: string | undefined;
      retryAfterMs?: number | undefined;
      cause?: unknown;
    } = {},
  ) {
    const { subject = 'The balance', consequence = 'The payout was not approved.' } = options;
    const detail = options.detail === undefined ? '' : ` (${options.detail})`;
    super(`${subject} cannot be told: ${unavailableSentences[reason]}${detail}. ${consequence}`, {
      status: 503,
      expose: false,
      cause: options.cause,
    });
    this.reason = reason;
    this.retryAfterMs = options.retryAfterMs ?? 1_000;
    this.detail = options.detail;
  }

  override toJSON(): Record<string, unknown> {
    return { ...super.toJSON(), reason: this.reason };
  }
}

/** The amount is not a positive decimal that fits the currency. */
export class InvalidAmountError extends PayoutGuardError {
  override readonly name = 'InvalidAmountError';
  override readonly code = 'invalid_amount';

  /**
   * @param problem - What is wrong and what to pass instead, as the end of a sentence that begins with "Invalid
   * amount:".
   */
  constructor(problem: string, options: { cause?: unknown } = {}) {
    super(`Invalid amount: ${problem}.`, { status: 400, expose: true, cause: options.cause });
  }
}

/** The reference of a payout is missing or cannot be one. */
export class InvalidReferenceError extends PayoutGuardError {
  override readonly name = 'InvalidReferenceError';
  override readonly code = 'invalid_reference';

  constructor(options: { longest?: number | undefined; cause?: unknown } = {}) {
    const { longest = 128 } = options;
    super(
      `Invalid reference: pass the unique id of the payout, 1 to ${longest} visible ASCII characters without spaces.`,
      {
        status: 400,
        expose: true,
        cause: options.cause,
      },
    );
  }
}

/** A call of this library was wrong: an argument has a value that it cannot have. */
export class InvalidArgumentError extends PayoutGuardError {
  override readonly name = 'InvalidArgumentError';
  override readonly code = 'invalid_argument';
  /** The name of the argument. */
  readonly argument: string;

  /** @param rule - What the argument must be, as the end of a sentence that begins with its name. */
  constructor(argument: string, rule: string, options: { cause?: unknown } = {}) {
    super(`Invalid argument: ${argument} ${rule}.`, { status: 400, expose: true, cause: options.cause });
    this.argument = argument;
  }
}

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
  /** How long a client should wait before it asks again, in milliseconds. */
  readonly retryAfterMs: number;

  constructor(reference: string, retryAfterMs = 5_000) {
    super(
      'A payout with this reference is under way, or its outcome is not known yet. Do not send it again under another reference; repeat the request later to learn its outcome.',
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

  /** @param wanted - What the hold cannot be any more, such as `captured`. */
  constructor(reference: string, state: HoldState | 'unknown', wanted: string) {
    super(
      state === 'unknown'
        ? `There is no hold with this reference, so it cannot be ${wanted}.`
        : `The hold is ${state} already, so it cannot be ${wanted}.`,
      { status: 409, expose: true },
    );
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

  /** What the operator wrote; for operators. */
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
   * Whether the payout certainly never reached the provider. Only then may its reference be held again; one that the
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
 * Whether an error is a rejection that speaks of the payout that meets it first. By shape, because it may come from
 * another copy of this package.
 */
export function claimRejection(error: unknown): error is PayoutRejectedError {
  return (
    isPayoutGuardError(error) && error.code === 'payout_rejected' && (error as PayoutRejectedError).claim?.() === true
  );
}

/** Two currencies that should be the same are not. */
export class CurrencyMismatchError extends PayoutGuardError {
  override readonly name = 'CurrencyMismatchError';
  override readonly code = 'currency_mismatch';
  /** The currency this guard was made for. */
  readonly expected: string;
  /** The currency it met. */
  readonly actual: string;
  /** Who named the other currency: the provider (503) or the caller (422). */
  readonly source: 'provider' | 'caller';

  constructor(expected: string, actual: string, source: 'provider' | 'caller') {
    // Whatever the outside sent is shown only if it can be nothing but a currency: not a balance, not a script.
    const shown = /^([A-Za-z]{1,8}|[0-9]{3})$/.test(actual) ? actual : 'another currency';
    super(
      source === 'provider'
        ? `The provider answered in ${shown}, this guard decides in ${expected}. The payout was not approved.`
        : `The payout is in ${shown}, this guard decides in ${expected}.`,
      { status: source === 'provider' ? 503 : 422, expose: source === 'caller' },
    );
    this.expected = expected;
    this.actual = shown;
    this.source = source;
  }
}

/** The library is set up in a way that can never work. Names every problem at once. */
export class ConfigurationError extends PayoutGuardError {
  override readonly name = 'ConfigurationError';
  override readonly code = 'configuration';
  /** One sentence for each problem. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[], options: { cause?: unknown } = {}) {
    super(`payout-guard is not configured correctly: ${problems.join('; ')}.`, {
      status: 500,
      expose: false,
      cause: options.cause,
    });
    this.problems = problems;
  }
}

/**
 * The error itself when it is one of this library. What others throw may carry anything, so only its name, code and
 * stack are kept, as the cause of a `provider_error`.
 */
export function asPayoutGuardError(error: unknown): PayoutGuardError {
  return isPayoutGuardError(error)
    ? error
    : new BalanceUnavailableError('provider_error', { cause: redactedCause(error) });
}
