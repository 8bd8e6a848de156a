// Runs one payroll in a process of its own, as a job would. The test kills it.
import { createPayoutGuard, InsufficientFundsError } from 'payout-guard';
import { runBatch } from 'payout-guard/batch';
import { interswitch } from 'payout-guard/providers/interswitch';
import { interswitchPayments } from '../../examples/support/payments.js';
import type { Address, Assignment } from '../faults/messages.js';
import { openStore } from '../faults/store.js';
import { payrollOf } from './payroll-list.js';

/** The environment of the process, as JSON in `PAYROLL`. */
export interface PayrollSetup {
  readonly store: Pick<Assignment, 'engine' | 'space' | 'recoveryMs' | 'client'>;
  readonly address: Address;
  readonly baseUrl: string;
  readonly employees: number;
  readonly salary: string;
  readonly concurrency: number;
}

export type FromPayroll =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly rows: readonly (readonly [reference: string, outcome: string])[] }
  | { readonly kind: 'insufficient'; readonly shortfall: string };

const setup = JSON.parse(process.env.PAYROLL ?? '') as PayrollSetup;
const { store, close } = await openStore(setup.store, setup.address, 10_000);
const guard = createPayoutGuard({
  provider: interswitch({ baseUrl: setup.baseUrl }),
  currency: 'UGX',
  returns: 'providerAnswer',
  store,
  reconcileEveryMs: 0,
  lookupsPerSecond: 1_000,
});
const makePayment = interswitchPayments(setup.baseUrl);
const send = (message: FromPayroll) => new Promise<void>((resolve) => process.send?.(message, () => resolve()));

await send({ kind: 'ready' });
try {
  const run = () =>
    runBatch(
      guard,
      payrollOf(setup.employees, setup.salary),
      ({ reference, signal }, { amount }) =>
        makePayment({ wallet: 'default', to: '0772000001', amount, reference, signal }),
      // As short as it may be: the money of a killed process is free again soon.
      { concurrency: setup.concurrency, expiresInMs: 3_000 },
    );
  await run();
  // A run looks up 50 open payouts of earlier ones. The guard looks up the others by a timer, which this one lacks.
  await guard.reconcile({ olderThanMs: 0 });
  const { rows } = await run();
  await send({ kind: 'done', rows: rows.map(({ reference, outcome }) => [reference, outcome]) });
} catch (error) {
  if (!(error instanceof InsufficientFundsError)) throw error;
  await send({ kind: 'insufficient', shortfall: error.shortfall });
}
await guard.close();
await close();
process.disconnect();
