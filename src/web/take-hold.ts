// Takes the hold of a request, for every framework.
import type { HoldOptions } from '../core/calls.js';
import { ConfigurationError, type InvalidArgumentError, isPayoutGuardError } from '../core/errors.js';
import type { Hold, PayoutGuard } from '../core/payout-guard.js';
import { type PayoutSource, readPayout } from './read-payout.js';

/**
 * Takes the hold of the payout that a request describes.
 *
 * @throws refusals of the guard; `ConfigurationError` when a limit needs the payee, and the route does not read it.
 */
export async function takeHold<Source extends readonly unknown[]>(
  guard: PayoutGuard,
  options: PayoutSource<Source>,
  source: Source,
  state: HoldOptions['state'],
): Promise<Hold> {
  try {
    return await guard.hold(() => ({ ...readPayout(options, source), state }));
  } catch (error) {
    if (options.fingerprint === undefined && isAboutPayee(error)) throw payeeIsNotRead(error);
    throw error;
  }
}

function isAboutPayee(error: unknown): error is InvalidArgumentError {
  return (
    isPayoutGuardError(error) &&
    error.code === 'invalid_argument' &&
    (error as InvalidArgumentError).argument === 'fingerprint'
  );
}

function payeeIsNotRead(cause: InvalidArgumentError): ConfigurationError {
  const problem = 'fingerprint: the wallet has a limit for each payee; add it to the route, or set limits.perPayee.key';
  return new ConfigurationError([problem], { cause });
}
