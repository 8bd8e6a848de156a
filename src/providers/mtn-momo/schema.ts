// The answers of the MTN MoMo API, product disbursement, as far as balances, transfers and tokens need them. Source:
// the provider's pages "Transfer" and "MoMo API common errors", and public clients of it.
import * as z from 'zod';
import { jsonNumber } from '../../http/json.js';
import { majorNumber, majorText } from '../shared/amounts.js';

export const apiUser: z.ZodType<string> = z.string().regex(/^[0-9a-fA-F-]{36}$/, 'must be a UUID');

export const environment: z.ZodType<string> = z
  .string()
  .regex(/^[a-z0-9-]{1,64}$/, 'must be a target environment, such as "mtnuganda" or "sandbox"');

export interface AccountBalance {
  readonly availableBalance: string;
  readonly currency: string;
}

export const accountBalance: z.ZodType<AccountBalance> = z.object({
  availableBalance: z.union([majorText, majorNumber]),
  currency: z.string(),
});

export interface Transfer {
  readonly externalId: string;
  readonly status: unknown;
  readonly currency?: string | undefined;
}

export const transfer: z.ZodType<Transfer> = z.object({
  externalId: z.string(),
  status: z.unknown(),
  currency: z.string().optional(),
});

export const transferNotFound: z.ZodType<unknown> = z.object({ code: z.literal('RESOURCE_NOT_FOUND') });

export interface TokenAnswer {
  readonly access_token: string;
  /** In seconds. */
  readonly expires_in?: number | undefined;
}

export const tokenAnswer: z.ZodType<TokenAnswer> = z.object({
  access_token: z.string().regex(/^[\x21-\x7e]{1,8192}$/),
  expires_in: z
    .union([jsonNumber, z.string()])
    .pipe(z.string().regex(/^\d{1,9}$/))
    .transform(Number)
    .optional(),
});

/** Wrong settings, which MTN answers with a status of 500. */
export const misconfiguration: z.ZodType<{ readonly code: string }> = z.object({
  code: z.enum(['NOT_ALLOWED', 'NOT_ALLOWED_TARGET_ENVIRONMENT', 'INVALID_CALLBACK_URL_HOST', 'INVALID_CURRENCY']),
});
