// The answers and callbacks of the pawaPay API, version 2, as far as balances and payouts need them. Source: the
// provider's OpenAPI description and its pages "Wallet balances", "Initiate payout" and "Check payout status".
import * as z from 'zod';
import { majorText } from '../shared/amounts.js';

export const country: z.ZodType<string> = z.string().regex(/^[A-Z]{3}$/, 'must be an ISO 3166 code such as "UGA"');

export const provider: z.ZodType<string | undefined> = z
  .string()
  .regex(/^[A-Z0-9_]{1,64}$/, 'must be the code of an operator, such as "MTN_MOMO_UGA"')
  .optional();

export interface WalletBalances {
  readonly balances: readonly {
    readonly country: string;
    readonly currency: string;
    readonly balance: string;
    /** The operator that alone can spend this wallet; empty or absent for the wallet of the country. */
    readonly provider?: string | null | undefined;
  }[];
}

export const walletBalances: z.ZodType<WalletBalances> = z.object({
  balances: z.array(
    z.object({ country: z.string(), currency: z.string(), balance: majorText, provider: z.string().nullish() }),
  ),
});

export type PayoutStatus =
  | { readonly status: 'NOT_FOUND' }
  | {
      readonly status: 'FOUND';
      readonly data: {
        readonly payoutId: string;
        readonly status: unknown;
        readonly country?: string | undefined;
        readonly currency?: string | undefined;
      };
    };

export const payoutStatus: z.ZodType<PayoutStatus> = z.discriminatedUnion('status', [
  z.object({ status: z.literal('NOT_FOUND') }),
  z.object({
    status: z.literal('FOUND'),
    data: z.object({
      payoutId: z.string(),
      status: z.unknown(),
      country: z.string().optional(),
      currency: z.string().optional(),
    }),
  }),
]);

export interface InitiatedPayout {
  readonly payoutId: string;
  readonly status: unknown;
}

/** The answer to the payment call: a rejection has its reason, anything else its time. */
export const initiatedPayout: z.ZodType<InitiatedPayout> = z.union([
  z.object({
    payoutId: z.string(),
    status: z.literal('REJECTED'),
    failureReason: z.object({ failureCode: z.string() }),
  }),
  z.object({ payoutId: z.string(), status: z.enum(['ACCEPTED', 'DUPLICATE_IGNORED']), created: z.string() }),
]);

export interface PayoutCallback {
  readonly payoutId: string;
  readonly clientReferenceId?: string | null | undefined;
}

export const payoutCallback: z.ZodType<PayoutCallback> = z.object({
  payoutId: z.string(),
  clientReferenceId: z.string().nullish(),
});

export type PublicKeys = readonly { readonly id: string; readonly key: string }[];

export const publicKeys: z.ZodType<PublicKeys> = z.array(z.object({ id: z.string(), key: z.string() }));
