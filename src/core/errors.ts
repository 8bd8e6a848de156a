// Every error this library throws has a class here, or in hold-errors.ts if it is about one payout. One class for each
// thing that a caller would handle differently, each with a stable code.
// Balances never stand in a message and are never enumerable: a logger or JSON.stringify that meets an error shows
// none.
import { redactedCause } from './redact.js';

/** Stable, machine-readable names of everything that can go wrong. */
export type PayoutGuardErrorCode =
  | 'insufficient_funds'
  | 'limit_exceeded'
  | 'limits_unknown'
  | 'balance_unavailable'
  | 'invalid_amount'
  | 'invalid_reference'
  | 'invalid_argument'
  | 'currency_mismatch'
  | 'payout_in_progress'
  | 'duplicate_reference'
  | 'references_taken'
  | 'hold_conflict'
  | 'hold_state'
  | 'foreign_wallet'
  | 'wallet_frozen'
  | 'payout_rejected'
  | 'configuration';

const brand = Symbol.for('payout-guard.error');

/** The base of all errors of this library. */
export abstract class PayoutGuardError extends Error {
  /** Stable code of the failure, for programs. */
  abstract readonly code: PayoutGuardErrorCode;
  /** The HTTP status an API should answer with. Frameworks that honour `err.status` use it as it is. */
  readonly status: number;
  /** The same as `status`, for frameworks that read this name. */
  readonly statusCode: number;
  /** True if the message may be shown to an HTTP client. Messages never contain balances or secrets either way. */
  readonly expose: boolean;

  constructor(message: string, options: { status: number; expose: boolean; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.status = options.status;
    this.statusCode = options.status;
    this.expose = options.expose;
    Object.defineProperty(this, brand, { value: true });
  }

  /** Returns the fields that a JSON logger may write: never a balance, never a cause. */
  toJSON(): Record<string, unknown> {
    return { name: this.name, code: this.code, status: this.status, message: this.message };
  }
}

/**
 * Returns true for an error of this library. Works across module formats and copies of the package, where
 * `instanceof` does not.
 */
export function isPayoutGuardError(value: unknown): value is PayoutGuardError {
  return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[brand] === true;
}

const paidUnder = Symbol.for('payout-guard.paid-under');

/**
 * Remembers that an error of this library passed through a payment that began, here or under another handle: the payout
 * of this reference may have been made. Only of refusals: an outage makes no claim about the payout, and one such error
 * may be shared by many callers.
 */
export function notePayment(error: unknown, reference: string): void {
  if (!isPayoutGuardError(error) || error.status >= 500) return;
  Object.defineProperty(error, paidUnder, { value: reference, configurable: true });
}

/** The payout that may have been made before this error was thrown, if the error passed through its payment. */
export function payoutBefore(error: PayoutGuardError): string | undefined {
  return (error as { [paidUnder]?: string })[paidUnder];
}

/** Reasons why a balance is unavailable. */
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
  unauthorized: 'the provider rejected the credentials; check the key, secret or token',
  forbidden: 'the provider refused access; check the account, its products and the IP allow-list',
  timeout: 'the provider did not respond in time',
  network: 'the provider could not be reached',
  provider_error: 'the provider answered with an error',
  rate_limited: 'the provider limits our requests',
  malformed: "the provider's answer is not a balance",
  circuit_open: 'the provider failed repeatedly, and requests are paused',
  store: 'the hold store did not respond',
  stale: "the provider's balance is too old",
  closed: 'the guard is closed',
};

/** The balance can't be determined, so the payout is refused. Never means "not enough". */
export class BalanceUnavailableError extends PayoutGuardError {
  override readonly name = 'BalanceUnavailableError';
  override readonly code = 'balance_unavailable';
  /** Reason, for programs. */
  readonly reason: BalanceUnavailableReason;
  /**
   * Recommended wait before the client retries, in milliseconds. `Retry-After` carries it, rounded up to seconds.
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
      /** Subject of the message. @defaultValue `'Balance'` */
      subject?: string | undefined;
      retryAfterMs?: number | undefined;
      cause?: unknown;
    } = {},
  ) {
    const { subject = 'Balance', consequence = 'The payout was not approved.' } = options;
    const detail = options.detail === undefined ? '' : ` (${options.detail})`;
    super(`${subject} unavailable: ${unavailableSentences[reason]}${detail}. ${consequence}`, {
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

  constructor(options: { longest?: number | undefined; form?: string | undefined; cause?: unknown } = {}) {
    const { longest = 128, form, cause } = options;
    const wanted = form
      ? `the provider takes ${form}.`
      : `pass the unique id of the payout, 1 to ${longest} visible ASCII characters without spaces.`;
    super(`Invalid reference: ${wanted}`, { status: 400, expose: true, cause });
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

/** Two currencies that should be the same are not. */
export class CurrencyMismatchError extends PayoutGuardError {
  override readonly name = 'CurrencyMismatchError';
  override readonly code = 'currency_mismatch';
  /** The currency this guard was made for. */
  readonly expected: string;
  /** The currency it met. */
  readonly actual: string;
  /** Source of the other currency: the provider (503) or the caller (422). */
  readonly source: 'provider' | 'caller';

  constructor(expected: string, actual: string, source: 'provider' | 'caller') {
    // A text from outside is shown only if it has the form of a currency code, so it is no balance and no script.
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
