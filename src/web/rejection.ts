// A rejection that no payment function has thrown, and the hold that it is about.
import type { PayoutGuardError } from '../core/errors.js';
import { claimRejection } from '../core/hold-errors.js';
import type { Hold } from '../core/payout-guard.js';

/**
 * Releases the hold of a request that ended with a `PayoutRejectedError`, if there is exactly one hold and no payment
 * has claimed the rejection: it proves one attempt, and a response with several holds does not show which. Resolves to
 * true if it released one.
 */
export async function releaseRejected(error: PayoutGuardError, holds: readonly Hold[]): Promise<boolean> {
  const [hold, ...others] = holds;
  if (hold?.state !== 'sent' || hold.isPaying || others.length > 0 || !claimRejection(error)) return false;
  // A release that the store could not take is kept by the guard: the payout was rejected all the same.
  await hold.release({ notSent: error.notSent }).catch(() => {});
  return true;
}
