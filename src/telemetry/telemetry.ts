// What a guard tells to OpenTelemetry.
import {
  type Attributes,
  type BatchObservableCallback,
  type Meter,
  type MeterProvider,
  metrics,
  type TracerProvider,
  trace,
} from '@opentelemetry/api';
import { z } from 'zod';
import { ConfigurationError } from '../core/errors.js';
import type { PayoutGuard } from '../core/guard.js';
import { readOptions } from '../core/problems.js';
import type { Trace, TracedStep } from '../core/trace.js';
import { plausibleKey, WalletLabels } from './attributes.js';
import { instrumentsOf } from './instruments.js';
import { recordEvents } from './recording.js';
import { type TracingOptions, tracing } from './tracing.js';
import { ObservedWallets } from './wallets.js';

/** Where telemetry goes. Unknown keys are refused. */
export interface TelemetryOptions {
  /** @defaultValue the one that is registered globally when `observe` is called */
  meterProvider?: MeterProvider | undefined;
  /** @defaultValue the one that is registered globally */
  tracerProvider?: TracerProvider | undefined;
  /**
   * Whether spans of holds and lookups carry `payout_guard.reference`. Metrics never do.
   * @defaultValue false
   */
  references?: boolean | undefined;
}

/** What of a guard is told. Unknown keys are refused. */
export interface ObserveOptions {
  /**
   * Tells this guard from others, as `payout_guard.name` of every metric and span; 1 to 64 letters, digits or `. _ : @ / -`.
   * @defaultValue none
   */
  name?: string | undefined;
  /**
   * Keys of wallets that `payout_guard.wallet` may name, at most 100; all others are `_OTHER`. A refusal of a call that named no
   * wallet has no such attribute unless the guard came as far as the wallet.
   * @defaultValue no metric or span names a wallet
   */
  wallets?: readonly string[] | undefined;
  /**
   * `'amounts'` shows balances: `payout_guard.available`, `held` and `spendable` of the wallets that are listed, or of the guard's own
   * wallet. Each collection reads `guard.funds`, which asks the provider when the remembered balance is older than its `maxAgeMs`.
   * @defaultValue no metric holds an amount
   */
  expose?: 'amounts' | undefined;
}

/** The telemetry of one guard. No method needs `this`. */
export interface Telemetry {
  /** For the option `trace` of the guard: a span for each step; its duration is measured while the guard is observed. */
  readonly trace: Trace;
  /**
   * Registers the instruments and counts from now on what the guard tells. Returns a function that stops it. A provider of meters must
   * be registered before.
   *
   * @throws `ConfigurationError` naming every problem of the options; or a guard is observed already, because its mode and name are
   * on every metric.
   */
  readonly observe: (guard: PayoutGuard, options?: ObserveOptions) => () => void;
}

const scope = 'payout-guard';
const key = z.string().regex(/^[\w.:@/-]{1,128}$/, 'must be letters, digits or . _ : @ / -');
const hasMethods = (methods: readonly string[]) => (value: unknown) =>
  methods.every((method) => typeof (value as Record<string, unknown> | null)?.[method] === 'function');

const telemetrySchema: z.ZodType<TelemetryOptions> = z.strictObject({
  meterProvider: z.custom<MeterProvider>(hasMethods(['getMeter']), 'must be a MeterProvider').optional(),
  tracerProvider: z.custom<TracerProvider>(hasMethods(['getTracer']), 'must be a TracerProvider').optional(),
  references: z.boolean().optional(),
});

const observeSchema: z.ZodType<ObserveOptions> = z.strictObject({
  name: key.max(64).optional(),
  wallets: z.array(key).max(100).readonly().optional(),
  expose: z.literal('amounts').optional(),
});

/**
 * Makes the telemetry of one guard.
 *
 * @throws `ConfigurationError` naming every problem of the options.
 * @example
 * ```ts
 * const telemetry = createTelemetry();
 * const guard = createPayoutGuard({ provider, currency: 'KES', trace: telemetry.trace });
 * const stop = telemetry.observe(guard, { name: 'kes-payouts' });
 * ```
 */
export function createTelemetry(options: TelemetryOptions = {}): Telemetry {
  const { meterProvider, tracerProvider, references = false } = readOptions(telemetrySchema, options);
  let observed: Observed | undefined;

  const attributesOf = (step: TracedStep): Attributes => {
    const reference = references ? plausibleKey(step.reference) : undefined;
    return {
      'payout_guard.operation': step.name,
      ...observed?.common,
      ...observed?.labels.of(step.wallet),
      ...(reference !== undefined && { 'payout_guard.reference': reference }),
    };
  };
  const tracer = (tracerProvider ?? trace.getTracerProvider()).getTracer(scope);

  return {
    trace: tracing({ tracer, attributesOf, onEnd: (...ended) => observed?.onEnd(...ended) }),
    observe: (guard, about = {}) => {
      if (observed) throw new ConfigurationError(['observe: every guard needs a telemetry of its own']);
      const { name, wallets, expose } = readOptions(observeSchema, about);
      const common = { 'payout_guard.mode': guard.mode, ...(name !== undefined && { 'payout_guard.name': name }) };
      const meter = (meterProvider ?? metrics.getMeterProvider()).getMeter(scope);
      const own = observe(guard, meter, { common, wallets, showsBalances: expose === 'amounts' });
      observed = own;
      return () => {
        own.stop();
        if (observed === own) observed = undefined;
      };
    },
  };
}

interface Observed {
  readonly common: Attributes;
  readonly labels: WalletLabels;
  readonly onEnd: TracingOptions['onEnd'];
  readonly stop: () => void;
}

interface About {
  readonly common: Attributes;
  readonly wallets: readonly string[] | undefined;
  readonly showsBalances: boolean;
}

function observe(guard: PayoutGuard, meter: Meter, { common, wallets: listed, showsBalances }: About): Observed {
  const instruments = instrumentsOf(meter);
  const { operationDuration, requestDuration, overdue, frozen, balances } = instruments;
  const labels = new WalletLabels(listed);
  const wallets = new ObservedWallets({ guard, labels, common, listed, showsBalances });

  let overdueHolds = 0;
  const collect: BatchObservableCallback = (result) => {
    result.observe(overdue, overdueHolds, common);
    return wallets.observe(result, instruments);
  };
  const gauges = [overdue, frozen, ...Object.values(balances)];
  meter.addBatchObservableCallback(collect, gauges);
  const stops = [
    ...recordEvents({ guard, instruments, labels, wallets, common }),
    guard.on('reconciled', (event) => {
      overdueHolds = event.overdue;
    }),
    () => meter.removeBatchObservableCallback(collect, gauges),
  ];
  return {
    common,
    labels,
    onEnd: ({ name }, seconds, failure) => {
      const duration = name === 'fetch_balance' || name === 'lookup' ? requestDuration : operationDuration;
      const failed = failure !== undefined && { 'error.type': failure };
      duration.record(seconds, { ...common, 'payout_guard.operation': name, ...failed });
    },
    stop: () => {
      for (const stop of stops) stop();
    },
  };
}
