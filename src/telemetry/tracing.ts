// Runs the steps of a guard within spans, and measures how long they take.
import { type Attributes, context, SpanKind, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api';
import { isPromise } from '../core/store.js';
import type { Trace, TracedStep } from '../core/trace.js';
import { warn } from '../core/warn.js';
import { errorType } from './attributes.js';

export interface TracingOptions {
  readonly tracer: Tracer;
  /** Attributes of the span of a step. */
  readonly attributesOf: (step: TracedStep) => Attributes;
  /** Told of each step that has ended, in seconds; of a failed one with its `error.type`. */
  readonly onEnd: (step: TracedStep, seconds: number, failure: string | undefined) => void;
}

/** The spans say what failed by code; they hold no message, no amount and no stack. */
export function tracing({ tracer, attributesOf, onEnd }: TracingOptions): Trace {
  return (step, run) => {
    const startedAtMs = performance.now();
    const span = harmless(() =>
      tracer.startSpan(`payout_guard.${step.name}`, { kind: kindOf(step), attributes: attributesOf(step) }),
    );
    const end = (failure?: string) =>
      harmless(() => {
        onEnd(step, (performance.now() - startedAtMs) / 1_000, failure);
        if (failure !== undefined) span?.setAttribute('error.type', failure).setStatus({ code: SpanStatusCode.ERROR });
        span?.end();
      });
    const failed = (error: unknown) => end(errorType(error));
    try {
      const result = span ? context.with(trace.setSpan(context.active(), span), run) : run();
      // The caller gets the very promise of the step; what happens here beside it cannot reject.
      if (isPromise(result)) result.then(() => end(), failed);
      else end();
      return result;
    } catch (error) {
      failed(error);
      throw error;
    }
  };
}

const outwards: ReadonlySet<TracedStep['name']> = new Set(['fetch_balance', 'lookup']);

function kindOf({ name }: TracedStep): SpanKind {
  return outwards.has(name) ? SpanKind.CLIENT : SpanKind.INTERNAL;
}

// A processor of spans must not change what happens to money. Its mistake is shown, not thrown into a payout.
function harmless<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    warn('PAYOUT_GUARD_TELEMETRY', 'A step of the guard could not be traced.', error);
    return undefined;
  }
}
