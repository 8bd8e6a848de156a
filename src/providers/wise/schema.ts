// The answers and events of the Wise API, as far as balances and transfers need them. Source: the provider's API
// reference (balance, transfer) and its page "Event Types".
import * as z from 'zod';
import { jsonNumber } from '../../http/json.js';
import { majorNumber } from '../shared/amounts.js';

export interface Balance {
  readonly currency: string;
  /** `STANDARD`, or `SAVINGS` for a jar. */
  readonly type: string;
  readonly amount: { readonly value: string; readonly currency: string };
  readonly investmentState?: string | undefined;
}

export const balances: z.ZodType<readonly Balance[]> = z.array(
  z.object({
    currency: z.string(),
    type: z.string(),
    amount: z.object({ value: majorNumber, currency: z.string() }),
    investmentState: z.string().optional(),
  }),
);

export interface Transfer {
  readonly status: unknown;
  /** Transfers for third parties have another id of the sender instead. */
  readonly customerTransactionId?: string | null | undefined;
}

const transferFields = { status: z.unknown(), customerTransactionId: z.string().nullish() };

/** As the API answers it. */
export interface TransferRow extends Transfer {
  readonly sourceCurrency: string;
  /** With the fee. */
  readonly sourceValue: string;
}

export const transferRow: z.ZodType<TransferRow> = z.object({
  ...transferFields,
  sourceCurrency: z.string(),
  sourceValue: majorNumber,
});

export const transferRows: z.ZodType<readonly TransferRow[]> = z.array(transferRow);

/** As the application passes it on. */
export const givenTransfer: z.ZodType<Transfer> = z.object({
  ...transferFields,
  targetAccount: z.number(),
  sourceCurrency: z.string(),
  targetCurrency: z.string(),
});

export interface TransferEvent {
  readonly transferId: string;
  readonly profileId: string;
}

const stateChange = z
  .object({
    event_type: z.enum(['transfers#state-change', 'transfers#refund']),
    data: z.object({ resource: z.object({ id: jsonNumber, profile_id: jsonNumber }) }),
  })
  .transform(({ data: { resource } }) => ({ transferId: resource.id, profileId: resource.profile_id }));

const payoutFailure = z
  .object({
    event_type: z.literal('transfers#payout-failure'),
    data: z.object({ transfer_id: jsonNumber, profile_id: jsonNumber }),
  })
  .transform(({ data }) => ({ transferId: data.transfer_id, profileId: data.profile_id }));

export const transferEvent: z.ZodType<TransferEvent> = z.union([stateChange, payoutFailure]);
