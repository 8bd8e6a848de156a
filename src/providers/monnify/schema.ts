// The answers and events of the Monnify API, as far as balances and disbursements need them. Source: the provider's
// API reference and its pages "Single transfers", "Error codes" and "Event types".
import * as z from 'zod';
import { jsonNumber } from '../../http/json.js';
import { majorNumber, majorText } from '../shared/amounts.js';

export const apiKey: z.ZodType<string> = z
  .string()
  .regex(/^MK_(TEST|PROD)_[A-Za-z0-9]{1,200}$/, 'must be an API key: MK_PROD_... or MK_TEST_...');

export const accountNumber: z.ZodType<string> = z.string().regex(/^\d{10}$/, 'must be the 10 digits of the wallet');

// Numbers in the sandbox, text in other samples.
const amount = z.union([majorNumber, majorText]);

/** The body of an answer that reports success. */
function succeeded<Body>(body: z.ZodType<Body>): z.ZodType<Body> {
  return z
    .object({ requestSuccessful: z.literal(true), responseCode: z.literal('0'), responseBody: body })
    .transform(({ responseBody }) => responseBody);
}

export interface Login {
  readonly accessToken: string;
  /** Seconds. */
  readonly expiresIn: string;
}

export const login: z.ZodType<Login> = succeeded(
  z.object({
    accessToken: z.string().regex(/^[\x21-\x7e]{1,8192}$/),
    expiresIn: jsonNumber.pipe(z.string().regex(/^\d{1,9}$/)),
  }),
);

export const walletBalance: z.ZodType<{ readonly availableBalance: string }> = succeeded(
  z.object({ availableBalance: amount }),
);

export interface Disbursement {
  readonly reference: string;
  readonly status: unknown;
}

const disbursement = { reference: z.string(), status: z.unknown() };

export interface DisbursementFound extends Disbursement {
  readonly amount: string;
  readonly fee?: string | null | undefined;
  readonly totalFee?: string | null | undefined;
  readonly currency?: string | undefined;
}

export const disbursementFound: z.ZodType<DisbursementFound> = succeeded(
  z.object({
    ...disbursement,
    amount,
    fee: amount.nullish(),
    totalFee: amount.nullish(),
    currency: z.string().optional(),
  }),
);

export const disbursementNotFound: z.ZodType<unknown> = z.object({
  requestSuccessful: z.literal(false),
  responseCode: z.literal('D02'),
});

// The answer to POST /api/v2/disbursements/single as the application passes it on: all of it, or its body.
const created: z.ZodType<Disbursement> = z.object({
  ...disbursement,
  dateCreated: z.string(),
  totalFee: z.union([z.number(), amount]),
});

export const disbursementAnswer: z.ZodType<Disbursement> = z.union([created, succeeded(created)]);

export const refusal: z.ZodType<{ readonly responseCode: string }> = z.object({
  requestSuccessful: z.literal(false),
  responseCode: z.string(),
});

export interface DisbursementEvent {
  readonly eventData: { readonly reference: string };
}

export const disbursementEvent: z.ZodType<DisbursementEvent> = z.object({
  eventType: z.string().endsWith('_DISBURSEMENT'),
  eventData: z.object({ reference: z.string() }),
});
