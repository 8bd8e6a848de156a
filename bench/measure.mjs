// Shared by the benches: variants take turns, so that a noisy moment of the machine meets all of them.

/** Runs each variant once per round and returns, for each, the figures of all rounds. */
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

/** The median of the ratios within each round: both sides of a ratio saw the same machine. */
export function medianRatio(numerators, denominators) {
  return median(numerators.map((value, round) => value / denominators[round]));
}
