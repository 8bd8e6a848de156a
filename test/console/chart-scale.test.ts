// The scale of the chart, and the places of its marks.
import { describe, expect, it } from '@jest/globals';
import { alertHeight, placesOf, scaleOf } from '../../src/console/page/chart-scale.js';

const series = (...available: string[]) => available.map((one, index) => ({ atMs: index, available: one }));
const mark = (atMs: number) => ({ atMs, kind: 'drift' });

describe('the scale', () => {
  it('fits the series: a wallet of ten millions that moves by thousands shows its thousands', () => {
    const scale = scaleOf({ points: series('10000000', '10001000', '10000500'), thresholds: [] });
    expect(scale).toEqual({ least: 9_999_920, most: 10_001_080, hidden: [] });
  });

  it('includes the spendable amount', () => {
    const points = [{ atMs: 0, available: '1000', spendable: '200' }];
    expect(scaleOf({ points, thresholds: [] })).toEqual({ least: 136, most: 1_064, hidden: [] });
  });

  it('has a threshold that is near, and names one that would press the series flat', () => {
    const points = series('1000', '1100');
    expect(scaleOf({ points, thresholds: ['950'] })).toMatchObject({ least: 938, hidden: [] });
    expect(scaleOf({ points, thresholds: ['950', '10'] })).toMatchObject({ least: 938, hidden: ['10'] });
  });

  it('gives room to a series that does not move', () => {
    expect(scaleOf({ points: series('1000'), thresholds: [] })).toMatchObject({ least: 996, most: 1_004 });
    expect(scaleOf({ points: series('0'), thresholds: [] })).toMatchObject({ least: -0.08, most: 0.08 });
  });
});

describe('marks', () => {
  it('of one place are one', () => {
    expect(placesOf([mark(20), mark(0), mark(3), mark(5)], (atMs) => atMs)).toEqual([
      { x: 0, times: 3 },
      { x: 20, times: 1 },
    ]);
  });

  it('of dozens of alerts are ticks, and few are lines', () => {
    const places = placesOf(
      Array.from({ length: 60 }, (_, index) => mark(index * 10)),
      (atMs) => atMs,
    );
    expect([places.length, alertHeight(places.length), alertHeight(8)]).toEqual([60, 0.12, 1]);
  });
});
