// The limits of the wallets of a history: small enough to refuse payouts, and near a midnight of their time zone.
import { Random } from '../random.js';
import type { Settings } from '../settings.js';
import type { WalletPlan } from '../wallet-plan.js';

export type LimitName = 'perPayout' | 'perPayee' | 'perDay';

/** Amounts are in minor units. All guards of the wallet have the same limits. */
export interface LimitPlan extends Readonly<Record<LimitName, bigint | undefined>> {
  readonly timeZone: string;
  /** It has a limit per day or per payee. */
  readonly isDaily: boolean;
  readonly countSinceStart: boolean;
}

export interface DrawnLimits {
  /** The limits by wallet. Some wallets have none. */
  readonly plans: ReadonlyMap<string, LimitPlan>;
  readonly payees: readonly string[];
  /** The time at which the history begins. */
  readonly startMs: number;
  /** The midnight after it, or at its beginning. */
  readonly midnightMs: number;
  /** For all that limits add to the history. */
  readonly random: Random;
}

type Midnight = readonly [timeZone: string, at: string];

/**
 * Time zones, and a moment at which a day begins in each: at a whole hour of UTC and between two, where clocks skip the
 * midnight, and where they show it twice.
 */
const midnights: readonly [Midnight, ...Midnight[]] = [
  ['Africa/Nairobi', '2023-11-14T21:00:00Z'],
  ['Africa/Lagos', '2023-11-14T23:00:00Z'],
  ['Asia/Kathmandu', '2023-11-14T18:15:00Z'],
  ['Africa/Cairo', '2024-04-25T22:00:00Z'],
  ['America/Santiago', '2024-04-07T04:00:00Z'],
];

/**
 * True for a history with limits. They are drawn apart from all else, so that a history without them has the same
 * events for the same seed as before there were any.
 */
export function hasLimits(seed: number): boolean {
  return seed % 6 === 5;
}

export function drawLimits(seed: number, settings: Settings, payrolls: number): DrawnLimits | undefined {
  if (!hasLimits(seed)) return undefined;
  const random = new Random(seed + 2);
  const [timeZone, midnight] = random.pick(midnights);
  const { arrivalsWithinMs } = settings;
  // A payroll is held before midnight, and divided after it.
  const beforeMs =
    payrolls > 0
      ? random.between(1, arrivalsWithinMs + 20_000)
      : random.spread(random.pick([arrivalsWithinMs, arrivalsWithinMs, 60_000]));
  const [first, ...others] = settings.wallets;
  const limited = [first, ...others.filter(() => random.chance(0.7))].filter((plan) => plan !== undefined);
  const payouts = settings.payouts / settings.wallets.length;
  const midnightMs = Date.parse(midnight);
  return {
    plans: new Map(limited.map((plan) => [plan.key, drawPlan(random, plan, { payouts, payrolls, timeZone })])),
    payees: ['the payee', 'a second payee', 'a third payee'].slice(0, random.between(1, 3)),
    startMs: midnightMs - beforeMs,
    midnightMs,
    random,
  };
}

interface Scale {
  readonly payouts: number;
  readonly payrolls: number;
  readonly timeZone: string;
}

function drawPlan(random: Random, plan: WalletPlan, { payouts, payrolls, timeZone }: Scale): LimitPlan {
  const largest = plan.largestAmountMinor + plan.largestFeeMinor;
  const upTo = (most: number) => BigInt(random.between(Math.ceil(largest / 2), Math.max(largest, Math.ceil(most))));
  const perPayout = random.chance(payrolls > 0 ? 0.1 : 0.3) ? upTo(largest) : undefined;
  const perPayee = random.chance(0.6) ? upTo((3 + 3 * payrolls) * largest) : undefined;
  const hasDay = random.chance(0.75) || (perPayout === undefined && perPayee === undefined);
  const perDay = hasDay ? upTo((0.5 * payouts + 10 * payrolls) * largest) : undefined;
  const isDaily = perPayee !== undefined || perDay !== undefined;
  return { perPayout, perPayee, perDay, timeZone, isDaily, countSinceStart: isDaily && random.chance(0.15) };
}
