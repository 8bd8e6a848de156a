// The properties of one wallet of a history: its provider, and the guards' settings for it.
import type { BalanceProvider } from 'payout-guard';
import type { Random } from './random.js';

/** Amounts are in minor units, and small, so that payouts compete for the last of the balance. */
export interface WalletPlan {
  readonly key: string;
  readonly currency: 'KES' | 'UGX';
  readonly largestAmountMinor: number;
  readonly largestFeeMinor: number;
  readonly openingBalanceMinor: bigint;
  readonly floorMinor: bigint;
  readonly alwaysRefreshAboveMinor: bigint | undefined;

  /** The moment of the provider's debit. `either` differs from payout to payout. */
  readonly debitAt: 'acceptance' | 'completion' | 'either';
  /** The declaration of the provider's adapter. Never `acceptance` when that is not true. */
  readonly debitVisibleAt: BalanceProvider['debitVisibleAt'];
  /** The maximum age of the provider's figure, as configured in the guards. */
  readonly lagMs: number;
  /** The source of that setting. */
  readonly lagIsOf: 'adapter' | 'application';
  /** The provider reports the age of its figure. Only then may it be older than the guards expect. */
  readonly saysAsOf: boolean;
  readonly oldestFigureMs: number;
  /** The provider remembers the reference of a refused payout. */
  readonly remembersRefused: boolean;
  /** After a payout failed, the provider accepts another one with the same reference from code that still sends. */
  readonly acceptsAgain: boolean;
  /** Its look-up reports that there is no record. */
  readonly reportsAbsence: boolean;

  /** The adapter judges the provider's own answers. */
  readonly judgesResults: boolean;
  /** The application recognises errors that prove that nothing was sent. */
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
