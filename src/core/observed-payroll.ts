// A payroll of an observing guard: every payout is held, whatever the real guard decides.
import type { HoldAllOptions, PayoutToHold } from './calls.js';
import { HeldPayroll } from './held-payouts.js';
import { parseNonNegative } from './money.js';
import { type ObserveLog, undecided } from './observe-log.js';
import { atOnce, ObservedHold } from './observed-hold.js';
import type { HeldPayouts, Hold, PayoutGuard } from './payout-guard.js';

/** Approves a payroll at once. The real guard holds what it can, in the background. */
export function observedPayroll(
  guard: PayoutGuard,
  log: ObserveLog,
  payouts: readonly PayoutToHold[],
  options: HoldAllOptions,
): Promise<HeldPayouts> {
  const given = Array.isArray(payouts) ? [...(payouts as readonly PayoutToHold[])] : [];
  const real = guard.holdAll(payouts, options).then(
    (held) => {
      note(guard, log, held);
      return held;
    },
    (error): undefined => {
      log.refused(error, { wallet: options?.wallet });
      return undefined;
    },
  );
  const byReference = real.then((held) => new Map(held?.holds.map((hold) => [hold.reference, hold])));
  const observed = (held: HeldPayouts | undefined, known: ReadonlyMap<string, Hold>): HeldPayouts => {
    const holds = given.map((payout) => {
      const about = { ...payout, wallet: options?.wallet };
      const behind = byReference.then((found) => found.get(payout?.reference));
      return new ObservedHold(log, about, behind, known.get(payout?.reference));
    });
    const decision = held?.decision.sufficient ? held.decision : undecided(options?.wallet);
    const { required = '0' } = held ?? {};
    return new HeldPayroll({ holds, leftOut: [], required, held: required, decision });
  };
  return atOnce(
    Promise.all([real, byReference]).then(([held, known]) => observed(held, known)),
    () => observed(undefined, new Map()),
  );
}

/** Reports payouts that the real guard left out for lack of money as refused. */
function note(guard: PayoutGuard, log: ObserveLog, held: HeldPayouts): void {
  if (held.decision.sufficient) {
    log.approved(held.decision);
    return;
  }
  const { currency } = guard.internals.wallet(held.wallet);
  const uncoveredMinor = parseNonNegative(held.required, currency) - parseNonNegative(held.held, currency);
  log.insufficient(held.decision, { wallet: held.wallet }, uncoveredMinor);
}
