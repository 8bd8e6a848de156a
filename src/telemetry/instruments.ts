// The instruments, made from the table of metrics.
import type { Counter, Histogram, Meter, ObservableGauge } from '@opentelemetry/api';
import { type Metric, type MetricKey, metrics } from './metrics.js';

export interface Instruments {
  readonly decisions: Counter;
  readonly changes: Counter;
  readonly settlementFailures: Counter;
  readonly incidents: Counter;
  readonly storeFailures: Counter;
  readonly holdDuration: Histogram;
  readonly operationDuration: Histogram;
  readonly requestDuration: Histogram;
  readonly overdue: ObservableGauge;
  readonly neverSeen: ObservableGauge;
  readonly orphaned: ObservableGauge;
  readonly frozen: ObservableGauge;
  readonly balances: Readonly<Record<'available' | 'held' | 'spendable', ObservableGauge>>;
}

export function instrumentsOf(meter: Meter): Instruments {
  const about = ({ unit, description, boundaries }: Metric) => ({
    unit,
    description,
    ...(boundaries && { advice: { explicitBucketBoundaries: [...boundaries] } }),
  });
  const counter = (key: MetricKey) => meter.createCounter(metrics[key].name, about(metrics[key]));
  const histogram = (key: MetricKey) => meter.createHistogram(metrics[key].name, about(metrics[key]));
  const gauge = (key: MetricKey) => meter.createObservableGauge(metrics[key].name, about(metrics[key]));
  return {
    decisions: counter('decisions'),
    changes: counter('changes'),
    settlementFailures: counter('settlementFailures'),
    incidents: counter('incidents'),
    storeFailures: counter('storeFailures'),
    holdDuration: histogram('holdDuration'),
    operationDuration: histogram('operationDuration'),
    requestDuration: histogram('requestDuration'),
    overdue: gauge('overdue'),
    neverSeen: gauge('neverSeen'),
    orphaned: gauge('orphaned'),
    frozen: gauge('frozen'),
    balances: { available: gauge('available'), held: gauge('held'), spendable: gauge('spendable') },
  };
}
