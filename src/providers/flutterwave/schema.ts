// The answers and events of the Flutterwave API v3, as far as balances and transfers need them. Source: the
// provider's pages "Get wallet balances" and "Transfers", and the samples of its Node.js library.
import * as z from 'zod';
import { jsonNumber } from '../../http/json.js';
import { majorNumber } from '../shared/amounts.js';

export const secretKey: z.ZodType<string> = z
  .string()
  .regex(/^FLWSECK(_TEST)?-[\x21-\x7e]{1,200}$/, 'must be a secret key of API v3: FLWSECK-... or FLWSECK_TEST-...');

export interface Balance {
  readonly currency: string;
  readonly available_balance: string;
}

const balance = z.object({ currency: z.string(), available_balance: majorNumber });

// One currency is asked for, and answered with an object. All currencies come as a list.
export const balances: z.ZodType<readonly Balance[]> = z
  .object({ status: z.literal('success'), data: z.union([z.array(balance), balance.transform((one) => [one])]) })
  .transform(({ data }) => data);

export interface Transfer {
  readonly reference: string;
  readonly status: unknown;
}

export interface TransferRow extends Transfer {
  readonly amount: string;
  readonly fee?: string | null | undefined;
  readonly currency: string;
  /** Null or absent in samples of transfers that were paid from the wallet of the same currency. */
  readonly debit_currency?: string | null | undefined;
}

export interface TransferList {
  readonly data: readonly TransferRow[];
  readonly meta?: { readonly page_info?: { readonly total_pages?: string | undefined } | undefined } | undefined;
}

const transfer = { reference: z.string(), status: z.unknown() };

export const transferList: z.ZodType<TransferList> = z.object({
  status: z.literal('success'),
  meta: z.object({ page_info: z.object({ total_pages: jsonNumber.optional() }).optional() }).optional(),
  data: z.array(
    z.object({
      ...transfer,
      amount: majorNumber,
      fee: majorNumber.nullish(),
      currency: z.string(),
      debit_currency: z.string().nullish(),
    }),
  ),
});

// The answer to POST /v3/transfers as the application passes it on: all of it, or its `data`.
const createdTransfer: z.ZodType<Transfer> = z.object({
  ...transfer,
  complete_message: z.string(),
  is_approved: z.union([z.number(), jsonNumber]),
});

export const transferAnswer: z.ZodType<Transfer> = z.union([
  createdTransfer,
  z.object({ status: z.literal('success'), data: createdTransfer }).transform(({ data }) => data),
]);

export interface Refusal {
  readonly message: string;
}

export const refusal: z.ZodType<Refusal> = z.object({ status: z.literal('error'), message: z.string() });

const named = z.object({ reference: z.string() });

// The second shape is that of older events and of the test button in the dashboard.
export const transferEvent: z.ZodType<{ readonly reference: string }> = z.union([
  z.object({ event: z.string().startsWith('transfer.'), data: named }).transform(({ data }) => data),
  z.object({ 'event.type': z.literal('Transfer'), transfer: named }).transform(({ transfer }) => transfer),
]);
