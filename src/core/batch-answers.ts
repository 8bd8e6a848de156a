// Reads the answers of a store about a batch. Pure, no I/O.
import type { HoldRecord } from './hold.js';
import type { PayrollPayout } from './hold-all-request.js';
import { maxPayoutsOf } from './hold-batch.js';
import { type PayoutDifference, ReferencesTakenError, type TakenReference } from './hold-errors.js';
import type { HoldOutcome, HoldStore, WalletTotals } from './store.js';

export type Outcome<Name extends HoldOutcome['outcome']> = Extract<HoldOutcome, { readonly outcome: Name }>;

/** A payout whose reference is taken. */
export interface TakenPayout {
  readonly payout: PayrollPayout;
  readonly taken: TakenReference;
  /** Present for one that is undone soon: its caller may have been refused without an answer of the store. */
  readonly retryAfterMs?: number | undefined;
}

/** Payouts in portions that one step of the store may have. */
export function chunksOf(payouts: readonly PayrollPayout[], store: HoldStore): PayrollPayout[][] {
  const chunks: PayrollPayout[][] = [];
  const maxPayouts = maxPayoutsOf(store);
  for (let from = 0; from < payouts.length; from += maxPayouts) chunks.push(payouts.slice(from, from + maxPayouts));
  return chunks;
}

/** The error that lists these payouts. It may be retried if the holds of all of them are undone soon. */
export function takenError(taken: readonly TakenPayout[]): ReferencesTakenError {
  const waits = taken.map(({ retryAfterMs }) => retryAfterMs);
  const retryAfterMs = waits.every((ms) => ms !== undefined) ? Math.max(...(waits as number[])) : undefined;
  return new ReferencesTakenError(
    taken.map(({ taken: reference }) => reference),
    retryAfterMs,
  );
}

export function sumOf(payouts: readonly { readonly amountMinor: bigint }[]): bigint {
  return payouts.reduce((sum, { amountMinor }) => sum + amountMinor, 0n);
}

/**
 * The totals before a batch, whose answers each have those before its own hold. A batch that its own attempt has
 * repeated has those of now, without one hold each; so it is counted back from the last one.
 */
export function totalsBefore(outcomes: readonly HoldOutcome[]): WalletTotals | undefined {
  const held = outcomes.filter(isHeld);
  const last = held.at(-1);
  if (!last) for (const answer of outcomes) if ('totals' in answer) return answer.totals;
  if (!last) return undefined;
  const active = last.totals.active + last.hold.amountMinor - sumOf(held.map(({ hold }) => hold));
  return { ...last.totals, active };
}

/** Compares a payout with the one that has its reference. Undefined if they are the same. */
export function differenceOf(
  hold: HoldRecord,
  payout: Pick<PayrollPayout, 'amountMinor' | 'fingerprint'>,
  wallet: string,
): PayoutDifference | undefined {
  if (hold.wallet !== wallet) return 'wallet';
  if (hold.amountMinor !== payout.amountMinor) return 'amount';
  return hold.fingerprint === payout.fingerprint ? undefined : 'payee';
}

export function isHeld(answer: HoldOutcome): answer is Outcome<'held'> {
  return answer.outcome === 'held';
}

export function isExisting<Answer extends { readonly outcome: string }>(
  answer: Answer,
): answer is Extract<Answer, { readonly outcome: 'exists' }> {
  return answer.outcome === 'exists';
}
