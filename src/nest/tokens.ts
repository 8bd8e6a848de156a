// Names of what the module provides, and of what a request keeps.
import type { Pay } from '../web/payout-handler.js';
import type { RequestState } from '../web/request-holds.js';

/** The token of the guard: `@Inject(PAYOUT_GUARD) guard: PayoutGuard`. */
export const PAYOUT_GUARD: unique symbol = Symbol.for('payout-guard.guard') as never;

export const payKey: unique symbol = Symbol.for('payout-guard.pay') as never;

/** A request of either platform. */
export type NestRequest = RequestState & { [payKey]?: Pay };
