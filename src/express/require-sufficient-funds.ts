// The check before a handler.
import type { Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import { InvalidAmountError } from '../core/errors.js';
import type { PayoutGuard } from '../core/guard.js';
import type { AmountInput } from '../core/money.js';
import { Problems } from '../core/problems.js';
import { redactedCause } from '../core/redact.js';

/** Where in the request the payout is described. */
export interface RequireSufficientFundsOptions {
  /** The amount in major units, usually `(req) => req.body.amount`. Whatever it returns is checked as untrusted input. */
  amount: (req: Request) => unknown;
  /** What the provider will charge on top, in major units. From your own tables, not from the request. */
  fee?: ((req: Request) => AmountInput) | undefined;
  /** The currency the client asked for; another one than the guard's is refused with 422. */
  currency?: ((req: Request) => unknown) | undefined;
  /**
   * The wallet, when it is not the guard's default: a key, or a function that finds it from who is signed in. Never take
   * it from the body, the query or a header: a client would choose whose money is spent.
   */
  wallet?: string | ((req: Request, res: Response) => string) | undefined;
}

const aFunction = z.custom((value) => typeof value === 'function', 'must be a function');

const optionsSchema: z.ZodType<unknown> = z.strictObject({
  amount: aFunction,
  fee: aFunction.optional(),
  currency: aFunction.optional(),
  wallet: z.union([z.string(), aFunction], { error: 'must be a key or a function' }).optional(),
});

/**
 * Lets a request through only if the wallet covers its amount; otherwise the error goes to `next`, where
 * `payoutGuardErrors()` or the application's own error handler answers. The handler runs after a yes, and no hold is taken:
 * two requests at the same time may both be told yes.
 *
 * @throws `ConfigurationError` at creation, naming every problem of the options.
 */
export function requireSufficientFunds(guard: PayoutGuard, options: RequireSufficientFundsOptions): RequestHandler {
  const problems = new Problems();
  problems.read(optionsSchema, options);
  if (typeof guard?.checkFunds !== 'function') problems.add('guard: must be what createPayoutGuard returns');
  if (problems.any) throw problems.error();
  const { amount, fee, currency, wallet } = options;

  return (req, res, next) => {
    const check = async () => {
      // The types promise an amount and a currency; the guard itself refuses whatever a client sent instead.
      await guard.assertSufficientFunds(readAmount(amount, req) as AmountInput, {
        fee: fee?.(req),
        currency: currency?.(req) as string | undefined,
        wallet: typeof wallet === 'function' ? wallet(req, res) : wallet,
      });
    };
    check().then(() => next(), next);
  };
}

// `req.body.amount` throws when a client sent no JSON at all: its mistake, not ours.
function readAmount(amount: RequireSufficientFundsOptions['amount'], req: Request): unknown {
  try {
    return amount(req);
  } catch (error) {
    throw new InvalidAmountError('it could not be found in the request', { cause: redactedCause(error) });
  }
}
