// Runs the steps of a guard within spans, and measures how long they take.
import { type Attributes, context, SpanKind, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api';
import { isPromise } from '../core/ask-store.js';
import type { Trace, TracedStep } from '../core/trace.js';
import { warn } from '../core/warn.js';
import { errorType } from './attributes.js';
import { isRefusedForNow, settlementOf } from './settlements.js';

export interface TracingOptions {
  readonly tracer: Tracer;
  /** Attributes of the span of a step. */
  readonly attributesOf: (step: TracedStep) => Attributes;
  /** Receives each step that has ended, its duration, and the `error.type` of a failed one. */
  readonly onEnd: (step: TracedStep, seconds: number, failure: string | undefined) => void;
}

/**
 * Spans of failed steps have the code of the error; none has a message, an amount or a stack. The attribute
 * `payout_guard.settlement` is the store's answer to `sent`, `capture` and `release`. A refusal is an answer, so its
 * span has not failed, unless the request may be repeated.
 */
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
    const ended = (result: unknown) => {
      const settlement = settlementOf(step, result);
      if (settlement !== undefined) harmless(() => span?.setAttribute('payout_guard.settlement', settlement));
      end(isRefusedForNow(settlement) ? 'store' : undefined);
    };
    try {
      const result = span ? context.with(trace.setSpan(context.active(), span), run) : run();
      // The caller gets the promise of the step itself; the one derived from it here cannot reject.
      if (isPromise(result)) result.then(ended, failed);
      else ended(result);
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

// A span processor must not change what happens to money. Its error is reported, not thrown into a payout.
function harmless<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    warn('PAYOUT_GUARD_TELEMETRY', 'A step of the guard could not be traced.', error);
    return undefined;
  }
}
