// A guard that only observes: it refuses nothing and delays nothing, and reports what the real one would have refused.

import type { CheckOptions, HoldOptions } from './calls.js';
import type { Decision } from './decision.js';
import type { AmountInput } from './money.js';
import { ObserveLog, type ObserveReport, undecided } from './observe-log.js';
import { atOnce, ObservedHold, rejectedCall } from './observed-hold.js';
import { observedPayroll } from './observed-payroll.js';
import { PayPromise } from './pay-promise.js';
import type { Hold, PayoutGuard } from './payout-guard.js';
import { warn } from './warn.js';

/** A guard that refuses nothing, and its report. */
export interface ObservingGuard extends PayoutGuard {
  readonly report: () => ObserveReport;
}

/**
 * Wraps a guard so that every check and hold is approved at once, whatever the real one decides; the report shows what
 * it would have refused. For the time before you rely on it: a process warning at start and every metric show it.
 *
 * The real guard takes and settles real holds, in the background. Decisions have the real numbers when they are there
 * at once, and zeros otherwise.
 *
 * @example
 * ```ts
 * const guard = observing(createPayoutGuard(options));
 * ```
 */
export function observing(guard: PayoutGuard): ObservingGuard {
  warn('PAYOUT_GUARD_OBSERVE', 'This guard only observes: it refuses no payout.');
  const log = new ObserveLog(guard);

  const checkFunds = (amount: AmountInput, options: CheckOptions = {}): Promise<Decision> => {
    const real = guard.checkFunds(amount, options).then(
      (decision) => (decision.sufficient ? log.approved(decision) : log.insufficient(decision, options)),
      (error) => log.refused(error, options),
    );
    return atOnce(real, () => undecided(options.wallet));
  };

  const hold = (given: HoldOptions | (() => HoldOptions)): Promise<Hold> => {
    let options: Partial<HoldOptions> = {};
    const read = (): HoldOptions => {
      const request = typeof given === 'function' ? given() : given;
      options = request;
      return request;
    };
    const taking = guard.hold(read);
    const real = taking.then(
      (taken) => {
        if (taken.decision) log.approved(taken.decision);
        return taken;
      },
      (error): undefined => {
        log.refused(error, options);
        return undefined;
      },
    );
    return atOnce<Hold>(
      real.then((taken) => new ObservedHold(log, options, Promise.resolve(taken), taken)),
      () => new ObservedHold(log, options, real, undefined),
    );
  };

  const refuse = (error: unknown): void => {
    try {
      guard.internals.refuse(error);
    } catch (refusal) {
      log.refused(refusal, {});
    }
  };

  return {
    ...methodsOf(guard),
    assertSufficientFunds: checkFunds,
    checkFunds,
    hold,
    holdAll: (payouts, options) => observedPayroll(guard, log, payouts, options),
    prepare: async (options) => {
      const observed = () => new ObservedHold(log, options, Promise.resolve(undefined), undefined);
      const refused = (error: unknown) => {
        log.refused(error, options);
        return observed();
      };
      try {
        const prepared = await guard.prepare(options);
        return { ...prepared, hold: (store) => prepared.hold(store).catch(refused) };
      } catch (error) {
        log.refused(error, options);
        return { reference: options.reference, decision: undecided(options.wallet), hold: async () => observed() };
      }
    },
    resume: async (reference) => {
      try {
        return await guard.resume(reference);
      } catch (error) {
        log.refused(error, { reference });
        return new ObservedHold(log, { reference }, Promise.resolve(undefined), undefined);
      }
    },
    withHold: (options, fn) => {
      if (typeof fn !== 'function') return rejectedCall('withHold', options?.reference);
      const { settles, returns, ...request } = options ?? {};
      return PayPromise.of(
        request.reference,
        hold({ ...request, state: 'sent' }).then((taken) => taken.pay(fn, { settles, returns })),
      );
    },
    // The real hold first; that it does not exist because it was refused is no reason to refuse the call.
    capture: (reference, ...more) =>
      guard.capture(reference, ...more).catch((error) => log.refusedSettlement(error, reference, 'captured')),
    release: (reference, options) =>
      guard.release(reference, options).catch((error) => log.refusedSettlement(error, reference, 'released')),
    internals: { ...guard.internals, observes: true, refuse, attach: () => {} },
    report: () => log.report(),
  };
}

/** The unchanged methods. The methods of a guard need no `this`. */
function methodsOf(guard: PayoutGuard): PayoutGuard {
  const {
    assertSufficientFunds,
    checkFunds,
    funds,
    hold,
    holdAll,
    prepare,
    resume,
    withHold,
    capture,
    release,
    internals,
  } = guard;
  const { getHold, listHolds, plan, reconcile, freeze, unfreeze, acceptLimits, on, close } = guard;
  const calls = {
    assertSufficientFunds,
    checkFunds,
    funds,
    hold,
    holdAll,
    prepare,
    resume,
    withHold,
    capture,
    release,
    internals,
  };
  const more = { getHold, listHolds, plan, reconcile, freeze, unfreeze, acceptLimits, on, close };
  return { ...calls, ...more, [Symbol.asyncDispose]: async () => void (await close()) };
}
