// Taps: listeners of metrics and records, which do not count as handlers.
import { afterEach, expect, it } from '@jest/globals';
import type { PayoutGuard } from 'payout-guard';
import { scriptedWallet } from '../support/wallet.js';
import { codesOf, collectWarnings } from '../support/warnings.js';

const warnings = collectWarnings();
const guards: PayoutGuard[] = [];
afterEach(async () => {
  for (const guard of guards.splice(0)) await guard.close();
});

/** Creates a guard, and a function that repeatedly captures a payout after its reservation has expired. */
function lateCaptures() {
  const wallet = scriptedWallet();
  const guard = wallet.guard({ reconcileEveryMs: 0 });
  guards.push(guard);
  let payouts = 0;
  const captureLate = async () => {
    payouts += 1;
    const hold = await guard.hold({ amount: '1.00', reference: `p-${payouts}` });
    wallet.clock.advance(60_000);
    await hold.capture();
  };
  return { guard, wallet, captureLate };
}

it('a tap receives an event and leaves its process warning', async () => {
  const { guard, captureLate } = lateCaptures();
  const tapped: string[] = [];
  const stop = guard.internals.tap('paidAfterRelease', ({ hold }) => void tapped.push(hold.reference));
  await captureLate();
  expect(codesOf(warnings)).toEqual(['PAYOUT_GUARD_PAID_AFTER_RELEASE']);
  stop();
  await captureLate();
  expect(tapped).toEqual(['p-1']);
});

it('a listener replaces the process warning until it is removed', async () => {
  const { guard, captureLate } = lateCaptures();
  const handled: string[] = [];
  const stop = guard.on('paidAfterRelease', ({ hold }) => void handled.push(hold.reference));
  await captureLate();
  expect(warnings).toEqual([]);
  stop();
  stop();
  await captureLate();
  expect([handled, codesOf(warnings)]).toEqual([['p-1'], ['PAYOUT_GUARD_PAID_AFTER_RELEASE']]);
});

it('a tap of overdue holds also leaves their process warning', async () => {
  const { guard, wallet } = lateCaptures();
  guard.internals.tap('overdue', () => {});
  await guard.hold({ amount: '1.00', reference: 'p-1', state: 'sent' });
  wallet.clock.advance(300_000);
  await guard.reconcile();
  expect(codesOf(warnings)).toEqual(['PAYOUT_GUARD_OVERDUE']);
});
