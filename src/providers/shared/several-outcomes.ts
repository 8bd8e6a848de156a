// One outcome of the several payouts that a provider may have under one reference.
import type { PayoutVerdict } from '../../core/verdict.js';

/**
 * Returns the outcome of payouts with one reference: one that was made is a fact, and the reference failed only if all
 * did.
 *
 * @param mayBeMore - There are payouts that the answer left out.
 */
export function outcomeOfAll(outcomes: readonly PayoutVerdict[], mayBeMore: boolean): PayoutVerdict {
  if (outcomes.includes('completed')) return 'completed';
  if (mayBeMore) return 'unknown';
  if (outcomes.every((outcome) => outcome === 'unknown')) return 'unknown';
  return outcomes.every((outcome) => outcome === 'failed') ? 'failed' : 'pending';
}
