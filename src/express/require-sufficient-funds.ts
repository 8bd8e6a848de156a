// The guard before a handler: checks, or holds and settles by what the handler answers.
import type { Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import type { CheckOptions } from '../core/decider.js';
import { InvalidAmountError, InvalidReferenceError, type PayoutGuardError } from '../core/errors.js';
import type { AttemptResult, PayoutGuard } from '../core/guard.js';
import type { Hold, HoldOptions } from '../core/holds.js';
import type { AmountInput } from '../core/money.js';
import { Problems } from '../core/problems.js';
import type { BalanceProvider } from '../core/provider.js';
import { redactedCause } from '../core/redact.js';
import { aFunction } from '../core/schemas.js';

/** Where in the request the payout is described. */
export interface RequireSufficientFundsOptions {
  /** The amount in major units, usually `(req) => req.body.amount`. Whatever it returns is checked as untrusted input. */
  amount: (req: Request) => unknown;
  /**
   * The unique id of the payout, usually `(req) => req.get('Idempotency-Key')`. A route that names it holds the money while
   * the handler runs; a request without one is answered 400. A route that does not name it only checks: two requests at the
   * same time may both be told yes.
   */
  reference?: ((req: Request) => unknown) | undefined;
  /**
   * `'check'` takes no hold even if there is a `reference`.
   * @defaultValue `'hold'` with a `reference`, else `'check'`
   */
  mode?: 'hold' | 'check' | undefined;
  /**
   * Whether the payout is over when the handler answers 2xx.
   * @defaultValue the `settles` of the guard
   */
  settles?: BalanceProvider['settles'] | undefined;
  /** What the provider will charge on top, in major units. From your own tables, not from the request. */
  fee?: ((req: Request) => AmountInput) | undefined;
  /** The currency the client asked for; another one than the guard's is refused with 422. */
  currency?: ((req: Request) => unknown) | undefined;
  /**
   * The wallet, when it is not the guard's default: a key, or a function that finds it from who is signed in. Never take
   * it from the body, the query or a header: a client would choose whose money is spent.
   */
  wallet?: string | ((req: Request, res: Response) => string) | undefined;
  /** Up to 16 short texts for operators, kept with the hold. */
  metadata?: ((req: Request) => Record<string, string>) | undefined;
}

const optionsSchema: z.ZodType<unknown> = z
  .strictObject({
    amount: aFunction(),
    reference: aFunction().optional(),
    mode: z.enum(['hold', 'check']).optional(),
    settles: z.enum(['onReturn', 'later']).optional(),
    fee: aFunction().optional(),
    currency: aFunction().optional(),
    wallet: z.union([z.string(), aFunction()], { error: 'must be a key or a function' }).optional(),
    metadata: aFunction().optional(),
  })
  .refine(({ mode, reference }) => mode !== 'hold' || reference !== undefined, "mode: 'hold' needs a reference");

/**
 * Lets a request through only if the wallet covers its amount; otherwise the error goes to `next`, where
 * `payoutGuardErrors()` or the application's own error handler answers.
 *
 * With a `reference`, the money is held as `sent` before the handler runs, and `holdOf(res)` is the hold. If the handler does
 * not settle it, the answer does: 2xx captures when the payout settles on return (or the balance shows it at acceptance) and
 * leaves it sent otherwise, for a webhook or lookup to end; 4xx releases; 202, 3xx, 5xx, a client that left before the answer,
 * and a crash leave it sent. So answer 4xx only if the payout certainly was not made.
 *
 * @throws `ConfigurationError` at creation, naming every problem of the options.
 */
export function requireSufficientFunds(guard: PayoutGuard, options: RequireSufficientFundsOptions): RequestHandler {
  const problems = new Problems();
  problems.read(optionsSchema, options);
  if (typeof guard?.checkFunds !== 'function') problems.add('guard: must be what createPayoutGuard returns');
  if (problems.any) throw problems.error();
  const { reference, mode, settles } = options;

  // The types promise amounts, references and currencies; the guard itself refuses whatever a client sent instead.
  const amountOf = (req: Request) => read(req, options.amount, noAmount) as AmountInput;
  const currencyOf = (req: Request) => options.currency?.(req) as string | undefined;
  const walletOf = (req: Request, res: Response) =>
    typeof options.wallet === 'function' ? options.wallet(req, res) : options.wallet;

  // A guard that only observes must not refuse either what cannot be read: it is asked with nothing, and notes that.
  const readable = <T>(from: () => T, nothing: T): T => {
    if (guard.mode !== 'observe') return from();
    try {
      return from();
    } catch {
      return nothing;
    }
  };

  if (!reference || mode === 'check') {
    const describe = (req: Request, res: Response): [AmountInput, CheckOptions] => [
      amountOf(req),
      { fee: options.fee?.(req), currency: currencyOf(req), wallet: walletOf(req, res) },
    ];
    const check = async (req: Request, res: Response) =>
      guard.assertSufficientFunds(...readable(() => describe(req, res), ['', {}]));
    return (req, res, next) => {
      check(req, res).then(() => next(), next);
    };
  }

  const describe = (req: Request, res: Response): HoldOptions => ({
    reference: read(req, reference, noReference) as string,
    amount: amountOf(req),
    fee: options.fee?.(req),
    currency: currencyOf(req),
    wallet: walletOf(req, res),
    state: 'sent',
    metadata: options.metadata?.(req),
  });
  const take = (req: Request, res: Response) =>
    guard.hold(readable(() => describe(req, res), { reference: '', amount: '', state: 'sent' }));
  return (req, res, next) => {
    try {
      take(req, res).then((hold) => {
        // Nobody waits for the answer any more, and the payout has not begun: so it does not.
        if (res.closed) return guard.conclude(hold, 'not_sent');
        res.locals[holdKey] = hold;
        res.on('close', () => void guard.conclude(hold, resultOf(res), { settles }));
        return next();
      }, next);
    } catch (error) {
      next(error);
    }
  };
}

// Under a name that both module formats of this package share. In `locals`: a new property of the response itself would make
// everything that Express does with it slower.
const holdKey = Symbol.for('payout-guard.hold') as unknown as string;

/** The hold that `requireSufficientFunds` took for this request; undefined on a route that only checks. */
export function holdOf(res: Response): Hold | undefined {
  return res.locals[holdKey];
}

/** What an answer says about the payout. One that was not finished says nothing: the handler may still be paying. */
function resultOf(res: Response): AttemptResult {
  const { statusCode, writableEnded } = res;
  if (!writableEnded || statusCode === 202) return 'unknown';
  if (statusCode >= 200 && statusCode <= 299) return 'accepted';
  return statusCode >= 400 && statusCode <= 499 ? 'not_sent' : 'unknown';
}

const noAmount = (cause: Error) => new InvalidAmountError('it could not be found in the request', { cause });
const noReference = (cause: Error) => new InvalidReferenceError({ cause });

// `req.body.amount` throws when a client sent no JSON at all: its mistake, not ours.
function read(req: Request, from: (req: Request) => unknown, problem: (cause: Error) => PayoutGuardError): unknown {
  try {
    return from(req);
  } catch (error) {
    throw problem(redactedCause(error));
  }
}
