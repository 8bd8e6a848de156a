// The debit of a payout, as the provider reports it.
import { decimalsOf } from '../../core/currency.js';
import type { PayoutAnswer } from '../../core/provider.js';
import { majorUnits } from './amounts.js';

/** More than an amount of a provider has. */
const scale = 12;

/**
 * Amount and fee, in major units, as the debit of a payout in this currency. Without a fee the debit is not known, and
 * the amount of the hold stands. A sum with more decimals than the currency is rounded up: a lower debit would promise
 * money that has left, and one that the currency cannot express would leave the payout open.
 */
export function majorDebitOf(
  amount: string | undefined,
  fee: string | null | undefined,
  currency: string,
): Pick<PayoutAnswer, 'debited'> {
  const exponent = decimalsOf(currency);
  if (amount === undefined || fee == null || exponent === undefined) return {};
  const unit = 10n ** BigInt(scale - exponent);
  const sum = scaled(amount) + scaled(fee);
  return { debited: majorUnits((sum + unit - 1n) / unit, exponent) };
}

function scaled(amount: string): bigint {
  const [whole = '', decimals = ''] = amount.split('.');
  return BigInt(whole + decimals.padEnd(scale, '0'));
}
