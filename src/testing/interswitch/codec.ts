// The wire format of the Interswitch service: amounts, and the envelope around its answers.
import { LosslessNumber } from 'lossless-json';
import type * as z from 'zod';
import type { Currency } from '../../core/currency.js';
import { formatMinorUnits } from '../../core/money.js';
import { amountSchema, balanceSchema } from '../simulator/check-options.js';
import type { Answer } from '../simulator/faults.js';

/** The form of answers. */
export interface InterswitchStyle {
  readonly shape: 'wrapped' | 'flat';
  readonly amounts: 'number' | 'text' | 'javaDouble';
}

/** `response` is in the envelope or flat beside its code; refusals have none. */
export function enveloped(style: InterswitchStyle, head: Answer['body'], response: Answer['body'] | null): Answer {
  return { status: 200, body: style.shape === 'wrapped' ? { ...head, response } : { ...head, ...response } };
}

// ISO 4217 gives UGX no decimals. The wallets of this API are not documented, and two decimals have been seen.
const walletCurrency: Currency = { code: 'UGX', exponent: 2 };
export const walletAmount: z.ZodType<bigint, string> = amountSchema(walletCurrency);
export const walletBalance: z.ZodType<bigint, string> = balanceSchema(walletCurrency);

export function amountText(minor: bigint): string {
  return formatMinorUnits(minor, walletCurrency).replace(/\.00$/, '');
}

/** An amount as JSON shows it. */
export function writtenAmount({ amounts }: InterswitchStyle, minor: bigint): unknown {
  const text = amountText(minor);
  return amounts === 'text' ? text : new LosslessNumber(amounts === 'number' ? text : javaDouble(text));
}

/** Plain decimal text as `Double.toString` writes it, without the rounding of a double. */
function javaDouble(amount: string): string {
  if (amount.startsWith('-')) return `-${javaDouble(amount.slice(1))}`;
  const [whole = '', fraction = ''] = amount.split('.');
  if (whole.length < 8) return `${whole}.${fraction.replace(/0+$/, '') || '0'}`;
  const digits = `${whole.slice(1)}${fraction}`.replace(/0+$/, '') || '0';
  return `${whole[0]}.${digits}E${whole.length - 1}`;
}
