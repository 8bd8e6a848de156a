// Writes the table of docs/metrics.md out of src/telemetry/metrics.ts; with --check it only says whether they agree.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  errorTypes,
  everyMetric,
  type Metric,
  type MetricKey,
  metrics,
  prometheusName,
} from '../src/telemetry/metrics.js';

/** A question that each metric answers, in PromQL. */
const queries: Readonly<Record<MetricKey, string>> = {
  decisions: 'sum by (payout_guard_decision, error_type) (rate(payout_guard_decisions_total[5m]))',
  changes: 'sum by (payout_guard_hold_change) (increase(payout_guard_hold_changes_total[1h]))',
  holdDuration: 'histogram_quantile(0.95, sum by (le) (rate(payout_guard_hold_duration_bucket[1h])))',
  operationDuration:
    'histogram_quantile(0.95, sum by (le, payout_guard_operation) (rate(payout_guard_operation_duration_bucket[5m])))',
  requestDuration: 'sum by (error_type) (rate(payout_guard_provider_request_duration_count{error_type!=""}[5m]))',
  overdue: 'sum(payout_guard_holds_overdue)',
  unsettled: 'increase(payout_guard_holds_unsettled_total[1h]) > 0',
  frozen: 'max by (payout_guard_wallet) (payout_guard_frozen) > 0',
  available: 'min by (payout_guard_wallet, payout_guard_currency) (payout_guard_available)',
  held: 'max by (payout_guard_wallet, payout_guard_currency) (payout_guard_held)',
  spendable: 'min by (payout_guard_wallet, payout_guard_currency) (payout_guard_spendable) < 50000',
};

const path = fileURLToPath(new URL('../docs/metrics.md', import.meta.url));
const before = readFileSync(path, 'utf8');
const after = before.replace(
  /(<!-- The table is made by scripts\/metrics-docs\.ts\. -->\n)[\s\S]*?(<!-- End of the table\. -->)/,
  (_, start, end) => `${start}\n${tables()}\n${end}`,
);

if (!process.argv.includes('--check')) writeFileSync(path, after);
else if (before !== after || !after.includes(tables())) {
  console.error('docs/metrics.md is not what the code says: run npx tsx scripts/metrics-docs.ts');
  process.exitCode = 1;
}

function tables(): string {
  const keys = Object.keys(metrics) as MetricKey[];
  const rows = keys.map((key) => {
    const metric = metrics[key];
    const { name, kind, unit, attributes } = metric;
    const labels = Object.entries(attributes).map(label).join('<br>');
    return [
      `\`${name}\`<br>\`${prometheusName(metric)}\``,
      kind,
      `\`${unit}\``,
      labels || 'none',
      `\`${queries[key]}\``,
    ];
  });
  const meanings = keys.map((key) => `- \`${metrics[key].name}\`: ${metrics[key].description}${buckets(metrics[key])}`);
  return `${meanings.join('\n')}

metric, and its name in Prometheus | type | unit | attributes | a question it answers
---|---|---|---|---
${rows.map((row) => row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')).join('\n')}

Every metric: ${Object.entries(everyMetric).map(label).join(', ')}.

\`error.type\` is one of ${errorTypes.map((type) => `\`${type}\``).join(', ')}.
`;
}

function label([name, values]: readonly [string, readonly string[]]): string {
  if (name === 'error.type') return '`error.type`';
  return `\`${name}\`${values.length > 0 ? ` (${values.map((value) => `\`${value}\``).join(', ')})` : ''}`;
}

function buckets({ boundaries }: Metric): string {
  return boundaries ? ` Buckets up to ${boundaries.join(', ')} s.` : '';
}
