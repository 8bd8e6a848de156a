// The decisions of a store about one request. Pure, no I/O: for the stores that decide in this process.

import { limitRefusal, type ReadUse } from './day-limits.js';
import { type HoldRecord, isAsGranted, mayBeHeldAgain, nextTurn, transition } from './hold.js';
import { grantedHold, isOther, isSamePayout, moved, noted } from './hold-moves.js';
import type { HoldOutcome, HoldRequest, SendRequest, SettleOutcome, SettleRequest, WalletTotals } from './store.js';

/**
 * Decides about a hold.
 *
 * @param known - The hold that has the reference. It is also that of the answer `held` if its own attempt asks again;
 *   any other `held` is to be written, and counted under its limits.
 * @param use - Called if the request has limits.
 */
export function decideHold(
  request: HoldRequest,
  known: HoldRecord | undefined,
  totals: WalletTotals,
  nowMs: number,
  use: ReadUse,
): HoldOutcome {
  const { attempt, amountMinor, state, epoch, limitMinor } = request;
  const isSame = known !== undefined && isSamePayout(known, request);
  if (isSame && isAsGranted(known, attempt, state)) {
    return { outcome: 'held', hold: known, totals: { ...totals, active: totals.active - amountMinor } };
  }
  const isAgain = isSame && mayBeHeldAgain(known) && known.attempt !== attempt;
  if (known && !isAgain) return { outcome: 'exists', hold: known };
  if (totals.frozen) return { outcome: 'frozen', frozen: totals.frozen };
  if (epoch !== totals.epoch) return { outcome: 'stale_epoch', totals };
  if (totals.recoveringForMs) return { outcome: 'recovering', forMs: totals.recoveringForMs };
  const { limits } = request;
  const refusal = limits && limitRefusal(request, limits, nowMs, use);
  if (refusal) return refusal;
  if (totals.active + totals.captured + amountMinor > limitMinor) return { outcome: 'insufficient', totals };
  return { outcome: 'held', hold: grantedHold(request, nowMs, isAgain ? nextTurn(known) : undefined), totals };
}

/**
 * Decides whether a hold moves on. The hold of `done` and `late` is to be written, and so is that of `already` if it is
 * not the given one.
 *
 * @param totals - Returns those of the wallet; called for `sent` only.
 */
export function decideSettle(
  request: SettleRequest,
  hold: HoldRecord,
  totals: () => WalletTotals,
  nowMs: number,
): SettleOutcome {
  const outcome = isOther(hold, request) ? 'illegal' : transition(hold, request.to, request.attempt !== undefined);
  if (outcome === 'illegal') return { outcome, hold };
  if (outcome === 'already') return { outcome, hold: noted(hold, request) };
  const refusal = request.to === 'sent' ? refusalToSend(request, totals()) : undefined;
  return refusal ?? { outcome, hold: moved(hold, request, nowMs) };
}

function refusalToSend({ check }: SendRequest, totals: WalletTotals): SettleOutcome | undefined {
  if (totals.frozen) return { outcome: 'frozen', frozen: totals.frozen };
  if (!check) return undefined;
  if (check.epoch !== totals.epoch) return { outcome: 'stale_epoch', totals };
  if (totals.recoveringForMs) return { outcome: 'recovering', forMs: totals.recoveringForMs };
  return totals.active + totals.captured > check.limitMinor ? { outcome: 'insufficient', totals } : undefined;
}
