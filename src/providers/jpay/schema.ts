// The answers of the JPay Africa API, as far as balances, payouts and look-ups need them. Source: the provider's
// documentation, pages "Wallet balance", "App token", "Token refresh", "Initiate payout" and "List transactions".
import * as z from 'zod';
import { jsonNumber } from '../../http/json.js';

// Text has exactly two decimals. Anything else (no decimals: cents, perhaps?) is a changed API, and no balance.
const money = z.union([
  z.string().regex(/^-?\d{1,17}\.\d{2}$/),
  jsonNumber.pipe(z.string().regex(/^-?\d{1,17}(\.\d{1,2})?$/)),
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
  readonly merchant_id?: string | null | undefined;
}

export const tokenAnswer: z.ZodType<TokenAnswer> = z.object({
  access: token,
  refresh: token,
  products: z.array(z.string()).optional(),
  merchant_id: z.union([jsonNumber, z.string()]).nullish(),
});

/** A payout, as the payment call answers it. */
export interface PayoutObject {
  readonly ref_no: string;
  readonly status: unknown;
}

// Exactly as page "Initiate payout" shows it. A payment of the application may well have an amount and a status, but
// hardly this form of a time.
export const payoutObject: z.ZodType<PayoutObject> = z.object({
  id: z.string().min(1),
  payto: z.string(),
  amount: z.string().regex(/^\d{1,6}\.\d{2}$/),
  ref_no: z.string(),
  status: z.unknown(),
  category: z.string(),
  created_at: z.string().regex(/^\d{2}\/\d{2}\/\d{4} \d{2}:\d{2}:\d{2}$/),
});

/** The body of a callback, as far as it can be expected: the payout that ended. */
export const payoutCallback: z.ZodType<{ readonly ref_no: string }> = z.object({ ref_no: z.string() });

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
