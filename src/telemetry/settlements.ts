// The answers of a store to settlements, for spans.
import type { SettleOutcome } from '../core/store.js';
import type { TracedStep } from '../core/trace.js';

type Settlement = SettleOutcome['outcome'];

/** True for an answer that is an error: the request may be repeated. Any other answer is final. */
const answers: Readonly<Record<Settlement, boolean>> = {
  done: false,
  late: false,
  already: false,
  illegal: false,
  unknown: false,
  frozen: false,
  recovering: true,
  insufficient: true,
  stale_epoch: true,
};

const steps: readonly TracedStep['name'][] = ['sent', 'capture', 'release'];

export function settlementOf({ name }: TracedStep, result: unknown): Settlement | undefined {
  const { outcome } = (result ?? {}) as { readonly outcome?: Settlement };
  return steps.includes(name) && outcome !== undefined && outcome in answers ? outcome : undefined;
}

export function isRefusedForNow(settlement: Settlement | undefined): boolean {
  return settlement !== undefined && answers[settlement];
}
