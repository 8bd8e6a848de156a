// Errors of the guard as HTTP answers: RFC 9457, application/problem+json.
import type { ErrorRequestHandler } from 'express';
import { z } from 'zod';
import {
  type BalanceUnavailableError,
  type InsufficientFundsError,
  isPayoutGuardError,
  type PayoutGuardError,
} from '../core/errors.js';
import { readOptions } from '../core/problems.js';

export interface PayoutGuardErrorsOptions {
  /**
   * `'amounts'` adds `required`, `available`, `held`, `spendable`, `shortfall`, `currency` and `asOf` to the answer when
   * funds are insufficient. For APIs whose clients may know the balance of the wallet.
   * @defaultValue nothing: no balance reaches a client
   */
  expose?: 'amounts' | undefined;
}

const optionsSchema: z.ZodType<PayoutGuardErrorsOptions> = z.strictObject({ expose: z.literal('amounts').optional() });

/** An RFC 9457 problem: what `payoutGuardErrors()` sends. */
interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly [extension: string]: unknown;
}

const titles: Record<PayoutGuardError['code'], string> = {
  insufficient_funds: 'Insufficient funds',
  balance_unavailable: 'Balance unavailable',
  invalid_amount: 'Invalid amount',
  invalid_reference: 'Invalid reference',
  currency_mismatch: 'Currency mismatch',
  duplicate_reference: 'Duplicate reference',
  hold_conflict: 'Conflicting payout',
  hold_state: 'Hold in another state',
  wallet_frozen: 'Wallet frozen',
  payout_rejected: 'Payout rejected',
  configuration: 'Server misconfigured',
};

/**
 * Answers the errors of the guard; passes every other error on. Mount it after the routes.
 *
 * @throws `ConfigurationError` at creation when the options are unknown.
 */
export function payoutGuardErrors(options: PayoutGuardErrorsOptions = {}): ErrorRequestHandler {
  readOptions(optionsSchema, options);

  return (error, _req, res, next) => {
    // Half an answer cannot be turned into another one: Express then closes the connection.
    if (!isPayoutGuardError(error) || res.headersSent) return next(error);
    if (isUnavailable(error)) res.set('Retry-After', String(Math.max(1, Math.ceil(error.retryAfterMs / 1_000))));
    res
      .status(error.status)
      .type('application/problem+json')
      .send(JSON.stringify(problemOf(error, options)));
  };
}

function problemOf(error: PayoutGuardError, options: PayoutGuardErrorsOptions): Problem {
  return {
    type: `urn:payout-guard:${error.code}`,
    title: titles[error.code],
    status: error.status,
    detail: error.expose ? error.message : hiddenDetail(error),
    code: error.code,
    ...(isUnavailable(error) ? { reason: error.reason } : {}),
    ...(isInsufficient(error) ? { temporary: error.temporary } : {}),
    ...(isInsufficient(error) && options.expose === 'amounts' ? amountsOf(error) : {}),
  };
}

/** What a client is told when the message is for operators. */
function hiddenDetail(error: PayoutGuardError): string {
  return error.status === 503
    ? 'The balance cannot be told right now. The payout was not made; try again later.'
    : 'The payout was not made. The operator of this API has to act.';
}

function amountsOf({ decision }: InsufficientFundsError): Record<string, string> {
  const { required, available, held, spendable, shortfall, currency, asOf } = decision.toData();
  return { required, available, held, spendable, shortfall, currency, asOf };
}

// By code, not by instanceof: the error may come from another copy of this package.
function isInsufficient(error: PayoutGuardError): error is InsufficientFundsError {
  return error.code === 'insufficient_funds';
}

function isUnavailable(error: PayoutGuardError): error is BalanceUnavailableError {
  return error.code === 'balance_unavailable';
}
