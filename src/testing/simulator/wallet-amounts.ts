// Amounts of simulated wallets that show two decimals in every currency.
import type * as z from 'zod';
import type { Currency } from '../../core/currency.js';
import { formatMinorUnits } from '../../core/money.js';
import { amountSchema, balanceSchema } from './check-options.js';

export const hundredths: Currency = { code: '', exponent: 2 };

export const hundredthsAmount: z.ZodType<bigint, string> = amountSchema(hundredths);
export const hundredthsBalance: z.ZodType<bigint, string> = balanceSchema(hundredths);

export function hundredthsText(minor: bigint): string {
  return formatMinorUnits(minor, hundredths);
}
