// Every metric there is, as data: the instruments, the page docs/metrics.md and its test are made of it.
import type { BalanceUnavailableReason, PayoutGuardErrorCode } from '../core/errors.js';

/** A metric. All carry the attributes of {@link everyMetric} besides their own. */
export interface Metric {
  /** As OpenTelemetry names it; Prometheus has `_` for `.`, and `_total` behind a counter. */
  readonly name: string;
  readonly kind: 'counter' | 'histogram' | 'gauge';
  /** UCUM; what is counted stands in braces. */
  readonly unit: string;
  readonly description: string;
  /** Its attributes, each with the values it may have; none listed: `asTold`. */
  readonly attributes: Readonly<Record<string, readonly string[]>>;
  /** Upper bounds of the buckets of a histogram, in the unit. */
  readonly boundaries?: readonly number[];
}

export type MetricKey =
  | 'decisions'
  | 'changes'
  | 'holdDuration'
  | 'operationDuration'
  | 'requestDuration'
  | 'overdue'
  | 'unsettled'
  | 'frozen'
  | 'available'
  | 'held'
  | 'spendable';

/** Stands for every value that is not in the table: an attribute has few values, whatever happens. */
export const other = '_OTHER';

/** Codes of errors; a balance that cannot be told has its reason instead of the code. */
type ErrorType = Exclude<PayoutGuardErrorCode, 'balance_unavailable' | 'payout_rejected'> | BalanceUnavailableReason;

// An object, because the compiler then says when a code is missing.
const errorTypeTable: Readonly<Record<ErrorType, true>> = {
  insufficient_funds: true,
  invalid_amount: true,
  invalid_reference: true,
  currency_mismatch: true,
  duplicate_reference: true,
  hold_conflict: true,
  hold_state: true,
  wallet_frozen: true,
  configuration: true,
  unauthorized: true,
  forbidden: true,
  timeout: true,
  network: true,
  provider_error: true,
  rate_limited: true,
  malformed: true,
  circuit_open: true,
  store: true,
  stale: true,
  closed: true,
};

/** The values of `error.type`. */
export const errorTypes: readonly string[] = [...Object.keys(errorTypeTable), other];

const asTold: readonly string[] = [];
const fastSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const balance = 'In major units of the currency, as a double: for display.';

/** What every metric carries. `payout_guard.name` is there if the guard was given one. */
export const everyMetric: Metric['attributes'] = {
  'payout_guard.mode': ['enforce', 'observe'],
  'payout_guard.name': asTold,
};

export const metrics: Readonly<Record<MetricKey, Metric>> = {
  decisions: {
    name: 'payout_guard.decisions',
    kind: 'counter',
    unit: '{decision}',
    description:
      'Checks and holds, by their answer: approved, refused (not enough), rejected (another reason). In mode observe, what enforcing would have answered.',
    attributes: {
      'payout_guard.operation': ['check', 'hold'],
      'payout_guard.decision': ['approved', 'refused', 'rejected'],
      'payout_guard.temporary': ['true', 'false'],
      'error.type': errorTypes,
      'payout_guard.wallet': asTold,
    },
  },
  changes: {
    name: 'payout_guard.hold.changes',
    kind: 'counter',
    unit: '{hold}',
    description: 'Holds that were taken, captured and released. Reservations that expire end without being counted.',
    attributes: { 'payout_guard.hold.change': ['held', 'captured', 'released'], 'payout_guard.wallet': asTold },
  },
  holdDuration: {
    name: 'payout_guard.hold.duration',
    kind: 'histogram',
    unit: 's',
    description: 'How long money was held, from taking the hold to its end, on the clock of the store.',
    attributes: { 'payout_guard.hold.change': ['captured', 'released'], 'payout_guard.wallet': asTold },
    boundaries: [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 21_600, 86_400],
  },
  operationDuration: {
    name: 'payout_guard.operation.duration',
    kind: 'histogram',
    unit: 's',
    description: 'How long a step of a hold took. A hold may wait for a balance.',
    attributes: { 'payout_guard.operation': ['hold', 'sent', 'capture', 'release'], 'error.type': errorTypes },
    boundaries: fastSeconds,
  },
  requestDuration: {
    name: 'payout_guard.provider.request.duration',
    kind: 'histogram',
    unit: 's',
    description: 'How long the provider took to tell a balance or the outcome of a payout, attempts included.',
    attributes: { 'payout_guard.operation': ['fetch_balance', 'lookup'], 'error.type': errorTypes },
    boundaries: fastSeconds,
  },
  overdue: {
    name: 'payout_guard.holds.overdue',
    kind: 'gauge',
    unit: '{hold}',
    description: 'Holds whose payout has no outcome though it should, as this process last looked them up.',
    attributes: {},
  },
  unsettled: {
    name: 'payout_guard.holds.unsettled',
    kind: 'counter',
    unit: '{hold}',
    description: 'Holds that could not be settled though the outcome of the payout is known. Zero from the start.',
    attributes: {},
  },
  frozen: {
    name: 'payout_guard.frozen',
    kind: 'gauge',
    unit: '{wallet}',
    description: 'Wallets that this process knows to be frozen. Zero from the start.',
    attributes: { 'payout_guard.wallet': asTold },
  },
  available: balanceMetric('available', 'What the provider says can be spent.'),
  held: balanceMetric('held', 'Sum of the open holds.'),
  spendable: balanceMetric('spendable', 'What may still be paid out; may be negative.'),
};

function balanceMetric(name: string, description: string): Metric {
  return {
    name: `payout_guard.${name}`,
    kind: 'gauge',
    unit: '{currency}',
    description: `${description} ${balance}`,
    attributes: { 'payout_guard.currency': asTold, 'payout_guard.wallet': asTold },
  };
}

/** The name under which Prometheus has a metric; a histogram has `_bucket`, `_sum` and `_count` behind it. */
export function prometheusName({ name, kind }: Metric): string {
  return name.replaceAll('.', '_') + (kind === 'counter' ? '_total' : '');
}
