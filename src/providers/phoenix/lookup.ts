// What became of a Phoenix payment, by its `requestReference`.
// Source: `sente/status`, whose `responseCode` is the state of the payment asked about.
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../core/clock.js';
import type { PayoutAnswer } from '../../core/provider.js';
import { balanceMeaning, payoutOutcome, refusalOf } from '../shared/response-codes.js';
import type { Phoenix } from './options.js';
import type { Envelope } from './schema.js';

/** The code of a payment that Phoenix does not know, or does not know yet. */
const nonExistent = '90025';

/** For how many payments at once it is remembered that they were not found. A forgotten one is counted anew. */
const mostRemembered = 10_000;

/** Judges answers to a question about a payment. Remembers which payments were not found, and since when. */
export class StatusReader {
  readonly #rule: Phoenix['notFound'];
  readonly #clock: Clock;
  readonly #missing = new LRUCache<string, { times: number; sinceMs: number }>({ max: mostRemembered });

  constructor({ notFound, network }: Pick<Phoenix, 'notFound' | 'network'>) {
    this.#rule = notFound;
    this.#clock = network.clock;
  }

  /**
   * Believes the few codes that can only be about the payment. `debited` is left out: nothing says whether the amounts
   * of the answer include `surcharge` and `excise`, so the hold is captured as it was taken.
   *
   * @param isSuccess - Whether the HTTP status was 2xx. An error is believed only if it names the payment.
   */
  read(
    { responseCode: code, requestReference: answered }: Envelope,
    reference: string,
    isSuccess: boolean,
  ): PayoutAnswer {
    const isOurs = answered === reference || (answered == null && isSuccess);
    if (isOurs && code === nonExistent) return { outcome: this.#notFound(reference) };
    this.#missing.delete(reference);
    const outcome = payoutOutcome(code);
    // Somebody has to do something before there can be an answer, and should hear of it.
    if (outcome === 'unknown' && ['unauthorized', 'operator'].includes(balanceMeaning(code))) throw refusalOf(code);
    // An answer that names another payment is about another payment.
    return { outcome: isOurs ? outcome : 'unknown' };
  }

  // A payment that was not found may still be on its way, so one answer says nothing, and time alone says nothing.
  #notFound(reference: string): PayoutAnswer['outcome'] {
    if (this.#rule.means === 'unknown') return 'unknown';
    const nowMs = this.#clock.now();
    const before = this.#missing.get(reference);
    // A clock that was set back starts the count again.
    const { times, sinceMs } = before && before.sinceMs <= nowMs ? before : { times: 0, sinceMs: nowMs };
    this.#missing.set(reference, { times: times + 1, sinceMs });
    return times + 1 >= this.#rule.times && nowMs - sinceMs >= this.#rule.overMs ? 'failed' : 'unknown';
  }
}
