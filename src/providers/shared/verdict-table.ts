// The statuses of a provider as verdicts.
import type { PayoutVerdict } from '../../core/verdict.js';

/** The documented words of a provider, as it writes them. */
export type VerdictTable = Readonly<Record<Exclude<PayoutVerdict, 'unknown'>, readonly string[]>>;

/** Returns the verdict of a status. One that the table does not have is `unknown`, never `failed`: it is new. */
export function verdictsOf(table: VerdictTable): (status: unknown) => PayoutVerdict {
  const verdicts = new Map<unknown, PayoutVerdict>();
  for (const verdict of ['completed', 'pending', 'failed'] as const) {
    for (const status of table[verdict]) verdicts.set(status, verdict);
  }
  return (status) => verdicts.get(status) ?? 'unknown';
}
