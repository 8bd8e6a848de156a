// The answers of the JPay Africa API, as far as a balance needs them.
// Source: the provider's documentation, pages "Wallet balance", "App token" and "Token refresh".
import { z } from 'zod';
import { jsonNumber } from '../shared/json.js';

// Text has exactly two decimals. Anything else (no decimals: cents, perhaps?) is a changed API, and no balance.
const money = z.union([
  z.string().regex(/^\d{1,17}\.\d{2}$/),
  jsonNumber.pipe(z.string().regex(/^\d{1,17}(\.\d{1,2})?$/)),
]);

export interface BalanceAnswer {
  readonly collection_wallet_balance: string;
  readonly payout_wallet_balance: string;
  readonly total_balance: string;
}

export const balanceAnswer: z.ZodType<BalanceAnswer> = z.object({
  collection_wallet_balance: money,
  payout_wallet_balance: money,
  total_balance: money,
});

const token = z.string().regex(/^[\x21-\x7e]{1,8192}$/);

export interface TokenAnswer {
  readonly access: string;
  readonly refresh: string;
  readonly products?: readonly string[] | undefined;
}

export const tokenAnswer: z.ZodType<TokenAnswer> = z.object({
  access: token,
  refresh: token,
  products: z.array(z.string()).optional(),
});
