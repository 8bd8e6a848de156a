// Available and spendable money of a wallet over time, with thresholds, holds and alerts; and the same as a table.
import { useEffect, useRef } from 'preact/hooks';
import { scaleOf } from './chart-scale.js';
import { kindName } from './entries.js';
import { Amount, grouped, localText, Scroll, Time, zoneName } from './format.js';
import { drawChart } from './plot.js';
import { visible } from './text.js';
import type { ChartData } from './types.js';
import { useData } from './use-data.js';

/** The chart follows the wallet, in milliseconds. */
const refreshMs = 15_000;
const spans = [
  ['1', '1 h'],
  ['6', '6 h'],
  ['24', '24 h'],
  ['168', '7 d'],
] as const;

interface ChartProps {
  readonly wallet: string;
  readonly hours: string;
  readonly onHours: (hours: string) => void;
}

export function ChartOf({ wallet, hours, onHours }: ChartProps) {
  const { value } = useData<ChartData>('chart', { wallet, hours }, refreshMs);
  return (
    <div class="chart">
      <fieldset class="spans">
        <legend class="hidden">Time that the chart of {wallet} shows</legend>
        {spans.map(([value, name]) => (
          <button type="button" key={value} aria-pressed={value === hours} onClick={() => onHours(value)}>
            {name}
          </button>
        ))}
      </fieldset>
      {value && value.points.length > 0 && <Chart data={value} />}
      {value?.points.length === 0 && <p class="quiet">No balance was read in this time.</p>}
    </div>
  );
}

function Chart({ data }: { readonly data: ChartData }) {
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => (element.current ? drawChart(element.current, data) : undefined), [data]);
  return (
    <figure>
      <div ref={element} class="plot" role="img" aria-label={summaryOf(data)} />
      <figcaption>
        <span class="key key-available">Available</span> <span class="key key-spendable">Spendable</span>{' '}
        {data.thresholds.length > 0 && <span class="key key-threshold">Threshold</span>}{' '}
        {data.holds.length > 0 && <span class="key key-hold">Hold</span>}{' '}
        {data.alerts.length > 0 && <span class="key key-alert">Alert</span>} <Hidden data={data} />
        <span class="quiet">Times of {zoneName()}</span>
      </figcaption>
      <details>
        <summary>The chart as a table</summary>
        <Points data={data} />
      </details>
    </figure>
  );
}

/** Thresholds that are too far away for the scale. */
function Hidden({ data }: { readonly data: ChartData }) {
  const { hidden } = scaleOf(data);
  if (hidden.length === 0) return null;
  return (
    <span class="key">
      Not in the chart: threshold{' '}
      {hidden.map((one, index) => (
        <span key={one}>
          {index > 0 && ', '}
          <Amount value={one} />
        </span>
      ))}
    </span>
  );
}

function summaryOf({ wallet, currency, points, thresholds, holds, alerts }: ChartData): string {
  const last = points.at(-1);
  const latest = points.findLast(({ spendable }) => spendable !== undefined);
  return [
    `Available and spendable money of wallet ${wallet}: ${points.length} balances.`,
    last && `Available ${grouped(last.available)} ${currency} at ${localText(new Date(last.atMs))}.`,
    latest && `Spendable ${grouped(latest.spendable ?? '')} ${currency} at ${localText(new Date(latest.atMs))}.`,
    thresholds.length > 0 && `Thresholds: ${thresholds.map(grouped).join(', ')} ${currency}.`,
    `${holds.length} events of holds, ${alerts.length} alerts.`,
  ]
    .filter(Boolean)
    .join(' ');
}

/** Most rows of the table: the latest. */
const mostRows = 100;

function Points({ data: { wallet, currency, points, holds, alerts } }: { readonly data: ChartData }) {
  const marks = [...holds, ...alerts].map((mark) => ({ atMs: mark.atMs, mark }));
  const rows = [...points.map((point) => ({ atMs: point.atMs, point })), ...marks]
    .sort((one, other) => other.atMs - one.atMs)
    .slice(0, mostRows);
  return (
    <Scroll label={`Balances and events of wallet ${wallet}`}>
      <table>
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col" class="number">
              Available, {currency}
            </th>
            <th scope="col" class="number">
              Spendable, {currency}
            </th>
            <th scope="col">Event</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              <td>
                <Time at={new Date(row.atMs).toISOString()} />
              </td>
              <td class="number">{'point' in row && <Amount value={row.point.available} />}</td>
              <td class="number">
                {'point' in row && row.point.spendable !== undefined && <Amount value={row.point.spendable} />}
              </td>
              <td>
                {'mark' in row &&
                  visible([kindName(row.mark.kind), row.mark.reference, row.mark.message].filter(Boolean).join(' '))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
