// The outcome of a JPay payout, by its `ref_no`.
// Source: the provider's documentation, pages "Payments overview" (GET /payments/payouts) and "List transactions" (the
// parameters and answer of the list of collections, whose twin for payouts is announced and not shown).
import { LosslessNumber } from 'lossless-json';
import type { PayoutAnswer } from '../../core/provider.js';
import type { PayoutVerdict } from '../../core/verdict.js';
import { expectSuccess, type HttpAnswer } from '../../http/client.js';
import { ifShaped, parseJson, readShape } from '../../http/json.js';
import { answerOfAll } from '../shared/several-outcomes.js';
import { payoutList, payoutObject } from './schema.js';

/** JPay accepts no longer one, so a payout that is found under it is another one. */
const longestRefNo = 50;

/** Both may exist; the documentation shows neither. */
const lists = ['/payments/payouts/list', '/payments/payouts'];

/**
 * Asks both lists. `debited` is left out: the `amount` of a payout is what the beneficiary receives, fees are not
 * documented, and the hold may cover one.
 */
export async function lookUp(ask: (path: string) => Promise<HttpAnswer>, reference: string): Promise<PayoutAnswer> {
  if (reference.length > longestRefNo) return { outcome: 'unknown' };
  const whole: boolean[] = [];
  for (const list of lists) {
    const answer = await ask(`${list}?ref_no=${encodeURIComponent(reference)}&page_size=100`);
    // No such list, or none that takes these parameters.
    if (answer.status === 404 || answer.status === 400) continue;
    expectSuccess(answer);
    const { results, next } = readShape(payoutList, parseJson(answer.text), 'the answer is not a list of payouts');
    const hits = results.filter((payout) => payout.ref_no === reference);
    if (hits.length > 0) return answerOfAll(hits.map(outcomeOf), next != null);
    // With other payouts, or another page, the filter was not applied: ours may be among those that were left out.
    whole.push(results.length === 0 && next == null);
  }
  const isAbsent = whole.length > 0 && whole.every((isWhole) => isWhole);
  return isAbsent ? { outcome: 'unknown', absent: true } : { outcome: 'unknown' };
}

/** The verdict of a value, if it is the answer to the payment call with this reference; `unknown` otherwise. */
export function verdictOfPayout(result: unknown, reference: string): PayoutVerdict | undefined {
  const payout = ifShaped(payoutObject, result);
  return payout?.ref_no === reference ? outcomeOf(payout) : undefined;
}

// Exactly the documented words are final. The only number ever shown is 0, for pending.
function outcomeOf({ status }: { readonly status?: unknown }): PayoutVerdict {
  if (status === 'completed' || status === 'failed') return status;
  if (status === 'pending' || status === 'processing') return 'pending';
  return status === 0 || (status instanceof LosslessNumber && status.value === '0') ? 'pending' : 'unknown';
}
