// The drawing of a chart, by uPlot.
import uPlot from 'uplot';
import { alertHeight, type Placed, placesOf, scaleOf } from './chart-scale.js';
import { grouped, localText } from './format.js';
import type { ChartData, Marker } from './types.js';

const height = 220;
/** Of a digit in the axis, in pixels. */
const charWidth = 7;

/** Draws into an element, again when its width or the colours change. Returns a function that removes it. */
export function drawChart(element: HTMLElement, data: ChartData): () => void {
  let plot = draw(element, data);
  const redraw = () => {
    plot.destroy();
    plot = draw(element, data);
  };
  const resized = new ResizeObserver(() => {
    if (element.clientWidth !== plot.width) redraw();
  });
  resized.observe(element);
  const scheme = matchMedia('(prefers-color-scheme: dark)');
  scheme.addEventListener('change', redraw);
  return () => {
    resized.disconnect();
    scheme.removeEventListener('change', redraw);
    plot.destroy();
  };
}

/** Amounts become numbers here, for the place of a pixel alone. Every figure that is read is exact text. */
function draw(element: HTMLElement, data: ChartData): uPlot {
  const { points, thresholds, exponent } = data;
  const colour = (name: string) => getComputedStyle(element).getPropertyValue(name).trim();
  const xs = points.map(({ atMs }) => atMs / 1_000);
  const available = points.map((point) => Number(point.available));
  const spendable = points.map((point) => (point.spendable === undefined ? null : Number(point.spendable)));
  const { least, most, hidden } = scaleOf(data);
  const lines = thresholds.filter((one) => !hidden.includes(one)).map(Number);
  const stepped = uPlot.paths.stepped?.({ align: 1 });
  const axis = { stroke: colour('--quiet'), grid: { stroke: colour('--line'), width: 1 }, ticks: { show: false } };
  return new uPlot(
    {
      width: element.clientWidth,
      height,
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { range: [data.fromMs / 1_000, data.toMs / 1_000] },
        y: { range: [least, most] },
      },
      axes: [
        {
          ...axis,
          values: (_, splits) => splits.map((second) => localText(new Date(second * 1_000), false).slice(5)),
          space: 110,
        },
        {
          ...axis,
          // Amounts are not shortened, so the axis is as wide as the longest.
          size: (_, values) => 14 + charWidth * Math.max(0, ...(values ?? []).map(({ length }) => length)),
          values: (_, splits) => splits.map((value) => grouped(value.toFixed(exponent))),
        },
      ],
      series: [
        {},
        { stroke: colour('--available'), width: 1.5, spanGaps: true, ...(stepped && { paths: stepped }) },
        { stroke: colour('--spendable'), width: 2, dash: [6, 3], spanGaps: true, ...(stepped && { paths: stepped }) },
      ],
      hooks: {
        draw: [
          (plot) => {
            for (const line of lines) horizontal(plot, line, colour('--threshold'));
            for (const { x } of inside(plot, data.holds)) vertical(plot, x, colour('--hold'), [], 0, 0.12);
            const alerts = inside(plot, data.alerts);
            const share = alertHeight(alerts.length);
            // From the top, so that they are apart from holds where both are ticks.
            for (const { x } of alerts) vertical(plot, x, colour('--alert'), share < 1 ? [] : [4, 4], 1 - share, 1);
          },
        ],
      },
    },
    [xs, available, spendable],
    element,
  );
}

function horizontal(plot: uPlot, value: number, colour: string): void {
  const { ctx, bbox } = plot;
  const y = plot.valToPos(value, 'y', true);
  stroke(ctx, colour, [2, 4], [bbox.left, y], [bbox.left + bbox.width, y]);
}

function inside(plot: uPlot, marks: readonly Marker[]): Placed[] {
  const { left, width } = plot.bbox;
  const places = placesOf(marks, (atMs) => plot.valToPos(atMs / 1_000, 'x', true));
  return places.filter(({ x }) => x >= left && x <= left + width);
}

/** A line between two shares of the height, from the bottom. */
function vertical(plot: uPlot, x: number, colour: string, dash: number[], from: number, to: number): void {
  const { ctx, bbox } = plot;
  const bottom = bbox.top + bbox.height;
  stroke(ctx, colour, dash, [x, bottom - bbox.height * from], [x, bottom - bbox.height * to]);
}

type Point = readonly [x: number, y: number];

function stroke(ctx: CanvasRenderingContext2D, colour: string, dash: number[], from: Point, to: Point): void {
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.lineWidth = devicePixelRatio * 1.5;
  ctx.setLineDash(dash.map((length) => length * devicePixelRatio));
  ctx.beginPath();
  ctx.moveTo(...from);
  ctx.lineTo(...to);
  ctx.stroke();
  ctx.restore();
}
