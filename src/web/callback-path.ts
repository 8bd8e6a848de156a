// The secret address of callbacks without a signature.
import { createHmac } from 'node:crypto';
import * as z from 'zod';
import { readOptions } from '../core/problems.js';
import { isSameText } from '../core/same-text.js';

export const callbackSecret: z.ZodType<string> = z
  .string()
  .regex(/^[\x21-\x7e]{32,1000}$/, 'must be 32 to 1,000 characters without spaces');

const secretSchema = z.object({ secret: callbackSecret });

/**
 * Returns the last part of the address that a provider posts its unsigned callbacks to: 43 letters, digits, `-` and `_`
 * that cannot be guessed. It is the same after each restart, another one for each wallet and each secret, and does not
 * reveal the secret.
 *
 * @param secret - 32 to 1,000 characters without spaces, of a generator: `openssl rand -base64 32`.
 * @param wallet - The key of the wallet; `'default'` for the only one of a guard.
 * @throws `ConfigurationError` the secret is too short, too long, or no text.
 */
export function callbackPath(secret: string, wallet: string): string {
  return createHmac('sha256', readOptions(secretSchema, { secret }).secret)
    .update(`payout-guard callback of wallet ${wallet}`)
    .digest('base64url');
}

/** Returns true if the last part of a path is one of these. In constant time. */
export function endsWithOne(path: string | undefined, parts: readonly string[]): boolean {
  const [address = ''] = (path ?? '').split(/[?#]/);
  const last = address.slice(address.lastIndexOf('/') + 1);
  return parts.map((part) => isSameText(last, part)).includes(true);
}
