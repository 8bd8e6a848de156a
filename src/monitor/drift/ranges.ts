// Sets of possible amounts: sorted, disjoint, closed ranges of minor units. A single amount is a range of one.

export interface Range {
  readonly least: bigint;
  readonly most: bigint;
}

export type Ranges = readonly Range[];

/** More than this many ranges become the one that covers them: less is known then, and nothing wrong. */
const maxRanges = 256;

export function amount(minor: bigint): Ranges {
  return [{ least: minor, most: minor }];
}

/** The only amount of a set, if there is one only. */
export function pointOf(ranges: Ranges): bigint | undefined {
  const { least, most } = hull(ranges);
  return least === most ? least : undefined;
}

/** From the least to the most of a set, which is not empty. */
export function hull(ranges: Ranges): Range {
  return { least: (ranges[0] as Range).least, most: (ranges.at(-1) as Range).most };
}

/** Each amount as it is, and as it is with `minor` added. */
export function withOrWithout(ranges: Ranges, minor: bigint): Ranges {
  return united(ranges, plus(ranges, minor));
}

/** Each amount, and everything up to `minor` more. */
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

/** What is in one set or the other. */
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

/** What is in both sets; empty when nothing is. */
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
