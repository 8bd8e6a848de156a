// The wire format of Paystack: answers, refusals and the bodies of requests.
import * as z from 'zod';
import type { Answer } from '../simulator/faults.js';
import { numberText, readBody } from '../simulator/json-body.js';
import { Refusal } from '../simulator/server.js';

export function success(message: string, data: unknown, status = 200): Answer {
  return { status, body: { status: true, message, data } };
}

export function refused(status: number, message: string): Refusal {
  return new Refusal({ status, body: { status: false, message } });
}

/** A request that has to be changed, with the code that programs read. */
export function invalid(message: string, code: string, nextStep: string): Refusal {
  const body = { status: false, message, meta: { nextStep }, type: 'validation_error', code };
  return new Refusal({ status: 400, body });
}

export interface TransferRequest {
  readonly source: 'balance';
  readonly amountMinor: bigint;
  readonly recipient: string;
  readonly reference?: string | undefined;
  readonly reason?: string | undefined;
}

export interface BulkRequest {
  readonly transfers: readonly Omit<TransferRequest, 'source'>[];
}

export interface RecipientRequest {
  readonly type: string;
  readonly name: string;
  readonly account_number: string;
  readonly bank_code: string;
  readonly description?: string | undefined;
}

/** Subunits as a number, or as text: the official client types them as text. */
const subunits: z.ZodType<bigint> = z
  .union([numberText, z.string()])
  .pipe(z.string().regex(/^[1-9]\d{0,14}$/))
  .transform(BigInt);

const transferFields = {
  amount: subunits,
  recipient: z.string(),
  reference: z
    .string()
    .regex(/^[a-z0-9_-]{16,50}$/)
    .optional(),
  reason: z.string().optional(),
  currency: z.literal('NGN').default('NGN'),
};

const withMinor = <T extends { amount: bigint }>({ amount, ...rest }: T) => ({ amountMinor: amount, ...rest });

const transferSchema = z.object({ source: z.literal('balance'), ...transferFields }).transform(withMinor);

const bulkSchema = z.object({
  source: z.literal('balance'),
  transfers: z.array(z.object(transferFields).transform(withMinor)).min(1).max(100),
});

const recipientSchema = z.object({
  type: z.literal('nuban'),
  name: z.string().min(1),
  account_number: z.string().regex(/^\d{10}$/),
  bank_code: z.string().min(1),
  description: z.string().optional(),
  currency: z.literal('NGN').default('NGN'),
});

export function readTransfer(text: string): TransferRequest {
  return readOrRefuse(transferSchema, text);
}

export function readBulk(text: string): BulkRequest {
  return readOrRefuse(bulkSchema, text);
}

export function readRecipient(text: string): RecipientRequest {
  return readOrRefuse(recipientSchema, text);
}

const otpSchema = z.object({ transfer_code: z.string(), otp: z.string() });

export function readOtp(text: string): { readonly transfer_code: string; readonly otp: string } {
  return readOrRefuse(otpSchema, text);
}

function readOrRefuse<T>(schema: z.ZodType<T>, text: string): T {
  const read = readBody(schema, text);
  // The text and the code of this case are not documented.
  if (read === undefined) throw invalid('Invalid request', 'invalid_params', 'Check the fields of the request');
  return read;
}
