// One outcome of the several payouts that a provider may have under one reference.
import type { PayoutAnswer } from '../../core/provider.js';
import type { PayoutVerdict } from '../../core/verdict.js';

/**
 * Returns the outcome of payouts with one reference: one that was made is a fact, and the reference failed only if all
 * did. Two that were made are a double payment, which the answer counts.
 *
 * @param mayBeMore - There are payouts that the answer left out.
 */
export function answerOfAll(
  outcomes: readonly PayoutVerdict[],
  mayBeMore: boolean,
): Pick<PayoutAnswer, 'outcome' | 'timesPaid'> {
  const made = outcomes.filter((outcome) => outcome === 'completed').length;
  if (made > 0) return { outcome: 'completed', ...(made > 1 && { timesPaid: made }) };
  if (mayBeMore || outcomes.every((outcome) => outcome === 'unknown')) return { outcome: 'unknown' };
  return { outcome: outcomes.every((outcome) => outcome === 'failed') ? 'failed' : 'pending' };
}
