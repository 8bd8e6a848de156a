// What became of a JPay payout, by its `ref_no`.
// Source: the provider's documentation, pages "Payments overview" (GET /payments/payouts) and "List transactions" (the
// parameters and answer of the list of collections, whose twin for payouts is announced and not shown).
import { LosslessNumber } from 'lossless-json';
import type { PayoutAnswer } from '../../core/provider.js';
import { expectSuccess, type HttpAnswer } from '../shared/http-client.js';
import { parseJson, readShape } from '../shared/json.js';
import { payoutList } from './schema.js';

/** A payout with a longer one was never accepted under it, so whatever is found is another payout. */
const longestRefNo = 50;

const lists = ['/payments/payouts/list', '/payments/payouts'];

/**
 * Looks through both lists that may exist; not to be found proves nothing. `debited` is left out: the `amount` of a
 * payout is what the beneficiary receives, fees are not documented, and the hold may cover one.
 */
export async function lookUp(ask: (path: string) => Promise<HttpAnswer>, reference: string): Promise<PayoutAnswer> {
  if (reference.length > longestRefNo) return { outcome: 'unknown' };
  for (const list of lists) {
    const answer = await ask(`${list}?ref_no=${encodeURIComponent(reference)}&page_size=100`);
    // No such list, or none that takes these parameters.
    if (answer.status === 404 || answer.status === 400) continue;
    expectSuccess(answer);
    const { results, next } = readShape(payoutList, parseJson(answer.text), 'the answer is not a list of payouts');
    const hits = results.filter((payout) => payout.ref_no === reference);
    // The filter was not applied if there is a next page, and a second payout with our reference may be on it.
    if (hits.length > 0) return { outcome: next == null ? agreedOutcome(hits.map(outcomeOf)) : 'unknown' };
  }
  return { outcome: 'unknown' };
}

/** What all payouts with our reference say. Several are nothing we know of, so they must at least have ended alike. */
function agreedOutcome([outcome = 'unknown', ...others]: PayoutAnswer['outcome'][]): PayoutAnswer['outcome'] {
  if (others.length === 0) return outcome;
  const isFinal = outcome === 'completed' || outcome === 'failed';
  return isFinal && others.every((other) => other === outcome) ? outcome : 'unknown';
}

// Exactly the documented words are final. The only number ever shown is 0, for pending.
function outcomeOf({ status }: { readonly status?: unknown }): PayoutAnswer['outcome'] {
  if (status === 'completed' || status === 'failed') return status;
  if (status === 'pending' || status === 'processing') return 'pending';
  return status instanceof LosslessNumber && status.value === '0' ? 'pending' : 'unknown';
}
