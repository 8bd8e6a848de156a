// A route that pays, for every framework: takes the hold, runs the handler, releases what was not used.
import { isPayoutGuardError } from '../core/errors.js';
import type { PayoutInProgressError } from '../core/hold-errors.js';
import type { Hold, PayoutGuard } from '../core/payout-guard.js';
import { Problems } from '../core/problems.js';
import { warn } from '../core/warn.js';
import { assertGuard } from './assert-guard.js';
import { type Pay, runPayoutHandler } from './payout-handler.js';
import { type RequestState, rememberHold } from './request-holds.js';
import { type MoreOptions, payingSchema, type RoutePayout } from './route-options.js';
import { servedRequests } from './served-requests.js';
import { takeHold } from './take-hold.js';

/** A request, as its framework shows it. */
export interface Exchange<Source extends readonly unknown[]> {
  /** The arguments of the application's functions. */
  readonly source: Source;
  /** Keeps the holds. */
  readonly state: RequestState;
  /** Returns true if no client waits for the handler: it has left, or another layer has answered. */
  readonly isOver: () => boolean;
  /** The route for operators, such as `POST /payouts`. */
  readonly route: () => string;
}

/** A request whose handler pays. */
export interface PayingExchange<Source extends readonly unknown[]> extends Exchange<Source> {
  /** The status of the answer, given what the handler returned; undefined while there is none. */
  readonly statusOf: (returned?: unknown) => number | undefined;
}

/**
 * Serves one request. Resolves to what the handler, or `onDuplicate`, returned; to undefined when no client waited, so
 * the handler did not run.
 *
 * @throws refusals of the guard; what the handler throws.
 */
export type ServePayout<Source extends readonly unknown[]> = (
  exchange: PayingExchange<Source>,
  handler: (pay: Pay) => unknown,
) => Promise<{ readonly returned: unknown } | undefined>;

/** @throws `ConfigurationError` naming every problem of the options. */
export function payoutLife<Source extends readonly unknown[]>(
  guard: PayoutGuard,
  options: RoutePayout<Source>,
  handler: unknown,
  more: MoreOptions = {},
): ServePayout<Source> {
  const problems = new Problems();
  problems.read(payingSchema(more), options);
  if (typeof handler !== 'function') problems.add('handler: must be a function');
  assertGuard(guard, options, problems);
  if (problems.any) throw problems.error();
  const { settles, returns, onDuplicate } = options;

  const requests = servedRequests(guard);
  let hasWarned = false;
  const warnOfSuccess = ({ statusOf, route }: PayingExchange<Source>, returned: unknown): void => {
    if (hasWarned || (statusOf(returned) ?? 300) >= 300) return;
    hasWarned = true;
    warn(
      'PAYOUT_GUARD_NOT_PAID',
      `A payoutRoute handler (${route()}) answered with success and never called pay(), so its hold was released. If ` +
        'it makes the payment by itself, nothing covers it: make it within pay().',
    );
  };

  return async (exchange, run) => {
    const { source, state, isOver, statusOf } = exchange;
    let hold: Hold;
    try {
      hold = await takeHold(guard, options, source, undefined);
    } catch (error) {
      if (!onDuplicate || !isDuplicate(error)) throw error;
      const known = await guard.getHold(error.reference).catch(() => undefined);
      const returned = await onDuplicate(...source, known);
      if (statusOf(returned) === undefined) throw error;
      return { returned };
    }
    if (isOver()) {
      // The payout has not begun, so it does not. A release that the store could not take is kept, and the reservation
      // expires.
      await hold.release().catch(() => {});
      return undefined;
    }
    rememberHold(state, hold);
    const end = requests.begin(hold);
    try {
      const returned = await runPayoutHandler(hold, run, {
        hasAnswered: (answer) => statusOf(answer) !== undefined,
        onUnpaid: (answer) => warnOfSuccess(exchange, answer),
        // The guard knows of a payment under way.
        onPay: end,
        pay: { settles, returns },
      });
      return { returned };
    } finally {
      end();
    }
  };
}

/** The reference belongs to a payout that is under way, was made, or failed. */
function isDuplicate(error: unknown): error is PayoutInProgressError {
  return isPayoutGuardError(error) && (error.code === 'payout_in_progress' || error.code === 'duplicate_reference');
}
