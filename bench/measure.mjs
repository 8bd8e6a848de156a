// Shared by the benches. Variants take turns, so that noise on the machine affects all of them.

/** Runs each variant once per round and returns the figures of all rounds for each variant. */
export async function interleaved(rounds, variants) {
  const figures = Object.fromEntries(Object.keys(variants).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    const names = Object.keys(variants);
    if (round % 2 === 1) names.reverse();
    for (const name of names) figures[name].push(await variants[name]());
  }
  return figures;
}

export function median(figures) {
  const sorted = [...figures].sort((first, second) => first - second);
  return sorted[Math.floor(sorted.length / 2)];
}

/** Returns the median of the ratios within each round. Both sides of a ratio ran under the same machine load. */
export function medianRatio(numerators, denominators) {
  return median(numerators.map((value, round) => value / denominators[round]));
}
