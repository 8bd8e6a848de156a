// Several holds in one step of the store: the single requests of a batch, and the decision about them for stores that
// decide in this process. Pure, no I/O.
import type { ReadUse } from './day-limits.js';
import { InvalidArgumentError } from './errors.js';
import type { HoldRecord } from './hold.js';
import { decideHold } from './hold-decisions.js';
import { lessened } from './hold-moves.js';
import type {
  HoldAllOutcome,
  HoldAllRequest,
  HoldOutcome,
  HoldRefusal,
  HoldRequest,
  HoldSource,
  HoldStore,
  WalletTotals,
} from './store.js';

/** Most payouts of one {@link HoldAllRequest}: one step must not keep other callers waiting for long. */
export const maxPayouts = 1_000;

/** Most payouts of one step of a store. */
export function maxPayoutsOf(store: HoldStore): number {
  return Math.min(Math.max(1, store.maxPayouts ?? maxPayouts), maxPayouts);
}

/** A {@link HoldAllRequest} as single requests, which are decided one after the other in one step. */
export interface HoldBatch {
  readonly holds: readonly HoldRequest[];
  readonly policy: 'all' | 'fit';
  readonly from?: HoldSource | undefined;
}

/** The decision about a {@link HoldBatch}. */
export interface BatchDecision {
  /** False if nothing was changed. */
  readonly isGranted: boolean;
  /** In the order of the requests. Where nothing was changed, a `held` among them was not granted. */
  readonly outcomes: readonly HoldOutcome[];
  /** The hold in `from`: as it is now if the batch was granted, as it was if not. */
  readonly source?: HoldRecord | undefined;
}

/**
 * @throws `InvalidArgumentError` for a batch that is no batch: an unknown policy, too many payouts or none, a reference
 *   that occurs twice.
 */
export function assertBatch({ policy, from, payouts }: HoldAllRequest): void {
  if (policy !== 'all' && policy !== 'fit') throw new InvalidArgumentError('policy', "must be 'all' or 'fit'");
  if (from && policy !== 'all') throw new InvalidArgumentError('from', "is only possible with policy 'all'");
  if (!Array.isArray(payouts) || payouts.length === 0 || payouts.length > maxPayouts) {
    throw new InvalidArgumentError('payouts', `must be a list of 1 to ${maxPayouts.toLocaleString('en')} payouts`);
  }
  assertDistinct(payouts, from?.reference);
}

/** @throws `InvalidArgumentError` for a reference that occurs twice, or is that of the hold that is split. */
export function assertDistinct(payouts: readonly { readonly reference: string }[], source?: string): void {
  const seen = new Set<string | undefined>([source]);
  for (const { reference } of payouts) {
    if (seen.has(reference)) {
      const twice = JSON.stringify(reference).slice(0, 140);
      throw new InvalidArgumentError('payouts', `have the reference ${twice} twice; every payout needs one of its own`);
    }
    seen.add(reference);
  }
}

/** Above any limit: the money of a payout that comes out of another hold is promised already. */
const noLimit = 10n ** 40n;

/** The single requests of a batch. */
export function batchOf(request: HoldAllRequest): HoldBatch {
  const { wallet, attempt, currency, expiresInMs, epoch, from, policy, payouts } = request;
  const limitMinor = from ? noLimit : request.limitMinor;
  const holds = payouts.map(({ reference, amountMinor, fingerprint, metadata, limits }) => ({
    wallet,
    reference,
    attempt,
    amountMinor,
    currency,
    state: 'reserved' as const,
    expiresInMs,
    sendsForMs: 0,
    epoch,
    limitMinor,
    fingerprint,
    metadata,
    limits,
  }));
  return { holds, policy, from };
}

/**
 * Decides about a batch. Any hold of `held` that is not the known one is to be written if the batch is granted, and so
 * is the source if it is not the known one.
 *
 * @param known - The holds that have the references, in the order of the requests.
 * @param source - The hold in `from`.
 * @param use - Called for requests that have limits; all of one batch have the same day.
 */
export function decideBatch(
  { holds, policy, from }: HoldBatch,
  known: readonly (HoldRecord | undefined)[],
  source: HoldRecord | undefined,
  totals: WalletTotals,
  nowMs: number,
  use: ReadUse,
): BatchDecision {
  let taken = 0n;
  const ofPayees = new Map<string, bigint>();
  const useWith: ReadUse = (wallet, limits) => {
    const { walletMinor, payeeMinor, sinceMs } = use(wallet, limits);
    const ofPayee = ofPayees.get(limits.payee ?? '') ?? 0n;
    return { walletMinor: walletMinor + taken, payeeMinor: payeeMinor + ofPayee, sinceMs };
  };
  const outcomes = holds.map((request, index) => {
    const before = taken === 0n ? totals : { ...totals, active: totals.active + taken };
    const answer = decideHold(request, known[index], before, nowMs, useWith);
    if (answer.outcome === 'held' && answer.hold !== known[index]) {
      const { amountMinor, limits } = request;
      taken += amountMinor;
      const payee = limits?.payee;
      if (payee !== undefined) ofPayees.set(payee, (ofPayees.get(payee) ?? 0n) + amountMinor);
    }
    return answer;
  });
  const isAll = outcomes.every(({ outcome }) => outcome === 'held');
  if (policy === 'all' && !isAll) return { isGranted: false, outcomes, source };
  // Nothing was taken if the attempt asks again: then the source has given its share before.
  if (!from || taken === 0n) return { isGranted: true, outcomes, source };
  const isUsable =
    source?.state === 'reserved' &&
    source.attempt === from.attempt &&
    source.wallet === holds[0]?.wallet &&
    source.amountMinor >= taken;
  return isUsable
    ? { isGranted: true, outcomes, source: lessened(source, taken, nowMs) }
    : { isGranted: false, outcomes, source };
}

/** The outcome of a batch as callers of a store get it. */
export function batchOutcome({ holds }: HoldBatch, { isGranted, outcomes, source }: BatchDecision): HoldAllOutcome {
  if (isGranted) return { outcome: 'done', holds: outcomes };
  const refusals: HoldRefusal[] = [];
  let totals: WalletTotals | undefined;
  for (const [index, answer] of outcomes.entries()) {
    // The first totals are those before the batch: what came before them in the list changed nothing.
    if ('totals' in answer) totals ??= answer.totals;
    if (answer.outcome !== 'held') refusals.push({ reference: holds[index]?.reference ?? '', ...answer });
  }
  return refusals.length > 0 ? { outcome: 'refused', refusals, totals } : { outcome: 'illegal', hold: source };
}
