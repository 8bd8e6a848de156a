// Transfers and payouts: their reference, verdict, mode and debit.
import type { PayoutAnswer } from '../../core/provider.js';
import type { PayoutVerdict } from '../../core/verdict.js';
import { majorUnits } from '../shared/amounts.js';
import { majorDebitOf } from '../shared/major-debit.js';
import type { Mode } from '../shared/mode.js';
import { verdictsOf } from '../shared/verdict-table.js';
import { stripeExponent } from './currency.js';
import type { Payment, Row } from './schema.js';

export type Product = 'transfers' | 'payouts';

export function isOf(product: Product, { object }: Payment): boolean {
  return `${object}s` === product;
}

export function referenceOf({ metadata, transfer_group }: Payment): string | undefined {
  return metadata?.guard_reference ?? transfer_group ?? undefined;
}

const verdictOfStatus = verdictsOf({
  completed: ['paid'],
  pending: ['pending', 'in_transit'],
  failed: ['failed', 'canceled'],
});

/** A transfer is made when it exists. One that was reversed was made, and its money came back later. */
export function verdictOf({ object, status }: Payment): PayoutVerdict {
  return object === 'transfer' ? 'completed' : verdictOfStatus(status);
}

export function modeOf({ livemode }: { readonly livemode?: boolean | undefined }): Mode | undefined {
  if (livemode === undefined) return undefined;
  return livemode ? 'live' : 'test';
}

/** Transfers and standard payouts are free. The fee of an instant payout is not in the payout. */
export function debitOf({ amount, currency, method }: Row, ofWallet: string): Pick<PayoutAnswer, 'debited'> {
  if (currency !== ofWallet.toLowerCase() || method === 'instant') return {};
  return majorDebitOf(majorUnits(amount, stripeExponent(ofWallet)), '0', ofWallet);
}
