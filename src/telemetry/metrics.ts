// Every metric, as data: the source of the instruments, of docs/metrics.md and of its test.
import type { BalanceUnavailableReason, PayoutGuardErrorCode } from '../core/errors.js';
import { storeFailureCauses } from '../core/store-failure.js';

/** A metric. All carry the attributes of {@link everyMetric} besides their own. */
export interface Metric {
  /** As OpenTelemetry names it; Prometheus has `_` for `.`, and `_total` behind a counter. */
  readonly name: string;
  readonly kind: 'counter' | 'histogram' | 'gauge';
  /** UCUM; counted things stand in braces. */
  readonly unit: string;
  readonly description: string;
  /** Its attributes, each with the values it may have; none listed: `free`. */
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
  | 'neverSeen'
  | 'settlementFailures'
  | 'incidents'
  | 'storeFailures'
  | 'orphaned'
  | 'frozen'
  | 'available'
  | 'held'
  | 'spendable';

/** Stands for every value that is not in the table, so that an attribute has few values whatever happens. */
export const other = '_OTHER';

/** Codes of errors; an unavailable balance has its reason instead of the code. */
type ErrorType = Exclude<PayoutGuardErrorCode, 'balance_unavailable' | 'payout_rejected'> | BalanceUnavailableReason;

// An object, because the compiler then finds a code that is missing.
const errorTypeTable: Readonly<Record<ErrorType, true>> = {
  insufficient_funds: true,
  limit_exceeded: true,
  limits_unknown: true,
  invalid_amount: true,
  invalid_reference: true,
  invalid_argument: true,
  currency_mismatch: true,
  payout_in_progress: true,
  duplicate_reference: true,
  references_taken: true,
  hold_conflict: true,
  hold_state: true,
  foreign_wallet: true,
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

/** Values that come from the application: a name, a currency, a listed wallet. */
const free: readonly string[] = [];
const fastSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const balance = 'In major units of the currency, as a double: for display.';

/** The attributes of every metric. `payout_guard.name` is present if the guard was given one. */
export const everyMetric: Metric['attributes'] = {
  'payout_guard.mode': ['enforce', 'observe'],
  'payout_guard.name': free,
};

/** The values of `payout_guard.incident`. */
export const incidentTypes = [
  'paid_after_release',
  'perhaps_paid_twice',
  'failed_after_capture',
  'contradiction',
  'left_open',
  'lookup_finds_nothing',
] as const;

export type IncidentType = (typeof incidentTypes)[number];

export const metrics: Readonly<Record<MetricKey, Metric>> = {
  decisions: {
    name: 'payout_guard.decisions',
    kind: 'counter',
    unit: '{decision}',
    description:
      'Checks, holds and payrolls (hold_all, one for each), by their outcome: approved, insufficient, check_failed ' +
      '(another reason). Of an ' +
      'observing guard, the outcome of the guard that it wraps.',
    attributes: {
      'payout_guard.operation': ['check', 'hold', 'hold_all'],
      'payout_guard.decision': ['approved', 'insufficient', 'check_failed'],
      'payout_guard.temporary': ['true', 'false'],
      'error.type': errorTypes,
      'payout_guard.wallet': free,
    },
  },
  changes: {
    name: 'payout_guard.hold.changes',
    kind: 'counter',
    unit: '{hold}',
    description: 'Holds that were taken, captured and released. Reservations that expire are not counted.',
    attributes: { 'payout_guard.hold.change': ['held', 'captured', 'released'], 'payout_guard.wallet': free },
  },
  holdDuration: {
    name: 'payout_guard.hold.duration',
    kind: 'histogram',
    unit: 's',
    description: 'Time from taking a hold to its end, on the clock of the store.',
    attributes: { 'payout_guard.hold.change': ['captured', 'released'], 'payout_guard.wallet': free },
    boundaries: [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 21_600, 86_400],
  },
  operationDuration: {
    name: 'payout_guard.operation.duration',
    kind: 'histogram',
    unit: 's',
    description: 'Duration of a step of a hold. A hold may wait for a balance.',
    attributes: {
      'payout_guard.operation': ['hold', 'hold_all', 'sent', 'capture', 'release'],
      'error.type': errorTypes,
    },
    boundaries: fastSeconds,
  },
  requestDuration: {
    name: 'payout_guard.provider.request.duration',
    kind: 'histogram',
    unit: 's',
    description: 'Time until the provider gave a balance or the outcome of a payout, all attempts included.',
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
  neverSeen: {
    name: 'payout_guard.holds.never_seen',
    kind: 'gauge',
    unit: '{hold}',
    description: 'Overdue holds whose payout the provider has no record of, as this process last looked them up.',
    attributes: {},
  },
  settlementFailures: {
    name: 'payout_guard.settlement.failures',
    kind: 'counter',
    unit: '{hold}',
    description:
      'Outcomes of payouts that the store could not record; retried in the background, or left to an operator. ' +
      'Zero from the start.',
    attributes: { 'payout_guard.retried': ['true', 'false'] },
  },
  incidents: {
    name: 'payout_guard.incidents',
    kind: 'counter',
    unit: '{incident}',
    description: 'Events that an operator has to look at; the log names the payout. Zero from the start.',
    attributes: { 'payout_guard.incident': incidentTypes },
  },
  storeFailures: {
    name: 'payout_guard.store.failures',
    kind: 'counter',
    unit: '{failure}',
    description:
      'Operations that the store did not answer or refused, counted up to 10 s late; ' +
      'the event `storeFailure` has the code and what to do. Zero from the start.',
    attributes: { 'payout_guard.store.cause': storeFailureCauses },
  },
  orphaned: {
    name: 'payout_guard.wallets.orphaned',
    kind: 'gauge',
    unit: '{wallet}',
    description: 'Wallets with undecided payouts that no process serves, as this process last looked.',
    attributes: {},
  },
  frozen: {
    name: 'payout_guard.frozen',
    kind: 'gauge',
    unit: '{wallet}',
    description: 'Wallets that this process last saw frozen. Zero from the start.',
    attributes: { 'payout_guard.wallet': free },
  },
  available: balanceMetric('available', 'The available balance; may be negative.'),
  held: balanceMetric('held', 'Sum of the open holds, and of captures that the balance does not show yet.'),
  spendable: balanceMetric('spendable', 'The amount that may still be paid out; may be negative.'),
};

function balanceMetric(name: string, description: string): Metric {
  return {
    name: `payout_guard.${name}`,
    kind: 'gauge',
    unit: '{currency}',
    description: `${description} ${balance}`,
    attributes: { 'payout_guard.currency': free, 'payout_guard.wallet': free },
  };
}

/** The name of a metric in Prometheus, which appends `_bucket`, `_sum` and `_count` to that of a histogram. */
export function prometheusName({ name, kind }: Metric): string {
  return name.replaceAll('.', '_') + (kind === 'counter' ? '_total' : '');
}
