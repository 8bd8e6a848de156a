// What a history is made of. Everything is drawn from its seed.
import type { Random } from './random.js';
import { drawWallet, type WalletPlan } from './wallet-plan.js';

export interface Settings {
  readonly wallets: readonly WalletPlan[];
  /** How guards are given their wallets: the short form for one, a record, or a function that finds them. */
  readonly form: 'short' | 'record' | 'function';
  /** Processes that share the store. One that crashed or closed is replaced. */
  readonly processes: number;
  readonly payouts: number;
  /** How often each payout is asked for at most: clients retry, queues deliver twice. */
  readonly requestsPerPayout: number;
  readonly topUps: number;
  /** All requests come within this time. */
  readonly arrivalsWithinMs: number;
  /** Payees are compared. */
  readonly hasFingerprints: boolean;
  /** A service that is set up with the wrong account comes along. */
  readonly hasImpostor: boolean;
  /**
   * Payouts that are reserved and given up again: many more than the references that the memory store may forget, of
   * which it must not forget captured ones for their sake.
   */
  readonly crowd: number;
  /** Operators stop a wallet for a while. */
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
  /** How long a client dawdles between two steps. */
  readonly slowestClientMs: number;
  readonly slowestApprovalMs: number;
  /** How often the client library of the provider sends a payout that it has no answer to. */
  readonly clientTries: number;

  /** The chance of each message to or from the store, and to or from the provider, to be lost or late. */
  readonly storeLoss: number;
  readonly providerLoss: number;
  /** For a while the store does not respond to anything. */
  readonly storeOutages: number;
  /** The chance of a crash before each step. */
  readonly crashes: number;
  /** The clocks of the processes are set forward and back. */
  readonly clocksMove: boolean;
  /** The chance, before each step at which nothing is open, that the store forgets everything. */
  readonly memoryLosses: number;
  /** The chance of each way in which the code around a payment goes wrong. */
  readonly codeFaults: number;
  /** The chance of each way in which an application misuses a hold. */
  readonly misuse: number;
  /** Payment code sometimes forgets to mark its hold as sent. */
  readonly isForgetful: boolean;
}

/**
 * Intervals of the timer, besides none. They are like no other time of a guard, so that the scheduler can tell the
 * tasks that recur for ever from those that a history has to wait for.
 */
const reconcileIntervalsMs = [14_003, 89_999] as const;

export function drawSettings(random: Random): Settings {
  const nothingGoesWrong = random.chance(0.25);
  // Rarely so many that they do not fit on a page of a reconciliation.
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
    // A store that lost its memory knows no accounts: the first service that asks would be right.
    hasImpostor: memoryLosses === 0 && random.chance(0.15),
    // What payment code spent whose hold has expired can be recorded only as long as the reference is remembered.
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

/** One wallet, or two of different providers: what their guards keep apart must not depend on the number. */
function drawWallets(random: Random, payouts: number): WalletPlan[] {
  const currency = random.pick(['KES', 'UGX'] as const);
  if (random.chance(0.5)) return [drawWallet(random, random.pick(['default', 'main']), currency, payouts)];
  const half = Math.ceil(payouts / 2);
  return [drawWallet(random, 'jpay-kes', 'KES', half), drawWallet(random, 'isw-ugx', 'UGX', half)];
}

/**
 * Whether every message arrives and no process ends early: then no outcome of a payout that was sent may be left
 * unknown.
 */
export function isReliable({ storeLoss, providerLoss, storeOutages, crashes }: Settings): boolean {
  return storeLoss + providerLoss + storeOutages + crashes === 0;
}
