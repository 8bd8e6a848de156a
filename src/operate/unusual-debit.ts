// A debit that is far from the amount of its hold: most likely typed wrongly, so it is confirmed a second time.
import type { Currency } from '../core/currency.js';
import { type AmountInput, formatMinorUnits, minorUnits, parseAmount } from '../core/money.js';

/** A debit that needs a second, explicit confirmation. Amounts are plain decimal text in `currency`. */
export interface UnusualDebit {
  readonly debit: string;
  readonly held: string;
  /** ISO 4217 code. */
  readonly currency: string;
  /** Compares the two, such as `150 times the held amount` or `12.5 % of the held amount`. */
  readonly comparison: string;
}

/** A debit may differ from the held amount by a tenth, for fees and rates that were not known before. */
const tenth = 10n;

/**
 * Returns the debit if it differs from the held amount by more than 10 %; undefined for a usual one, and for none.
 * @param heldAmount - The `amount` of the hold, as the guard returned it.
 * @throws `InvalidAmountError` the debit is not an amount of the currency.
 */
export function unusualDebit(
  heldAmount: string,
  debit: AmountInput | undefined,
  currency: Currency,
): UnusualDebit | undefined {
  if (debit === undefined) return undefined;
  const debitMinor = parseAmount(debit, currency);
  const heldMinor = minorUnits(heldAmount);
  const difference = debitMinor > heldMinor ? debitMinor - heldMinor : heldMinor - debitMinor;
  if (difference * tenth <= heldMinor) return undefined;
  return {
    debit: formatMinorUnits(debitMinor, currency),
    held: heldAmount,
    currency: currency.code,
    comparison: compare(debitMinor, heldMinor),
  };
}

/** Writes decimal text with its digits in groups of three: `groupDigits('1500000.00')` is `'1 500 000.00'`. */
export function groupDigits(amount: string, separator = '\u00a0'): string {
  const [whole = '', ...decimals] = amount.split('.');
  return [whole.replace(/\d(?=(\d{3})+$)/g, `$&${separator}`), ...decimals].join('.');
}

function compare(debitMinor: bigint, heldMinor: bigint): string {
  const isMultiple = debitMinor >= 2n * heldMinor;
  const tenths = rounded(debitMinor * (isMultiple ? 10n : 1_000n), heldMinor);
  if (tenths === 0n) return 'less than 0.1 % of the held amount';
  const number = tenths % 10n === 0n ? `${tenths / 10n}` : `${tenths / 10n}.${tenths % 10n}`;
  return `${groupDigits(number)}${isMultiple ? ' times' : ' % of'} the held amount`;
}

/** Rounds half up. */
function rounded(numerator: bigint, denominator: bigint): bigint {
  return (2n * numerator + denominator) / (2n * denominator);
}
