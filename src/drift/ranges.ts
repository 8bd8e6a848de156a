// Sets of possible amounts: sorted, disjoint, closed ranges of minor units. A single amount is a range of one.

export interface Range {
  readonly least: bigint;
  readonly most: bigint;
}

export type Ranges = readonly Range[];

/** More than this many ranges become the one that covers them: less precise, and still true. */
const maxRanges = 256;

export function amount(minor: bigint): Ranges {
  return [{ least: minor, most: minor }];
}

/** Returns the amount of a set that has exactly one. */
export function pointOf(ranges: Ranges): bigint | undefined {
  const { least, most } = hull(ranges);
  return least === most ? least : undefined;
}

/** Returns the range from the least to the most of a set that is not empty. */
export function hull(ranges: Ranges): Range {
  return { least: (ranges[0] as Range).least, most: (ranges.at(-1) as Range).most };
}

/** Returns each amount, and each with `minor` added. */
export function withOrWithout(ranges: Ranges, minor: bigint): Ranges {
  return united(ranges, plus(ranges, minor));
}

/** Returns each amount, and everything up to `minor` more. */
export function upTo(ranges: Ranges, minor: bigint): Ranges {
  return minor === 0n
    ? ranges
    : united(
        ranges.map(({ least, most }) => ({ least, most: most + minor })),
        [],
      );
}

function plus(ranges: Ranges, minor: bigint): Ranges {
  return ranges.map(({ least, most }) => ({ least: least + minor, most: most + minor }));
}

/** Returns the union of two sets. */
function united(one: Ranges, other: Ranges): Ranges {
  const result: { least: bigint; most: bigint }[] = [];
  for (let i = 0, j = 0; i < one.length || j < other.length; ) {
    const [first, second] = [one[i], other[j]];
    const isFirst = !second || (first !== undefined && first.least < second.least);
    const { least, most } = (isFirst ? first : second) as Range;
    if (isFirst) i += 1;
    else j += 1;
    const last = result.at(-1);
    if (!last || least > last.most) result.push({ least, most });
    else if (most > last.most) last.most = most;
  }
  return result.length > maxRanges ? [hull(result)] : result;
}

/** Returns the intersection of two sets; empty when they have nothing in common. */
export function common(one: Ranges, other: Ranges): Ranges {
  const result: Range[] = [];
  for (let i = 0, j = 0; i < one.length && j < other.length; ) {
    const first = one[i] as Range;
    const second = other[j] as Range;
    const least = greater(first.least, second.least);
    const most = -greater(-first.most, -second.most);
    if (least <= most) result.push({ least, most });
    if (first.most < second.most) i += 1;
    else j += 1;
  }
  return result;
}

export function agree(one: Ranges, other: Ranges): boolean {
  return common(one, other).length > 0;
}

function greater(one: bigint, other: bigint): bigint {
  if (one > other) return one;
  return other;
}
