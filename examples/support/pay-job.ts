// A payout as a job of a queue. Queues run a job again after a crash, a lost lock, a deploy or a timeout, so each run
// must work out what the runs before it did. The reference of the hold answers that: it is the id of the payment, the
// same in every run.
import { isPayoutGuardError, type PayoutGuard, type PayoutGuardErrorCode } from 'payout-guard';
import type { MakePayment } from './payments.js';

/** The data of a job. */
export interface PaymentJob {
  /** From your own table of payments: unique for all tenants, and never reused. */
  readonly paymentId: string;
  readonly wallet: string;
  readonly to: string;
  /** Decimal text in major units. */
  readonly amount: string;
}

/** The state of the payout after a run of its job. */
export type JobEnd =
  /** The payout was made, by this run or by an earlier one. */
  | { readonly payout: 'made' }
  /** It was sent, or may have been. Its outcome is looked up; run the job again later to learn it. */
  | { readonly payout: 'open' }
  /** It was not made and never will be under this id. Another try is a new payment with an id of its own. */
  | { readonly payout: 'failed'; readonly reason: string };

/** Refusals of a payment that no later run changes. */
const wrong: ReadonlySet<PayoutGuardErrorCode> = new Set([
  'invalid_amount',
  'invalid_reference',
  'invalid_argument',
  'currency_mismatch',
  'hold_conflict', // the id belongs to a payment of another amount, wallet or payee
] as const);

/**
 * Pays once, however often it is called for a payment.
 *
 * @throws any error before which nothing was sent, such as `InsufficientFundsError`: the queue may run the job again.
 */
export async function payJob(guard: PayoutGuard, makePayment: MakePayment, job: PaymentJob): Promise<JobEnd> {
  const { paymentId, wallet, to, amount } = job;
  try {
    await guard.withHold({ wallet, amount, reference: paymentId, fingerprint: to }, ({ reference, signal }) =>
      makePayment({ wallet, to, amount, reference, signal }),
    );
  } catch (error) {
    if (isPayoutGuardError(error) && wrong.has(error.code)) return { payout: 'failed', reason: error.code };
    // A run that failed may still have paid, so the hold decides, not the error.
    const end = await endOf(guard, paymentId);
    if (!end) throw error;
    return end;
  }
  return (await endOf(guard, paymentId)) ?? { payout: 'open' };
}

/** Undefined if nothing was sent under the reference, and nothing is. */
async function endOf(guard: PayoutGuard, reference: string): Promise<JobEnd | undefined> {
  const hold = await guard.getHold(reference);
  if (hold?.failed) return { payout: 'failed', reason: 'the provider did not make it' };
  if (hold?.state === 'captured' && !hold.awaitsOutcome) return { payout: 'made' };
  if (hold?.state === 'captured' || hold?.state === 'sent') return { payout: 'open' };
  return undefined;
}
