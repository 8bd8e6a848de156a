// The scale of a chart, and its marks: so that a series can be read whatever its size, and alerts do not cover it.
import type { ChartData, Marker } from './types.js';

export interface Scale {
  readonly least: number;
  readonly most: number;
  /** Thresholds outside it: they would press the series into a line. */
  readonly hidden: readonly string[];
}

/** Room above and below the series, as a share of its range. */
const margin = 0.08;

/** Fits the series, with the thresholds that are no further away than the series is high. */
export function scaleOf({ points, thresholds }: Pick<ChartData, 'points' | 'thresholds'>): Scale {
  const values = points.flatMap(({ available, spendable }) => [
    Number(available),
    ...(spendable === undefined ? [] : [Number(spendable)]),
  ]);
  const [lowest, highest] = [Math.min(...values), Math.max(...values)];
  // A series that does not move gets some room, so that it is a line in the middle.
  const range = highest - lowest || Math.max(Math.abs(highest) * 0.05, 1);
  const isNear = (threshold: string) => Number(threshold) >= lowest - range && Number(threshold) <= highest + range;
  const near = thresholds.filter(isNear).map(Number);
  const [least, most] = [Math.min(lowest, ...near), Math.max(highest, ...near)];
  const room = Math.max(range, most - least) * margin;
  return { least: least - room, most: most + room, hidden: thresholds.filter((one) => !isNear(one)) };
}

/** Marks of one kind closer than this are one mark, in pixels. */
const closestPx = 6;
/** More lines over the whole height would cover the series: all of them become ticks. */
const mostLines = 8;

export interface Placed {
  readonly x: number;
  readonly times: number;
}

/** The places of marks along an axis, in order; those at one place are joined. */
export function placesOf(marks: readonly Marker[], xOf: (atMs: number) => number): Placed[] {
  const places: Placed[] = [];
  for (const x of marks.map(({ atMs }) => xOf(atMs)).sort((one, other) => one - other)) {
    const last = places.at(-1);
    if (last && x - last.x < closestPx) places[places.length - 1] = { ...last, times: last.times + 1 };
    else places.push({ x, times: 1 });
  }
  return places;
}

/** Share of the height that the lines of so many alerts may take. */
export function alertHeight(places: number): number {
  return places > mostLines ? 0.12 : 1;
}
