// The answers of the JPay Africa API, as far as a balance and a lookup need them.
// Source: the provider's documentation, pages "Wallet balance", "App token", "Token refresh" and "List transactions".
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

export interface PayoutList {
  readonly results: readonly { readonly ref_no?: unknown; readonly status?: unknown }[];
  readonly next?: unknown;
}

const payouts = z.array(z.object({ ref_no: z.unknown().optional(), status: z.unknown().optional() }));

// A list without pages is a bare array in the framework that JPay's error texts come from.
export const payoutList: z.ZodType<PayoutList> = z.union([
  z.object({ results: payouts, next: z.unknown().optional() }),
  payouts.transform((results) => ({ results })),
]);
