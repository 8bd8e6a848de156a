// The rows of a batch, and their sums.
import type { Currency } from '../core/currency.js';
import type { HoldInfo } from '../core/hold-info.js';
import type { LimitName } from '../core/limit-errors.js';
import { formatMinorUnits, minorUnits } from '../core/money.js';

/**
 * The end of a payout of a batch.
 *
 * - `paid`: it was made, now or in an earlier run.
 * - `open`: it was sent, and its outcome is not known yet. It stays held and is looked up. Never send it again.
 * - `failed`: it was not made and never will be. Another try needs a new reference.
 * - `notSent`: it was not sent, because the batch stopped before it, its hold was lost before, or another run holds it
 *   and has not sent it yet. Another run pays it.
 * - `doesNotFit`: the wallet does not cover it. Only with policy `fit`.
 * - `overLimit`: it is above a limit of the wallet, which `limit` names. Only with policy `fit`.
 * - `taken`: its reference belongs to another payout. Only with policy `fit`.
 */
export type BatchOutcome = 'paid' | 'open' | 'failed' | 'notSent' | 'doesNotFit' | 'overLimit' | 'taken';

const outcomes: readonly BatchOutcome[] = ['paid', 'open', 'failed', 'notSent', 'doesNotFit', 'overLimit', 'taken'];

/** A payout of a batch. */
export interface BatchRow {
  readonly reference: string;
  readonly outcome: BatchOutcome;
  /** Amount plus fee, in major units. */
  readonly amount: string;
  /** The real debit, for a payout that was made. */
  readonly captured?: string;
  /** The option that sets the limit, for one that is above it. */
  readonly limit?: LimitName;
  /** True if another run, as a rule an earlier one, brought it to this outcome, or to being sent. */
  readonly earlier?: true;
  /** The error of the payment function, or of the guard that kept it from running. */
  readonly error?: unknown;
}

/** The sum of the rows with one outcome. */
export interface BatchSum {
  readonly outcome: BatchOutcome;
  readonly payouts: number;
  /** In major units; the real debits of payouts that were made. */
  readonly amount: string;
}

export interface BatchReport {
  readonly wallet: string;
  /** ISO 4217 code. */
  readonly currency: string;
  /** In the order of the payouts. */
  readonly rows: readonly BatchRow[];
  /** A row for each outcome that occurs: `console.table(report.summary)`. */
  readonly summary: readonly BatchSum[];
  /** True if it stopped before its end, by {@link StopOptions} or its signal. */
  readonly stopped: boolean;
}

export function summaryOf(rows: readonly BatchRow[], currency: Currency): readonly BatchSum[] {
  return outcomes
    .map((outcome) => ({ outcome, rows: rows.filter((row) => row.outcome === outcome) }))
    .filter((group) => group.rows.length > 0)
    .map(({ outcome, rows: group }) => ({
      outcome,
      payouts: group.length,
      amount: formatMinorUnits(
        // Never refused, however large: these payouts were made.
        group.reduce((sum, { captured, amount }) => sum + minorUnits(captured ?? amount), 0n),
        currency,
      ),
    }));
}

/** The row of a payout whose hold is as the store has it. */
export function rowOf(
  amount: string,
  hold: Pick<HoldInfo, 'reference' | 'state' | 'failed' | 'captured' | 'awaitsOutcome'>,
): BatchRow {
  const { reference, state, failed, captured, awaitsOutcome } = hold;
  if (failed) return { reference, outcome: 'failed', amount };
  // Only its debit is known: the provider took the money, and the payout may still fail.
  if (awaitsOutcome) return { reference, outcome: 'open', amount };
  if (state === 'captured') return { reference, outcome: 'paid', amount, ...(captured !== undefined && { captured }) };
  return { reference, outcome: state === 'sent' ? 'open' : 'notSent', amount };
}

/** A row that another run has brought to its outcome. */
export function ofAnotherRun(row: BatchRow): BatchRow {
  return row.outcome === 'notSent' ? row : { ...row, earlier: true };
}
