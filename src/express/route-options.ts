// Schemas of options that all routes share.
import * as z from 'zod';
import type { PayoutGuard } from '../core/payout-guard.js';
import type { Problems } from '../core/problems.js';
import { functionSchema } from '../core/schemas.js';
import type { PayoutSource } from '../web/read-payout.js';

export const sourceShape: { readonly [Key in keyof PayoutSource<[]>]-?: z.ZodType } = {
  amount: functionSchema(),
  reference: functionSchema().optional(),
  fee: functionSchema().optional(),
  currency: functionSchema().optional(),
  wallet: z.union([z.string(), functionSchema()], { error: 'must be a key or a function' }).optional(),
  fingerprint: functionSchema().optional(),
  metadata: functionSchema().optional(),
};

/** Notes what is wrong with the guard of a route, and a missing wallet: no request could ever be approved. */
export function assertGuard(guard: PayoutGuard, options: unknown, problems: Problems): void {
  if (typeof guard?.internals?.wallet !== 'function') problems.add('guard: must be what createPayoutGuard returns');
  else if ((options as { wallet?: unknown } | undefined)?.wallet === undefined) {
    problems.try('options', () => guard.internals.wallet());
  }
}
