// The text of an amount in the signature of a payment, and as the number in its body.
// Source: the vendor's sample client, which holds amounts in a Java double. Others sign and send plain decimals.
import { InvalidAmountError } from '../../core/errors.js';

/** `javaDouble` writes `600.0` and `1.0E7`, as the vendor's own client does; `plain` writes `600` and `10000000`. */
export type AmountForm = 'javaDouble' | 'plain';

/** Every decimal of up to 15 significant digits survives a double, which is what is at the other end. */
const exactSignificantDigits = 15;

/** From here on `Double.toString` writes an exponent: with more digits before the point, or more zeros behind it. */
const longestWhole = 7;
const mostLeadingZeros = 2;

/**
 * The text of an amount in major units. Put this same text into the signature and, as a bare number, into the body.
 *
 * @param amount - Plain decimal text such as `'600'` or `'2500.75'`, not negative.
 * @throws `InvalidAmountError` for any other text, and for more digits than a double carries exactly.
 */
export function amountText(amount: string, form: AmountForm = 'javaDouble'): string {
  const [, whole, fraction] = /^0*(\d*?)(?:\.(\d*?)0*)?$/.exec(readPlain(amount)) ?? [];
  return form === 'plain' ? plain(whole || '0', fraction ?? '') : javaDouble(whole ?? '', fraction ?? '');
}

function readPlain(amount: string): string {
  if (typeof amount !== 'string' || !/^\d{1,40}(\.\d{1,40})?$/.test(amount)) {
    throw new InvalidAmountError('pass plain decimal text such as "600" or "2500.75"');
  }
  const significant = amount.replace('.', '').replace(/^0+/, '');
  const digits = amount.includes('.') ? significant.replace(/0+$/, '') : significant;
  if (digits.length > exactSignificantDigits) {
    throw new InvalidAmountError('it has more digits than Phoenix, which calculates in doubles, keeps exactly');
  }
  return amount;
}

function plain(whole: string, fraction: string): string {
  return fraction === '' ? whole : `${whole}.${fraction}`;
}

/** `Double.toString` of an amount without leading zeros before the point and without trailing ones behind it. */
function javaDouble(whole: string, fraction: string): string {
  const zeros = /^0*/.exec(fraction)?.[0].length ?? 0;
  const isZero = whole === '' && fraction === '';
  const isPlain = whole === '' ? zeros <= mostLeadingZeros : whole.length <= longestWhole;
  if (isZero || isPlain) return `${whole || '0'}.${fraction || '0'}`;
  const digits = `${whole}${fraction}`.replace(/^0+|0+$/g, '');
  const exponent = whole === '' ? -(zeros + 1) : whole.length - 1;
  return `${digits[0]}.${digits.slice(1) || '0'}E${exponent}`;
}
