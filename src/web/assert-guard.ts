// The guard of a route.
import type { PayoutGuard } from '../core/payout-guard.js';
import type { Problems } from '../core/problems.js';

/** Notes what is wrong with the guard of a route, and a missing wallet: no request could ever be approved. */
export function assertGuard(guard: PayoutGuard, options: unknown, problems: Problems): void {
  if (typeof guard?.internals?.wallet !== 'function') problems.add('guard: must be what createPayoutGuard returns');
  else if ((options as { wallet?: unknown } | undefined)?.wallet === undefined) {
    problems.try('options', () => guard.internals.wallet());
  }
}
