// What one wallet of a history is like: its provider, and what the guards are told of it.
import type { BalanceProvider } from 'payout-guard';
import type { Random } from './random.js';

/** Amounts are in minor units, and small, so that payouts compete for the last of it. */
export interface WalletPlan {
  readonly key: string;
  readonly currency: 'KES' | 'UGX';
  readonly largestAmountMinor: number;
  readonly largestFeeMinor: number;
  readonly openingBalanceMinor: bigint;
  readonly floorMinor: bigint;
  readonly alwaysRefreshAboveMinor: bigint | undefined;

  /** When the provider takes the money; `either` differs from payout to payout. */
  readonly debitAt: 'acceptance' | 'completion' | 'either';
  /** What the provider's adapter declares. Never says `acceptance` when that is not so. */
  readonly debitVisibleAt: BalanceProvider['debitVisibleAt'];
  /** How old the figure may be that the provider answers with, as the guards know it. */
  readonly lagMs: number;
  /** Where the guards know it from. */
  readonly lagIsOf: 'adapter' | 'application';
  /** The provider says how old its figure is. Only then may it be older than the guards expect. */
  readonly saysAsOf: boolean;
  readonly oldestFigureMs: number;
  /** A payout that is turned down is known by its reference from then on. */
  readonly remembersRefused: boolean;
  /** After a payout failed, the provider accepts another one with the same reference from code that still sends. */
  readonly acceptsAgain: boolean;
  /** Its look-up says so when there is no record. */
  readonly reportsAbsence: boolean;

  /** The adapter judges the provider's own answers. */
  readonly judgesResults: boolean;
  /** The application knows errors that prove that nothing was sent. */
  readonly judgesErrors: boolean;
  /** All payment code of this wallet returns only when the debit is done. */
  readonly settlesOnReturn: boolean;
  readonly returnsProviderAnswer: boolean;
  /** A payout without a record counts as failed after an hour. */
  readonly absentIsFailed: boolean;
  readonly lookupConcurrency: number | undefined;
}

export function drawWallet(random: Random, key: string, currency: WalletPlan['currency'], payouts: number): WalletPlan {
  const largestAmountMinor = random.pick([1, 5, 9]);
  const floorMinor = random.chance(0.5) ? 0n : BigInt(random.between(1, 10));
  const debitAt = random.pick(['acceptance', 'completion', 'completion', 'either'] as const);
  const lagMs = random.pick([0, 0, 0, 50, 1_000, 20_000]);
  const saysAsOf = random.chance(0.3);
  return {
    key,
    currency,
    largestAmountMinor,
    largestFeeMinor: random.pick([0, 0, 2]),
    openingBalanceMinor: floorMinor + BigInt(random.between(0, Math.ceil(payouts * 0.7) * largestAmountMinor)),
    floorMinor,
    alwaysRefreshAboveMinor: random.chance(0.2) ? 4n : undefined,

    debitAt,
    debitVisibleAt: debitAt === 'either' || random.chance(0.2) ? random.pick(['unknown', 'completion']) : debitAt,
    lagMs,
    lagIsOf: random.pick(['adapter', 'application']),
    saysAsOf,
    oldestFigureMs: saysAsOf && random.chance(0.6) ? lagMs + random.pick([500, 10_000]) : lagMs,
    remembersRefused: random.chance(0.5),
    acceptsAgain: random.chance(0.4),
    reportsAbsence: random.chance(0.7),

    judgesResults: random.chance(0.6),
    judgesErrors: random.chance(0.5),
    settlesOnReturn: random.chance(0.2),
    returnsProviderAnswer: random.chance(0.3),
    absentIsFailed: random.chance(0.15),
    lookupConcurrency: random.pick([undefined, 1]),
  };
}
