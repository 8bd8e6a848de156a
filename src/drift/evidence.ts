// The evidence of one snapshot about money that moved without a payout or a reported credit.
//
// Everything that was ever debited and credited has three parts: payouts of this guard, credits the application
// reported, and the rest, which is external. For each snapshot k, up to a constant that is the same for all of them,
//
//   external(k) = credits(k) - available(k) - payouts(k)
//
// where payouts(k) is what of our payouts the balance k shows. That is mark(k), since a capture follows its debit and
// the mark is read before the balance, plus what it shows of payouts that are not in the mark: those that may have been
// sent when the balance came, each of which is in it with all it debited, or not at all. A payout that was released
// debited nothing, unless it is recorded as made later: then it counts among those that the balances before that may
// show. So
//
//   position(k) = available(k) + mark(k) - credits(k) + one of the sums of such debits
//
// is a set of amounts, one of which is true; the true one is the same for all snapshots between which nothing external
// happened, and falls by what was debited. Two sets without a common amount prove that something happened; two sets of
// one amount prove how much.
import { amount, type Ranges, upTo, withOrWithout } from './ranges.js';

/** A snapshot, and the payouts that it may or may not show. Amounts are minor units. */
export interface Evidence {
  /** Counts snapshots, in the order in which they came. */
  readonly number: number;
  readonly requestedAtMs: number;
  readonly receivedAtMs: number;
  readonly availableMinor: bigint;
  /** The store's captured amount before the balance was asked for. */
  readonly markMinor: bigint;
  /** The debit of each payout that was open when the balance came. */
  readonly debitsMinor: readonly bigint[];
  /** The most that further payouts may have debited together; any part of it may be in the balance. */
  readonly furtherMinor: bigint;
}

/** Money that came in, as the application reported it. */
export interface Credit {
  readonly amountMinor: bigint;
  readonly atMs: number;
}

/** A payout that was recorded as made after its hold had ended. Balances may have shown it long before the mark did. */
export interface LateDebit {
  readonly amountMinor: bigint;
  /** The first snapshot that came after the hold was taken. Earlier ones cannot show the debit. */
  readonly fromNumber: number;
  /** Time at which the store had recorded it. */
  readonly recordedAtMs: number;
}

/** Further facts besides the snapshots. */
export interface Known {
  readonly credits: readonly Credit[];
  readonly lateDebits: readonly LateDebit[];
}

/** Longest time from reading a mark to requesting its balance, in milliseconds: the cap of `fetchTimeoutMs`. */
const oldestMarkMs = 60_000;

export interface Visibility {
  /** A balance may be this old when it comes, in milliseconds. */
  readonly lagMs: number;
  /** A credit may be in the balance this long before or after its time, in milliseconds. */
  readonly creditToleranceMs: number;
}

/** Returns the amounts that the wallet may hold, by this evidence, if no payout of this guard were under way. */
export function positionsOf(evidence: Evidence, { credits, lateDebits }: Known, visibility: Visibility): Ranges {
  const { availableMinor, markMinor, debitsMinor, furtherMinor } = evidence;
  let positions = amount(availableMinor + markMinor);
  for (const debit of debitsMinor) positions = withOrWithout(positions, debit);
  for (const debit of lateDebits) {
    const isAfterHold = evidence.number >= debit.fromNumber;
    if (isAfterHold && mayMiss(evidence, debit)) positions = withOrWithout(positions, debit.amountMinor);
  }
  for (const credit of credits) {
    if (isShown(credit, evidence, visibility)) positions = withoutCredit(positions, credit);
    else if (mayBeShown(credit, evidence, visibility)) positions = withOrWithout(positions, -credit.amountMinor);
  }
  return upTo(positions, furtherMinor);
}

/** Returns true if the mark may be from before the late capture: the balance may then show more than the mark has. */
export function mayMiss({ requestedAtMs }: Evidence, { recordedAtMs }: LateDebit): boolean {
  return requestedAtMs <= recordedAtMs + oldestMarkMs;
}

/** Returns true if the balance certainly contains the credit. */
export function isShown({ atMs }: Credit, { requestedAtMs }: Evidence, visibility: Visibility): boolean {
  return atMs + visibility.creditToleranceMs <= requestedAtMs - visibility.lagMs;
}

function mayBeShown({ atMs }: Credit, { receivedAtMs }: Evidence, { creditToleranceMs }: Visibility): boolean {
  return atMs - creditToleranceMs <= receivedAtMs;
}

function withoutCredit(positions: Ranges, { amountMinor }: Credit): Ranges {
  return positions.map(({ least, most }) => ({ least: least - amountMinor, most: most - amountMinor }));
}
