import type { PayoutGuard } from 'payout-guard';

/** Every call that settles, reads or looks up the hold of a reference. */
export function callsAbout(reference: string, guard: PayoutGuard): readonly (() => Promise<unknown>)[] {
  return [
    () => guard.capture(reference),
    () => guard.release(reference),
    () => guard.getHold(reference),
    () => guard.resume(reference),
    () => guard.reconcile({ reference }),
  ];
}
