// Reads a payout from a request, for every framework: what a client sent is untrusted input, what the application's own
// functions return must be what they promise.

import type { HoldOptions } from '../core/calls.js';
import { InvalidAmountError, InvalidArgumentError, InvalidReferenceError, isPayoutGuardError } from '../core/errors.js';
import { answerOf, isThenable, thrownBy } from '../core/functions.js';
import { isAmountInput } from '../core/money.js';
import type { AmountInput } from '../core/payout-guard.js';
import { redactedCause } from '../core/redact.js';

/** Reads a payout from a request. `Source` is the arguments that the framework has. */
export interface PayoutSource<Source extends readonly unknown[]> {
  /** The amount in major units, usually `(req) => req.body.amount`. Its value is checked as untrusted input. */
  amount: (...source: Source) => unknown;
  /**
   * The unique id of the payout. In an API of several tenants it carries the tenant, and a missing key stays missing:
   * `` (req) => req.get('Idempotency-Key') && `${req.tenant.id}:${req.get('Idempotency-Key')}` ``.
   */
  reference?: ((...source: Source) => unknown) | undefined;
  /** The provider's charge on top, in major units. From your own tables, not from the request. */
  fee?: ((...source: Source) => AmountInput) | undefined;
  /** The currency the client asked for: another one than the wallet's is refused with 422, a missing one with 400. */
  currency?: ((...source: Source) => unknown) | undefined;
  /**
   * The wallet, when the guard has several: a key, or a function that finds it from the authenticated caller. Never
   * take it from the body, the query or a header: a client would choose whose money is spent.
   */
  wallet?: string | ((...source: Source) => string) | undefined;
  /**
   * Identifies the payee, usually `(req) => req.body.to`: another payee under the same reference is refused with 422, a
   * missing one with 400, because it would match every other missing one.
   */
  fingerprint?: ((...source: Source) => unknown) | undefined;
  /** Up to 16 short texts for operators, kept with the hold. */
  metadata?: ((...source: Source) => Record<string, string>) | undefined;
}

/**
 * The payout of a request, to be held or checked.
 *
 * @throws an error of this library: 4xx for a request that does not describe a payout, `ConfigurationError` for a
 *   function that does not return what it must.
 */
export function readPayout<Source extends readonly unknown[]>(
  options: PayoutSource<Source>,
  source: Source,
): HoldOptions {
  const amount = fromClient('amount', options.amount, source, noAmount) as AmountInput;
  const reference = fromClient('reference', options.reference, source, noReference) as string;
  const currency = fromClient('currency', options.currency, source, notFound('currency')) as string | undefined;
  const fingerprint = fromClient('fingerprint', options.fingerprint, source, notFound('fingerprint')) as
    | string
    | undefined;
  const wallet =
    typeof options.wallet === 'function'
      ? fromApplication('wallet', options.wallet, source, 'the key of a wallet', isText)
      : options.wallet;
  const fee = options.fee && fromApplication('fee', options.fee, source, 'an amount', isAmountInput);
  const metadata =
    options.metadata && fromApplication('metadata', options.metadata, source, 'an object of texts', isPlainObject);
  return {
    amount,
    reference,
    ...(fee !== undefined && { fee }),
    ...(currency !== undefined && { currency }),
    ...(wallet !== undefined && { wallet }),
    ...(fingerprint !== undefined && { fingerprint }),
    ...(metadata !== undefined && { metadata }),
  };
}

/**
 * A value that a client sent; undefined only without a function to read it. One that is missing is null, which the
 * guard refuses where it would take undefined as "not asked for". A function that fails on a request means that the
 * value is not in it.
 */
function fromClient<Source extends readonly unknown[]>(
  name: string,
  read: ((...source: Source) => unknown) | undefined,
  source: Source,
  missing: (cause: Error) => Error,
): unknown {
  if (!read) return undefined;
  let value: unknown;
  try {
    value = read(...source);
  } catch (error) {
    throw isPayoutGuardError(error) ? error : missing(unread(name, error));
  }
  return answerOf(name, 'a value at once', isNoPromise, value) ?? null;
}

/** The cause for operators. Clients are not shown it. */
function unread(name: string, error: unknown): Error {
  const cause = redactedCause(error);
  const withheld = cause.message;
  const advice = 'If it fails for every request, mount a body parser before the route';
  cause.message = `${name}() could not read the request. ${advice}`;
  if (cause.stack) cause.stack = cause.stack.replace(withheld, cause.message);
  return cause;
}

/** A value of the application itself. */
function fromApplication<Source extends readonly unknown[], T>(
  name: string,
  read: (...source: Source) => T,
  source: Source,
  rule: string,
  isAllowed: (value: unknown) => boolean,
): T {
  let value: T;
  try {
    value = read(...source);
  } catch (error) {
    throw thrownBy(name, error);
  }
  return answerOf(name, rule, isAllowed as (value: unknown) => value is T, value);
}

const noAmount = (cause: Error) => new InvalidAmountError('it could not be found in the request', { cause });
const noReference = (cause: Error) => new InvalidReferenceError({ cause });
const notFound = (name: string) => (cause: Error) =>
  new InvalidArgumentError(name, 'could not be found in the request', { cause });

function isNoPromise(value: unknown): value is unknown {
  return !isThenable(value);
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

/** By its tag, because an object of another realm is one too. */
function isPlainObject(value: unknown): boolean {
  return Object.prototype.toString.call(value) === '[object Object]' && !isThenable(value);
}
