// Looks up every overdue payout, with its progress, and ends early when it is interrupted.
import { untilAborted } from '../core/deadline.js';
import type { Reconciliation } from '../core/events.js';
import type { PayoutGuard } from '../core/payout-guard.js';

/** The state of a reconciliation so far. */
export interface ReconcileProgress {
  /** Payouts whose look-up has ended, as far as events report them. */
  readonly done: number;
  /** Payouts that were sent and had no outcome at the start. Other processes may look some of them up. */
  readonly total: number;
  readonly captured: number;
  readonly released: number;
}

export interface ReconcileAllOptions {
  /** @defaultValue the `overdueAfterMs` of the guard */
  readonly olderThanMs?: number | undefined;
  /** Ends the wait. Look-ups that are under way may still settle their payouts. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress: (progress: ReconcileProgress) => void;
}

/** The result of a reconciliation that was asked for by hand. */
export interface ReconcileResult extends Reconciliation {
  /** Open payouts that another process looked up within the last minute, so that they were not looked up again. */
  readonly elsewhere: number;
}

/** @throws as `guard.reconcile` does; the reason of `signal`. */
export async function reconcileAll(guard: PayoutGuard, options: ReconcileAllOptions): Promise<ReconcileResult> {
  const { overdueAfterMs, tap } = guard.internals;
  const { olderThanMs = overdueAfterMs, signal, onProgress } = options;
  const references = new Set(await undecidedBefore(guard, olderThanMs));
  const count = { captured: 0, released: 0 };
  const total = references.size;
  const ended = (reference: string, end?: 'captured' | 'released') => {
    if (!references.delete(reference)) return;
    if (end) count[end] += 1;
    onProgress({ done: total - references.size, total, ...count });
  };
  const stops = [
    tap('captured', ({ hold }) => ended(hold.reference, 'captured')),
    tap('released', ({ hold }) => ended(hold.reference, 'released')),
    tap('overdue', ({ hold }) => ended(hold.reference)),
  ];
  onProgress({ done: 0, total, ...count });
  try {
    const result = await untilAborted(guard.reconcile({ olderThanMs }), signal);
    const lookedUp = result.captured + result.released + result.open;
    return { ...result, elsewhere: Math.max(0, total - lookedUp) };
  } finally {
    for (const stop of stops) stop();
  }
}

/** Payouts that were sent so long ago. The list filters by the age of the hold, which may have been reserved before. */
async function undecidedBefore(guard: PayoutGuard, olderThanMs: number): Promise<string[]> {
  const references: string[] = [];
  const sentBeforeMs = guard.internals.clock.now() - olderThanMs;
  let after: string | undefined;
  do {
    const page = await guard.listHolds({ state: 'sent', olderThanMs, limit: 1_000, after });
    const old = page.holds.filter(({ sentAt, createdAt }) => (sentAt ?? createdAt).getTime() <= sentBeforeMs);
    references.push(...old.map(({ reference }) => reference));
    after = page.next;
  } while (after !== undefined);
  return references;
}
