// Transfers: their id, verdict and debit.
import type { PayoutAnswer } from '../../core/provider.js';
import type { PayoutVerdict } from '../../core/verdict.js';
import { derivedUuid } from '../shared/derived-uuid.js';
import { majorDebitOf } from '../shared/major-debit.js';
import { verdictsOf } from '../shared/verdict-table.js';
import type { Transfer, TransferRow } from './schema.js';

/**
 * The `customerTransactionId` of a payout, which has to be a UUID. Create the transfer of a hold with the one of its
 * reference; `lookup` finds it by that.
 */
export function wiseCustomerTransactionId(reference: string): string {
  return derivedUuid('wise', reference);
}

export function isOf(reference: string, { customerTransactionId }: Transfer): boolean {
  return customerTransactionId === wiseCustomerTransactionId(reference);
}

// Without `incoming_payment_waiting`: the transfer is not funded, and the call that funds it may be on its way.
const verdictOfStatus = verdictsOf({
  completed: ['outgoing_payment_sent'],
  pending: ['incoming_payment_initiated', 'processing', 'funds_converted', 'bounced_back'],
  failed: ['funds_refunded', 'cancelled'],
});

export function verdictOf({ status }: Transfer): PayoutVerdict {
  return verdictOfStatus(status);
}

/** The source amount of a transfer has its fee in it. It may be zero before the transfer is funded. */
export function debitOf({ sourceValue, sourceCurrency }: TransferRow, ofWallet: string): Pick<PayoutAnswer, 'debited'> {
  const isDebit = sourceCurrency === ofWallet && /^[\d.]*[1-9]/.test(sourceValue);
  return isDebit ? majorDebitOf(sourceValue, '0', ofWallet) : {};
}
