// Steps of a guard that a tracer may see.

/** A step of a guard. */
export interface TracedStep {
  readonly name: 'hold' | 'hold_all' | 'sent' | 'capture' | 'release' | 'fetch_balance' | 'lookup';
  /** The key of the wallet, where it is known. */
  readonly wallet?: string | undefined;
  /** The reference of the payout, where there is one, as the caller wrote it: it may be no reference at all. */
  readonly reference?: string | undefined;
}

/**
 * Runs a step, within a span for instance, and returns what it returns. Must not change it. `sent`, `capture` and
 * `release` return what the store answered, a `SettleOutcome`: a refusal is an answer, and no error.
 */
export type Trace = <T>(step: TracedStep, run: () => T) => T;

/** Runs a step directly when there is no tracer. */
export function traced<T>(trace: Trace | undefined, step: TracedStep, run: () => T): T {
  return trace ? trace(step, run) : run();
}
