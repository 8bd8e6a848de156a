// The plan of one shutdown under load, which follows from the number of the run alone.
import { Random } from '../simulation/random.js';
import type { ApiRequest, StoreName } from './payment-api.js';

/** Payouts whose payment functions run when the shutdown begins. */
export const underWay = 64;
/** Payouts that hold money and have not called `pay` at that moment. */
export const reserved = 4;
/** Requests that are half sent at that moment. */
export const halfSent = 4;

/**
 * The connection to the database: it stays, all connections break once, it is down until verdicts could not be recorded
 * and some time longer, or it is down until the process has ended.
 */
export type Network = 'stays' | 'is cut' | 'is away for a moment' | 'is away to the end';

export interface Plan {
  readonly store: StoreName;
  readonly run: number;
  readonly waitMs: number;
  readonly network: Network;
  /** The database becomes unavailable before the signal, or after the process has begun to stop. */
  readonly breaks: 'before' | 'after';
  /** The time that it stays unavailable after a verdict could not be recorded, in milliseconds. */
  readonly awayMs: number;
  readonly payouts: readonly ApiRequest[];
  readonly reserved: readonly ApiRequest[];
  readonly halfSent: readonly ApiRequest[];
}

/** A payment of this length, in milliseconds, ends long after the process. */
const endlessMs = 3_600_000;
const networks: readonly Network[] = ['is away for a moment', 'stays', 'is away to the end', 'is cut'];

export function planOf(store: StoreName, run: number): Plan {
  const random = new Random(run);
  // The first run, the only one with the small budget, has another network fault on each store.
  const first = store === 'postgres' ? 2 : 0;
  const network = store === 'memory' ? 'stays' : (networks[(first + run) % networks.length] ?? 'stays');
  const waitMs = network === 'is away for a moment' ? 3_200 : random.between(600, 1_500);
  // In some runs every payout ends in time, so that nothing is left open.
  const mayHang = run % 3 !== 2;
  const request = (reference: string, more: Partial<ApiRequest>): ApiRequest => ({
    reference,
    amount: `${random.between(1, 900)}.${random.between(10, 99)}`,
    delayMs: random.between(0, waitMs / 3),
    fate: 'paid',
    pays: 'at once',
    ...more,
  });
  const payout = (_: unknown, number: number): ApiRequest => {
    const reference = `payout-${number}`;
    const chance = random.next();
    if (mayHang && chance < 0.2) return request(reference, { delayMs: endlessMs });
    return request(reference, { fate: chance < 0.4 ? 'rejected' : chance < 0.55 ? 'answer lost' : 'paid' });
  };
  return {
    store,
    run,
    waitMs,
    network,
    breaks: random.pick(['before', 'after'] as const),
    // Longer than the second after which a guard that is not closing retries.
    awayMs: random.between(1_100, 1_400),
    payouts: Array.from({ length: underWay }, payout),
    reserved: Array.from({ length: reserved }, (_, number) =>
      request(`reserved-${number}`, { pays: 'after the signal' }),
    ),
    halfSent: Array.from({ length: halfSent }, (_, number) => request(`late-${number}`, {})),
  };
}
