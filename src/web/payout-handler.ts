// The life of a hold around a handler that is given `pay`, for every framework.
import { isPromise, isSilence } from '../core/ask-store.js';
import { assertOptions, assertPayOptions } from '../core/call-options.js';
import type { PayOptions } from '../core/calls.js';
import { ConfigurationError } from '../core/errors.js';
import { HoldStateError } from '../core/hold-errors.js';
import { PayPromise } from '../core/pay-promise.js';
import type { Hold } from '../core/payout-guard.js';
import { warn } from '../core/warn.js';

/** Makes the payment of a route: `hold.pay`, until the handler ends. */
export type Pay = <T>(fn: (hold: Hold) => T | Promise<T>, options?: PayOptions) => Promise<T>;

/**
 * Runs a handler. Once `pay` has begun, the payment function alone decides what becomes of the hold. A handler that
 * ends without it has sent nothing, and the hold is released.
 *
 * @param hasAnswered - Returns true if there is an answer, given what the handler returned.
 * @param onUnpaid - Called when the handler has ended without `pay`.
 * @param onPay - Called when the payment has begun.
 * @throws what the handler throws; `ConfigurationError` when it can neither be awaited nor has done anything.
 */
export async function runPayoutHandler<T>(
  hold: Hold,
  handler: (pay: Pay) => T | Promise<T>,
  {
    hasAnswered,
    onUnpaid,
    onPay,
    pay: defaults = {},
  }: {
    hasAnswered: (returned: unknown) => boolean;
    onUnpaid: (returned: unknown) => void;
    onPay: () => void;
    pay?: PayOptions;
  },
): Promise<T> {
  let hasEnded = false;
  let returned: T | undefined;
  let payment: Promise<unknown> | undefined;
  const pay: Pay = (fn, options) => {
    if (hasEnded) {
      const error = new HoldStateError(hold.reference, hold.state, 'paid: its handler has ended. Await pay() in it');
      return PayPromise.of(hold.reference, Promise.reject(error));
    }
    const problem = problemOf(fn, options);
    if (problem) return PayPromise.of(hold.reference, Promise.reject(problem));
    const begun = hold.pay(fn, { ...defaults, ...options });
    payment ??= begun;
    if (hold.isPaying) onPay();
    return begun;
  };

  try {
    const answer = handler(pay);
    if (!isPromise(answer) && !hold.isPaying && !hasAnswered(answer)) {
      throw new ConfigurationError([
        'payoutRoute: its handler returned no promise, has not answered and has not paid; make it async, so that ' +
          'its end is known',
      ]);
    }
    returned = await answer;
    return returned;
  } finally {
    hasEnded = true;
    if (payment && PayPromise.isForgotten(payment)) warnOfForgottenAwait(hold.reference);
    if (isUnused(hold)) {
      if (!payment) onUnpaid(returned);
      await release(hold, payment);
    }
  }
}

/** A wrong call is a mistake of the server, and no input of the client. */
function problemOf(fn: unknown, options: PayOptions = {}): ConfigurationError | undefined {
  if (typeof fn !== 'function') {
    return new ConfigurationError(['payoutRoute: pay() takes the function that makes the payment']);
  }
  try {
    assertOptions('pay', options);
    assertPayOptions(options);
    return undefined;
  } catch (error) {
    return new ConfigurationError([
      `payoutRoute: wrong options of pay(): ${(error as Error).message.replace(/\.$/, '')}`,
    ]);
  }
}

/** Returns true if nothing was sent under the hold, and nothing will be. */
function isUnused({ state, isPaying }: Hold): boolean {
  return state === 'reserved' && !isPaying;
}

async function release(hold: Hold, payment: Promise<unknown> | undefined): Promise<void> {
  const refusal: unknown = await payment?.catch((error) => error);
  // The guard has released it, or keeps the release until the store responds.
  if (isSilence(refusal)) return;
  // A release that the store could not take is kept and reported by the guard, and the reservation expires.
  await hold.release({ notSent: true }).catch(() => {});
}

function warnOfForgottenAwait(reference: string): void {
  warn(
    'PAYOUT_GUARD_NOT_AWAITED',
    `A handler ended without awaiting pay() of payout ${reference}: put \`await\` before it.`,
  );
}
