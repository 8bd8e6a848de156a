// The settings of a history, all drawn from its seed.
import type { Random } from './random.js';
import { drawWallet, type WalletPlan } from './wallet-plan.js';

export interface Settings {
  readonly wallets: readonly WalletPlan[];
  /** The form of the guards' wallet options: the short form for one, a record, or a function that finds them. */
  readonly form: 'short' | 'record' | 'function';
  /** Processes that share the store. A replacement starts when one has crashed or closed. */
  readonly processes: number;
  readonly payouts: number;
  /** The maximum number of requests for each payout: clients retry, and queues deliver twice. */
  readonly requestsPerPayout: number;
  readonly topUps: number;
  /** The time within which all requests arrive. */
  readonly arrivalsWithinMs: number;
  /** Payees are compared. */
  readonly hasFingerprints: boolean;
  /** A service with the wrong account takes part. */
  readonly hasImpostor: boolean;
  /**
   * Payouts that are reserved and released again: many more than the references that the memory store may forget. It
   * must not forget captured ones to make room for them.
   */
  readonly crowd: number;
  /** Operators freeze a wallet for a while. */
  readonly freezes: boolean;

  readonly maxAgeMs: number;
  readonly minRefreshMs: number;
  readonly fetchTimeoutMs: number;
  readonly holdExpiresInMs: number;
  readonly payWithinMs: number;
  readonly overdueAfterMs: number;
  readonly reconcileEveryMs: number;
  readonly lookupsPerSecond: number;
  /** Longest wait of a guard that closes. */
  readonly closeWaitMs: number;

  readonly slowestStoreMs: number;
  readonly slowestProviderMs: number;
  readonly slowestPayoutMs: number;
  /** The longest pause of a client between two steps. */
  readonly slowestClientMs: number;
  readonly slowestApprovalMs: number;
  /** The number of times that the provider's client library sends a payout without an answer. */
  readonly clientTries: number;

  /** The chance that a message to or from the store, or to or from the provider, is lost or late. */
  readonly storeLoss: number;
  readonly providerLoss: number;
  /** For a while the store responds to no request. */
  readonly storeOutages: number;
  /** The chance of a crash before each step. */
  readonly crashes: number;
  /** The clocks of the processes are set forward and back. */
  readonly clocksMove: boolean;
  /** The chance, before each step without open holds, that the store forgets everything. */
  readonly memoryLosses: number;
  /** The chance of each kind of fault in the code around a payment. */
  readonly codeFaults: number;
  /** The chance of each kind of misuse of a hold by an application. */
  readonly misuse: number;
  /** Payment code sometimes forgets to mark its hold as sent. */
  readonly isForgetful: boolean;
}

/**
 * Intervals of the timer, apart from none. No other time of a guard is equal to them, so that the scheduler can
 * distinguish recurring tasks from those that a history must wait for.
 */
const reconcileIntervalsMs = [14_003, 89_999] as const;

export function drawSettings(random: Random): Settings {
  const nothingGoesWrong = random.chance(0.25);
  // Rarely more than fit on a page of a reconciliation.
  const payouts = random.chance(0.01) ? 30 : random.between(2, 7);
  const wallets = drawWallets(random, payouts);
  const memoryLosses = random.chance(0.25) ? 0.2 : 0;
  const isForgetful = random.chance(0.2);
  const isAged = wallets.some(({ saysAsOf }) => saysAsOf);
  return {
    wallets,
    form: wallets[0]?.key === 'default' ? 'short' : random.pick(['record', 'record', 'function']),
    processes: random.between(1, 3),
    payouts,
    requestsPerPayout: random.pick([1, 1, 2, 3]),
    topUps: random.pick([0, 0, 1, 3]),
    arrivalsWithinMs: random.pick([10, 1_000, 30_000]),
    hasFingerprints: random.chance(0.7),
    // A store that lost its data has no accounts, so the first service to use it would be right.
    hasImpostor: memoryLosses === 0 && random.chance(0.15),
    // Payments with an expired hold can be recorded only while the reference is remembered.
    crowd: !isForgetful && random.chance(0.03) ? 30 : 0,
    freezes: random.chance(0.1),

    maxAgeMs: random.pick([0, 10, 1_000, 5_000, 120_000]),
    minRefreshMs: random.pick([100, 1_000]),
    fetchTimeoutMs: random.pick([5_000, 10_000, 60_000]),
    holdExpiresInMs: random.pick([5, 200, 5_000, 60_000]),
    payWithinMs: random.pick([1_000, 30_000, 120_000]),
    overdueAfterMs: random.pick([1_000, 30_000]),
    reconcileEveryMs: random.chance(0.3) ? random.pick(reconcileIntervalsMs) : 0,
    lookupsPerSecond: random.pick([0.5, 5, 1_000]),
    closeWaitMs: random.pick([0, 1_000, 10_000, 60_000]),

    slowestStoreMs: random.pick([2, 50, 2_000]),
    slowestProviderMs: random.pick([2, 200, 5_000, 200_000]),
    slowestPayoutMs: random.pick([10, 1_000, 20_000]),
    slowestClientMs: random.pick([1, 100, 10_000]),
    slowestApprovalMs: random.pick([1_000, 600_000]),
    clientTries: random.pick([1, 1, 2, 3]),

    storeLoss: nothingGoesWrong ? 0 : random.pick([0, 0.01, 0.05]),
    providerLoss: nothingGoesWrong ? 0 : random.pick([0, 0.05, 0.3]),
    storeOutages: nothingGoesWrong ? 0 : random.pick([0, 0, 0, 1]),
    crashes: nothingGoesWrong ? 0 : random.pick([0, 0, 0.01, 0.05]),
    clocksMove: !nothingGoesWrong && !isAged && random.chance(0.2),
    memoryLosses,
    codeFaults: random.pick([0, 0.1, 0.3]),
    misuse: random.pick([0, 0.1, 0.3]),
    isForgetful,
  };
}

/** Draws one wallet, or two of different providers. The separation of wallets must not depend on their number. */
function drawWallets(random: Random, payouts: number): WalletPlan[] {
  const currency = random.pick(['KES', 'UGX'] as const);
  if (random.chance(0.5)) return [drawWallet(random, random.pick(['default', 'main']), currency, payouts)];
  const half = Math.ceil(payouts / 2);
  return [drawWallet(random, 'jpay-kes', 'KES', half), drawWallet(random, 'isw-ugx', 'UGX', half)];
}

/**
 * True if every message arrives and no process ends early. Then no payout that was sent may keep an unknown outcome.
 */
export function isReliable({ storeLoss, providerLoss, storeOutages, crashes }: Settings): boolean {
  return storeLoss + providerLoss + storeOutages + crashes === 0;
}
