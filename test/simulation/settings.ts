// What a history is made of. Everything is drawn from its seed.
import type { BalanceProvider } from 'payout-guard';
import type { Random } from './random.js';

/** Amounts are in minor units, and small, so that payouts compete for the last of it. */
export interface Settings {
  /** Processes that share the store. One that crashed or closed is replaced. */
  readonly processes: number;
  readonly payouts: number;
  /** How often each payout is asked for at most: clients retry, queues deliver twice. */
  readonly requestsPerPayout: number;
  readonly largestAmountMinor: number;
  readonly largestFeeMinor: number;
  readonly openingBalanceMinor: bigint;
  readonly floorMinor: bigint;
  readonly topUps: number;
  /** Everything that is asked for, is asked for within this time. */
  readonly arrivalsWithinMs: number;

  /** When the provider takes the money; `either` differs from payout to payout. */
  readonly debitAt: 'acceptance' | 'completion' | 'either';
  /** What the provider's adapter declares. Never says `acceptance` when that is not so. */
  readonly debitVisibleAt: BalanceProvider['debitVisibleAt'];
  readonly settles: BalanceProvider['settles'];
  /** How old the figure may be that the provider answers with, as told to the guards. */
  readonly lagMs: number;
  /** The provider says how old its figure is. Only then may it be older than the guards were told. */
  readonly saysAsOf: boolean;
  readonly oldestFigureMs: number;
  /** A payout that is turned down is known by its reference from then on, and turned down for good. */
  readonly remembersRefused: boolean;

  readonly maxAgeMs: number;
  readonly minRefreshMs: number;
  readonly alwaysRefreshAboveMinor: bigint | undefined;
  readonly holdExpiresInMs: number;
  readonly overdueAfterMs: number;

  readonly slowestStoreMs: number;
  readonly slowestProviderMs: number;
  readonly slowestPayoutMs: number;
  /** How long a client dawdles between two steps. */
  readonly slowestClientMs: number;

  /** The chance of each message to or from the store, and to or from the provider, to be lost or late. */
  readonly storeLoss: number;
  readonly providerLoss: number;
  /** The chance of a crash before each step. */
  readonly crashes: number;
  /** The clocks of the processes are set forward and back. */
  readonly clocksMove: boolean;
  /** The chance, before each step at which nothing is open, that the store forgets everything. */
  readonly memoryLosses: number;
}

export function drawSettings(random: Random): Settings {
  const nothingGoesWrong = random.chance(0.25);
  const largestAmountMinor = random.pick([1, 5, 9]);
  // Rarely so many that they do not fit on a page of a reconciliation.
  const payouts = random.chance(0.02) ? 40 : random.between(2, 7);
  const floorMinor = random.chance(0.5) ? 0n : BigInt(random.between(1, 10));
  const debitAt = random.pick(['acceptance', 'completion', 'completion', 'either'] as const);
  const lagMs = random.pick([0, 0, 0, 50, 1_000, 10_000]);
  const saysAsOf = random.chance(0.3);
  return {
    processes: random.between(1, 3),
    payouts,
    requestsPerPayout: random.pick([1, 2, 3, 5]),
    largestAmountMinor,
    largestFeeMinor: random.pick([0, 0, 2]),
    openingBalanceMinor: floorMinor + BigInt(random.between(0, Math.ceil(payouts / 2) * largestAmountMinor)),
    floorMinor,
    topUps: random.pick([0, 0, 1, 3]),
    arrivalsWithinMs: random.pick([10, 1_000, 30_000]),

    debitAt,
    debitVisibleAt: debitAt === 'either' || random.chance(0.2) ? random.pick(['unknown', 'completion']) : debitAt,
    settles: random.pick(['onReturn', 'later']),
    lagMs,
    saysAsOf,
    oldestFigureMs: saysAsOf && random.chance(0.6) ? lagMs + random.pick([20, 2_000]) : lagMs,
    remembersRefused: random.chance(0.5),

    maxAgeMs: random.pick([0, 10, 1_000, 5_000, 120_000]),
    minRefreshMs: random.pick([100, 1_000]),
    alwaysRefreshAboveMinor: random.chance(0.2) ? 4n : undefined,
    holdExpiresInMs: random.pick([5, 200, 5_000, 60_000]),
    overdueAfterMs: random.pick([1_000, 30_000]),

    slowestStoreMs: random.pick([2, 50, 2_000]),
    slowestProviderMs: random.pick([2, 200, 5_000, 200_000]),
    slowestPayoutMs: random.pick([10, 1_000, 20_000]),
    slowestClientMs: random.pick([1, 100, 10_000]),

    storeLoss: nothingGoesWrong ? 0 : random.pick([0, 0.02, 0.1]),
    providerLoss: nothingGoesWrong ? 0 : random.pick([0, 0.05, 0.3]),
    crashes: nothingGoesWrong ? 0 : random.pick([0, 0, 0.01, 0.05]),
    clocksMove: !nothingGoesWrong && !saysAsOf && random.chance(0.2),
    memoryLosses: random.chance(0.25) ? 0.2 : 0,
  };
}

/** Whether everything is answered and nobody falls over: then no outcome may be left unknown. */
export function isReliable({ storeLoss, providerLoss, crashes }: Settings): boolean {
  return storeLoss + providerLoss + crashes === 0;
}
