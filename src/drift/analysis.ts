// Derives movements from the positions of successive snapshots. Pure.
import { agree, common, hull, pointOf, type Range, type Ranges } from './ranges.js';

/** Something external happened after snapshot `from` was asked for and before snapshot `to` came. */
export interface Movement {
  /** Positive: more was debited than is explained. Minor units; one amount when it is known exactly. */
  readonly debitedMinor: Range;
  readonly from: number;
  readonly to: number;
  /** Snapshots from this one on are independent of what was before the movement. */
  readonly next: number;
}

/**
 * Returns the first movement that positions prove and whose amount is certain; undefined when everything is explained
 * without one, or when the amount is not known yet.
 *
 * 1. Between two snapshots of one position each, the difference is the sum of what happened, whatever that was.
 * 2. Elsewhere it counts as one movement, between any two snapshots for which that explains all others, and is reported
 *    if each such pair leads to the same amount.
 * 3. If one movement does not explain it, the next snapshot of one position ends the wait, with bounds for the amount.
 */
export function firstMovement(positions: readonly Ranges[]): Movement | undefined {
  return betweenPoints(positions) ?? (isExplained(positions) ? undefined : (asOne(positions) ?? bounded(positions)));
}

/** Returns true if the positions are explained without an external movement. */
export function isExplained(positions: readonly Ranges[]): boolean {
  return running(positions).at(-1)?.length !== 0;
}

function betweenPoints(positions: readonly Ranges[]): Movement | undefined {
  let first: { readonly index: number; readonly minor: bigint } | undefined;
  for (const [index, ranges] of positions.entries()) {
    const minor = pointOf(ranges);
    if (minor === undefined) continue;
    if (first && first.minor !== minor) {
      const debited = first.minor - minor;
      return { debitedMinor: { least: debited, most: debited }, ...window(positions, first.index, index), next: index };
    }
    first = { index, minor };
  }
  return undefined;
}

/**
 * The narrowest window: from the last snapshot that cannot be after the movement to the first that cannot be before it.
 */
function window(positions: readonly Ranges[], first: number, last: number): { from: number; to: number } {
  const before = positions[first] as Ranges;
  const after = positions[last] as Ranges;
  let to = first;
  while (agree(positions[to] as Ranges, before)) to += 1;
  let from = last;
  while (agree(positions[from] as Ranges, after)) from -= 1;
  return from < to ? { from, to } : { from: to - 1, to: from + 1 };
}

function asOne(positions: readonly Ranges[]): Movement | undefined {
  const before = running(positions);
  const after = running(positions.toReversed()).toReversed();
  let found: { debited: bigint; from: number; to: number } | undefined;
  for (let index = 0; index + 1 < positions.length; index++) {
    const [earlier, later] = [before[index] as Ranges, after[index + 1] as Ranges];
    if (earlier.length === 0 || later.length === 0) continue;
    const [from, to] = [pointOf(earlier), pointOf(later)];
    if (from === undefined || to === undefined) return undefined;
    if (found && found.debited !== from - to) return undefined;
    found = { debited: from - to, from: found?.from ?? index, to: index + 1 };
  }
  if (!found) return undefined;
  const { debited, from, to } = found;
  return { debitedMinor: { least: debited, most: debited }, from, to, next: to };
}

function bounded(positions: readonly Ranges[]): Movement | undefined {
  const unexplained = running(positions).findIndex((rest) => rest.length === 0);
  const last = positions.findIndex((ranges, index) => index >= unexplained && pointOf(ranges) !== undefined);
  const end = last === -1 ? undefined : pointOf(positions[last] as Ranges);
  if (end === undefined) return undefined;
  const first = hull(positions[0] as Ranges);
  return { debitedMinor: { least: first.least - end, most: first.most - end }, from: 0, to: last, next: last };
}

/**
 * The intersection of each snapshot with all before it; empty from the first snapshot on that has nothing in common.
 */
function running(positions: readonly Ranges[]): Ranges[] {
  let rest: Ranges | undefined;
  return positions.map((ranges) => {
    rest = rest ? common(rest, ranges) : ranges;
    return rest;
  });
}

/**
 * Drops snapshots that stand alone: a balance may show a payout that was debited and given back within moments. A
 * snapshot that contradicts those before it counts if the next one contradicts them as well; the newest waits for that.
 * The first is dropped if the next two agree on something else, unless it is `established`.
 */
export function withoutBlips<T extends { readonly positions: Ranges }>(all: readonly T[], established: boolean): T[] {
  const [first, second, third] = all.map(({ positions }) => positions);
  const isBlip = first && second && third && !agree(first, second) && agree(second, third);
  let rest: Ranges | undefined;
  return all.filter(({ positions }, index) => {
    if (index === 0 && isBlip && !established) return false;
    const next = all[index + 1]?.positions;
    if (rest && !agree(rest, positions)) {
      if (!next || agree(rest, next)) return false;
      rest = undefined;
    }
    rest = rest ? common(rest, positions) : positions;
    return true;
  });
}
