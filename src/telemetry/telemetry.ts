// The metrics and traces of a guard, through the OpenTelemetry API.
import {
  type Attributes,
  type BatchObservableCallback,
  type Meter,
  type MeterProvider,
  metrics,
  type TracerProvider,
  trace,
} from '@opentelemetry/api';
import * as z from 'zod';
import { ConfigurationError } from '../core/errors.js';
import type { PayoutGuard } from '../core/payout-guard.js';
import { Problems, readOptions } from '../core/problems.js';
import type { Trace, TracedStep } from '../core/trace.js';
import { plausibleKey, WalletLabels } from './attributes.js';
import { instrumentsOf } from './instruments.js';
import { recordEvents } from './recording.js';
import { type TracingOptions, tracing } from './tracing.js';
import { ObservedWallets } from './wallets.js';

/** Options of the telemetry. Unknown keys are refused. */
export interface TelemetryOptions {
  /** @defaultValue the one that is registered globally when `observe` is called */
  meterProvider?: MeterProvider | undefined;
  /** @defaultValue the one that is registered globally */
  tracerProvider?: TracerProvider | undefined;
  /**
   * True if spans of holds and look-ups carry `payout_guard.reference`. Metrics never do.
   * @defaultValue false
   */
  references?: boolean | undefined;
}

/** The details that metrics show of a guard. Unknown keys are refused. */
export interface ObserveOptions {
  /**
   * Name of this guard, as `payout_guard.name` of every metric and span; 1 to 64 letters, digits or `. _ : @ / -`.
   * @defaultValue none
   */
  name?: string | undefined;
  /**
   * Keys of wallets that `payout_guard.wallet` may name, at most 100; all others are `_OTHER`. A refusal of a call that
   * named no wallet has no such attribute unless the guard came as far as the wallet.
   * @defaultValue no metric or span names a wallet
   */
  wallets?: readonly string[] | undefined;
  /**
   * `'amounts'` shows balances: `payout_guard.available`, `held` and `spendable` of the wallets that are listed, or of
   * the only wallet of the guard. Each collection reads `guard.funds`, which asks the provider when the remembered
   * balance is older than its `maxAgeMs`.
   * @defaultValue no metric holds an amount
   */
  expose?: 'amounts' | undefined;
}

/** The telemetry of one guard. No method needs `this`. */
export interface Telemetry {
  /** For the option `trace` of the guard: a span for each step, and its duration while the guard is observed. */
  readonly trace: Trace;
  /**
   * Registers the instruments and counts the events of the guard from now on. Returns a function that stops it.
   * Register the meter provider before.
   *
   * @throws `ConfigurationError` naming every problem of the options; or a guard is observed already, because its mode
   *   and name are on every metric.
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
      const { name, wallets, expose } = readObserveOptions(guard, about);
      const mode = guard.internals.observes ? 'observe' : 'enforce';
      const common = { 'payout_guard.mode': mode, ...(name !== undefined && { 'payout_guard.name': name }) };
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

/** @throws `ConfigurationError` naming every problem. */
function readObserveOptions(guard: PayoutGuard, about: ObserveOptions): ObserveOptions {
  const problems = new Problems();
  const options = problems.read(observeSchema, about);
  // Of several wallets there is no sum: their currencies may differ.
  if (options?.expose && !options.wallets) problems.try('wallets', () => guard.internals.wallet());
  if (!options || problems.any) throw problems.error();
  return options;
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
  const { operationDuration, requestDuration, overdue, neverSeen, orphaned, frozen, balances } = instruments;
  const labels = new WalletLabels(listed);
  const wallets = new ObservedWallets({ guard, labels, common, listed, showsBalances });
  const recording = recordEvents({ guard, instruments, labels, wallets, common });

  const collect: BatchObservableCallback = (result) => {
    recording.observe(result);
    return wallets.observe(result, instruments);
  };
  const gauges = [overdue, neverSeen, orphaned, frozen, ...Object.values(balances)];
  meter.addBatchObservableCallback(collect, gauges);
  return {
    common,
    labels,
    onEnd: ({ name }, seconds, failure) => {
      const duration = name === 'fetch_balance' || name === 'lookup' ? requestDuration : operationDuration;
      const failed = failure !== undefined && { 'error.type': failure };
      duration.record(seconds, { ...common, 'payout_guard.operation': name, ...failed });
    },
    stop: () => {
      recording.stop();
      meter.removeBatchObservableCallback(collect, gauges);
    },
  };
}
