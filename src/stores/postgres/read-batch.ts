// The answers of run_batch(), as the library reads them.

import { grantedHold } from '../../core/hold-moves.js';
import type { Freeze, HoldOutcome, HoldRequest, LimitRefusal, SettleOutcome, WalletTotals } from '../../core/store.js';
import { type Answer, type BatchReply, busy, type Op, type Operations } from '../shared/engine.js';
import { type HoldRow, readHold } from './hold-row.js';
import type { HoldOp, SingleOp, WrittenBatch } from './write-batch.js';

/** The reply of run_batch(). */
export interface BatchText {
  readonly epoch: string;
  readonly nowMs: number;
  readonly recoveringForMs: number;
  readonly lsn: string | null;
  /** `[wallet, active, captured]` before the fresh holds, if all of them were granted. */
  readonly held: readonly (readonly [string, string, string])[] | null;
  /** Null if the batch was not executed. */
  readonly answers: readonly AnswerText[] | null;
  /** Of a `holdAll`: whether it was granted, and the hold that the amounts leave. */
  readonly granted?: boolean;
  readonly source?: unknown;
}

type AnswerText = readonly unknown[] | 'busy' | null;

export function readBatch(batch: readonly Op[], written: WrittenBatch, reply: BatchText): BatchReply {
  const [first] = batch;
  if (first?.kind !== 'holdAll') return readSingle(batch as readonly SingleOp[], written, reply);
  const holds = first.holds.holds.map((request) => ({ kind: 'hold', request }) as const);
  const { answers, ...facts } = readSingle(holds, written, reply);
  if (!facts.isExecuted) return { ...facts, answers };
  if (answers.includes(busy)) return { ...facts, answers: [busy] };
  const { granted: isGranted = false, source } = reply;
  const decided: Operations['holdAll']['answer'] = {
    isGranted,
    outcomes: answers as readonly HoldOutcome[],
    source: source ? readHold(source as HoldRow) : undefined,
  };
  return { ...facts, answers: [decided] };
}

function readSingle(batch: readonly SingleOp[], { order, fresh }: WrittenBatch, reply: BatchText): BatchReply {
  const { epoch, nowMs, recoveringForMs, held, answers: texts } = reply;
  if (!texts) return { epoch, nowMs, recoveringForMs, isExecuted: false, answers: [] };
  const answers: (Answer | typeof busy)[] = new Array(batch.length);
  const firstFresh = held ? order.length - fresh : order.length;
  for (const [position, index] of order.slice(0, firstFresh).entries()) {
    answers[index] = readAnswer(batch[index] as SingleOp, texts[position] as AnswerText, reply);
  }
  const totals = new Map(held?.map(([wallet, active, captured]) => [wallet, readTotals([active, captured], reply)]));
  for (const index of order.slice(firstFresh)) {
    const { request } = batch[index] as HoldOp;
    const before = totals.get(request.wallet) as WalletTotals;
    totals.set(request.wallet, { ...before, active: before.active + request.amountMinor });
    answers[index] = { outcome: 'held', hold: grantedHold(request, nowMs, undefined), totals: before };
  }
  return { epoch, nowMs, recoveringForMs, isExecuted: true, answers };
}

function readAnswer(op: SingleOp, answer: AnswerText, reply: BatchText): Answer | typeof busy {
  if (answer === 'busy') return busy;
  switch (op.kind) {
    case 'totals': {
      const [active, captured, ...freeze] = answer as readonly [string, string, ...unknown[]];
      const totals = readTotals([active, captured], reply);
      return freeze.length > 0 ? { ...totals, frozen: readFreeze(freeze) } : totals;
    }
    case 'hold':
      return readHoldOutcome(op.request, answer as Outcome<HoldOutcome>, reply);
    case 'settle':
      return readSettleOutcome(answer as Outcome<SettleOutcome>, reply);
    case 'get':
      return answer === null ? undefined : readHold(answer as unknown as HoldRow);
    default:
      return null;
  }
}

type LimitName = Extract<LimitRefusal, { outcome: 'over_limit' }>['limit'];
type Outcome<Known extends { readonly outcome: string }> = readonly [Known['outcome'], ...unknown[]];

function readHoldOutcome(
  request: HoldRequest,
  [outcome, ...more]: Outcome<HoldOutcome>,
  reply: BatchText,
): HoldOutcome {
  switch (outcome) {
    case 'held': {
      const hold = more.length > 2 ? readHold(more[2] as HoldRow) : grantedHold(request, reply.nowMs, undefined);
      return { outcome, hold, totals: readTotals(more, reply) };
    }
    case 'insufficient':
    case 'stale_epoch':
      return { outcome, totals: readTotals(more, reply) };
    case 'recovering':
      return { outcome, forMs: reply.recoveringForMs };
    case 'frozen':
      return { outcome, frozen: readFreeze(more) };
    case 'exists':
      return { outcome, hold: readHold(more[0] as HoldRow) };
    case 'stale_day':
      return { outcome, nowMs: reply.nowMs };
    case 'limits_unknown':
      return { outcome, sinceMs: more[0] as number, nowMs: reply.nowMs };
    case 'over_limit': {
      const [limit, used] = more;
      return { outcome, limit: limit as LimitName, usedMinor: BigInt(used as string), nowMs: reply.nowMs };
    }
    default:
      return outcome satisfies never;
  }
}

function readSettleOutcome([outcome, ...more]: Outcome<SettleOutcome>, reply: BatchText): SettleOutcome {
  switch (outcome) {
    case 'done':
    case 'late':
    case 'already':
    case 'illegal':
      return { outcome, hold: readHold(more[0] as HoldRow) };
    case 'unknown':
      return { outcome };
    case 'frozen':
      return { outcome, frozen: readFreeze(more) };
    case 'insufficient':
    case 'stale_epoch':
      return { outcome, totals: readTotals(more, reply) };
    default:
      throw new Error('not an answer of run_batch()');
  }
}

function readTotals(sums: readonly unknown[], { epoch, recoveringForMs }: BatchText): WalletTotals {
  const [active, captured] = sums as readonly [string, string];
  const totals = { epoch, active: BigInt(active), captured: BigInt(captured) };
  return recoveringForMs > 0 ? { ...totals, recoveringForMs } : totals;
}

function readFreeze([sinceMs, reason]: readonly unknown[]): Freeze {
  return { reason: reason as string, sinceMs: sinceMs as number };
}
