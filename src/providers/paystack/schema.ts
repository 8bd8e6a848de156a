// The answers and events of the Paystack API, as far as balances and transfers need them. Source: the provider's
// OpenAPI description.
import * as z from 'zod';
import { minorInteger } from '../shared/amounts.js';

export const secretKey: z.ZodType<string> = z
  .string()
  .regex(/^sk_(test|live)_[\x21-\x7e]{1,200}$/, 'must be a secret key: sk_live_... or sk_test_...');

// Rows of the ledger, at /balance/ledger, have the same two fields and others beside them.
const ledgerFields = { difference: z.never().optional(), model_responsible: z.never().optional() };

export interface Balances {
  readonly data: readonly { readonly currency: string; readonly balance: bigint }[];
}

export const balances: z.ZodType<Balances> = z.object({
  status: z.literal(true),
  data: z.array(z.object({ currency: z.string(), balance: minorInteger, ...ledgerFields })),
});

export interface Transfer {
  readonly reference: string;
  readonly status: unknown;
  readonly domain?: 'test' | 'live' | undefined;
}

const transferFields = {
  reference: z.string(),
  status: z.unknown(),
  domain: z.enum(['test', 'live']).optional(),
};

export interface TransferFound {
  readonly data: Transfer & {
    readonly amount: bigint;
    readonly currency: string;
    readonly fee_charged?: bigint | null | undefined;
  };
}

export const transferFound: z.ZodType<TransferFound> = z.object({
  status: z.literal(true),
  data: z.object({
    ...transferFields,
    amount: minorInteger,
    currency: z.string(),
    fee_charged: minorInteger.nullish(),
  }),
});

export const transferNotFound: z.ZodType<unknown> = z.object({
  status: z.literal(false),
  message: z.literal('Transfer not found'),
});

// The answer to POST /transfer as the application passes it on: all of it, or its `data`.
const createdTransfer: z.ZodType<Transfer> = z.object({
  ...transferFields,
  transfer_code: z.string().regex(/^TRF_/),
});

export const transferAnswer: z.ZodType<Transfer> = z.union([
  createdTransfer,
  z.object({ status: z.literal(true), data: createdTransfer }).transform(({ data }) => data),
]);

export interface TransferEvent {
  readonly data: { readonly reference: string };
}

export const transferEvent: z.ZodType<TransferEvent> = z.object({
  event: z.string().startsWith('transfer.'),
  data: z.object({ reference: z.string() }),
});
