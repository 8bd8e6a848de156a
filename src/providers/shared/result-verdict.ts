// The verdict of the answer to a payment call.
import type * as z from 'zod';
import type { BalanceProvider } from '../../core/provider.js';
import type { PayoutVerdict } from '../../core/verdict.js';
import { ifShaped } from '../../http/json.js';

/** Judges a value that has the shape of the provider's answer and carries the reference, and no other value. */
export function judgeResult(
  shape: z.ZodType<{ readonly reference: string; readonly status: unknown }>,
  verdictOf: (status: unknown) => PayoutVerdict,
): NonNullable<BalanceProvider['verdictOfResult']> {
  return (result, { reference }) => {
    const answer = ifShaped(shape, result);
    return answer?.reference === reference ? verdictOf(answer.status) : undefined;
  };
}
