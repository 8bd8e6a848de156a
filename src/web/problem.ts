// Errors of a guard as HTTP answers, for every framework: RFC 9457, application/problem+json.
import {
  type BalanceUnavailableError,
  type PayoutGuardError,
  type PayoutGuardErrorCode,
  payoutBefore,
} from '../core/errors.js';
import { PayoutInProgressError, type ReferencesTakenError } from '../core/hold-errors.js';
import { type InsufficientFundsError, isInsufficientFunds } from '../core/insufficient-funds.js';
import { isLimitExceeded, type LimitExceededError } from '../core/limit-errors.js';
import type { Hold } from '../core/payout-guard.js';

/** The figures that an answer may show. */
export interface ProblemOptions {
  /**
   * `'amounts'` adds `required`, `available`, `held`, `spendable`, `shortfall`, `currency` and `asOf` to the answer
   * when funds are insufficient, and `required`, `allowed`, `used`, `remaining` and `currency` when a limit is
   * exceeded. For APIs whose clients may see the balance of the wallet.
   * @defaultValue nothing: no balance reaches a client
   */
  expose?: 'amounts' | undefined;
}

/** An RFC 9457 problem. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly [extension: string]: unknown;
}

/** A whole answer. */
export interface ProblemAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Problem;
}

const titles: Readonly<Record<PayoutGuardErrorCode, string>> = {
  insufficient_funds: 'Insufficient funds',
  limit_exceeded: 'Limit exceeded',
  limits_unknown: 'Limits unknown',
  balance_unavailable: 'Balance unavailable',
  invalid_amount: 'Invalid amount',
  invalid_reference: 'Invalid reference',
  invalid_argument: 'Invalid argument',
  currency_mismatch: 'Currency mismatch',
  payout_in_progress: 'Payout in progress',
  duplicate_reference: 'Duplicate reference',
  references_taken: 'References taken',
  hold_conflict: 'Conflicting payout',
  hold_state: 'Hold in another state',
  foreign_wallet: 'Wallet of another service',
  wallet_frozen: 'Wallet frozen',
  payout_rejected: 'Payout rejected',
  configuration: 'Server misconfigured',
};

/**
 * The answer to an error of a guard, given the holds of the request whose payouts are not known to have failed. A
 * request whose payout may have been made is answered as a payout in progress, whatever went wrong after the payment
 * began.
 */
export function problemAnswer(error: PayoutGuardError, holds: readonly Hold[], options: ProblemOptions): ProblemAnswer {
  const reference = holds.find(mayHavePaid)?.reference ?? payoutBefore(error);
  return answerFor(reference === undefined ? error : new PayoutInProgressError(reference), options);
}

/**
 * Returns true if a payment began and is not known to have failed. One that waits for `sent` counts: its function may
 * run.
 */
export function mayHavePaid({ state, isPaying }: Hold): boolean {
  return state === 'sent' || state === 'captured' || (state === 'reserved' && isPaying);
}

function answerFor(error: PayoutGuardError, options: ProblemOptions): ProblemAnswer {
  const { retryAfterMs, retryable } = error as Partial<PayoutInProgressError>;
  const headers: Record<string, string> = { 'content-type': 'application/problem+json; charset=utf-8' };
  if (retryAfterMs !== undefined) headers['retry-after'] = String(Math.max(1, Math.ceil(retryAfterMs / 1_000)));
  const body: Problem = {
    type: `urn:payout-guard:${error.code}`,
    title: titles[error.code],
    status: error.status,
    detail: error.expose ? error.message : hiddenDetail(error),
    code: error.code,
    ...(isUnavailable(error) ? { reason: error.reason } : {}),
    ...(retryable === true && { retryable }),
    ...(isInsufficientFunds(error) ? { temporary: error.temporary } : {}),
    ...(error.code === 'references_taken' ? { taken: (error as ReferencesTakenError).taken } : {}),
    ...(isInsufficientFunds(error) && options.expose === 'amounts' ? amountsOf(error) : {}),
    ...(isLimitExceeded(error) ? { limit: error.limit } : {}),
    ...(isLimitExceeded(error) && options.expose === 'amounts' ? limitAmountsOf(error) : {}),
  };
  return { status: error.status, headers, body };
}

/**
 * The detail for clients when the message is for operators. It makes no claim about the payout: the error may come from
 * code behind a payment that no hold of the request shows.
 */
function hiddenDetail(error: PayoutGuardError): string {
  return error.status === 503
    ? 'The request could not be processed right now. Repeat it later with the same reference.'
    : 'The operator of this API has to act. Repeat the request afterwards with the same reference.';
}

function amountsOf({ decision }: InsufficientFundsError): Record<string, string> {
  const { required, available, held, spendable, shortfall, currency, asOf } = decision.toData();
  return { required, available, held, spendable, shortfall, currency, asOf };
}

function limitAmountsOf({ required, allowed, used, remaining, currency }: LimitExceededError): Record<string, string> {
  return { required, allowed, used, remaining, currency };
}

function isUnavailable(error: PayoutGuardError): error is BalanceUnavailableError {
  return error.code === 'balance_unavailable';
}
