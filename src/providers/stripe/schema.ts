// The answers and events of the Stripe API, as far as balances, transfers and payouts need them. Source: the types of
// the provider's Node.js library.
import * as z from 'zod';
import { minorInteger } from '../shared/amounts.js';

export interface Amount {
  readonly amount: bigint;
  /** In lower case. */
  readonly currency: string;
  readonly source_types?: Readonly<Record<string, bigint>> | undefined;
}

const amount: z.ZodType<Amount> = z.object({
  amount: minorInteger,
  currency: z.string(),
  source_types: z.record(z.string(), minorInteger).optional(),
});

export interface Balance {
  readonly available: readonly Amount[];
  readonly livemode: boolean;
}

export const balance: z.ZodType<Balance> = z.object({
  object: z.literal('balance'),
  available: z.array(amount),
  livemode: z.boolean(),
});

/** A transfer or a payout. Only payouts have a status. */
export interface Payment {
  readonly object: 'transfer' | 'payout';
  readonly id: string;
  readonly status?: unknown;
  readonly livemode?: boolean | undefined;
  readonly metadata?: { readonly guard_reference?: string | undefined } | undefined;
  readonly transfer_group?: string | null | undefined;
}

const paymentFields = {
  object: z.enum(['transfer', 'payout']),
  id: z.string(),
  status: z.unknown().optional(),
  livemode: z.boolean().optional(),
  metadata: z.object({ guard_reference: z.string().optional() }).optional(),
  transfer_group: z.string().nullish(),
};

export interface Row extends Payment {
  readonly amount: bigint;
  readonly currency: string;
  readonly method?: string | undefined;
}

export interface List {
  readonly data: readonly Row[];
  readonly has_more: boolean;
}

export const list: z.ZodType<List> = z.object({
  object: z.literal('list'),
  data: z.array(
    z.object({ ...paymentFields, amount: minorInteger, currency: z.string(), method: z.string().optional() }),
  ),
  has_more: z.boolean(),
});

/** The answer to POST /v1/transfers or POST /v1/payouts, as the application passes it on. */
export const createdPayment: z.ZodType<Payment> = z.object({ ...paymentFields, id: z.string().regex(/^(tr|po)_/) });

export interface PaymentEvent {
  /** The connected account that it is about. */
  readonly account?: string | undefined;
  readonly livemode: boolean;
  readonly data: { readonly object: Payment };
}

export const paymentEvent: z.ZodType<PaymentEvent> = z.object({
  object: z.literal('event'),
  account: z.string().optional(),
  livemode: z.boolean(),
  data: z.object({ object: z.object(paymentFields) }),
});

export const rateLimited: z.ZodType<unknown> = z.object({ error: z.object({ code: z.literal('rate_limit') }) });
