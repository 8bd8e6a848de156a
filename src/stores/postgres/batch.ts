// A batch as run_batch() reads it, and its answers as the library does. JSON, because every client of PostgreSQL can send text.
import type { HoldRecord } from '../../core/hold.js';
import type { HoldOutcome, HoldRequest, SettleOutcome, WalletTotals } from '../../core/store.js';
import type { Answer, BatchReply, Op } from '../shared/engine.js';

export interface WrittenBatch {
  readonly ops: string;
  readonly changes: readonly string[];
  readonly reads: readonly string[];
  readonly settles: readonly string[];
  readonly gets: readonly string[];
  /** Where each operation that was written stands in the batch. */
  readonly order: readonly number[];
}

/** `[reference, wallet, state, amount, captured, created, expires, sent, ended, held before, metadata, attempt]` */
export type HoldText = readonly [
  string,
  string,
  HoldRecord['state'],
  string,
  string | null,
  number,
  number | null,
  number | null,
  number | null,
  boolean,
  Readonly<Record<string, string>>,
  string,
];

type AnswerText = readonly unknown[] | null;

export interface BatchText {
  readonly epoch: string;
  readonly nowMs: number;
  readonly recoveringForMs: number;
  readonly lsn: string | null;
  readonly answers: readonly AnswerText[];
}

export function writeBatch(batch: readonly Op[]): WrittenBatch {
  const changes = new Set<string>();
  const reads = new Set<string>();
  const settles = new Set<string>();
  const gets = new Set<string>();
  // Operations with the same reference next to each other, otherwise in the order they came.
  const byReference = new Map<string | symbol, number[]>();
  for (const [index, op] of batch.entries()) {
    const reference = referenceOf(op);
    const together = reference === undefined ? undefined : byReference.get(reference);
    if (together) together.push(index);
    else byReference.set(reference ?? Symbol(), [index]);
    if (op.kind === 'totals') reads.add(op.wallet);
    else if (op.kind === 'settle') settles.add(op.request.reference);
    else if (op.kind === 'get') gets.add(op.reference);
    else changes.add(op.kind === 'restore' ? op.hold.wallet : op.request.wallet);
  }
  const order = [...byReference.values()].flat();
  const ops = JSON.stringify(order.map((index, n) => ({ n, ...written(batch[index] as Op) })));
  return { ops, changes: [...changes], reads: [...reads], settles: [...settles], gets: [...gets], order };
}

function referenceOf(op: Op): string | undefined {
  if (op.kind === 'totals') return undefined;
  if (op.kind === 'get') return op.reference;
  return op.kind === 'restore' ? op.hold.reference : op.request.reference;
}

function written(op: Op): object {
  const { kind } = op;
  switch (op.kind) {
    case 'totals':
      return { kind, wallet: op.wallet };
    case 'get':
      return { kind, reference: op.reference };
    case 'settle': {
      const { request } = op;
      const { reference, attempt, to: target } = request;
      if (request.to !== 'captured') return { kind, reference, attempt, target };
      const { actualMinor, visibleInMs } = request;
      const actual = actualMinor?.toString();
      return { kind, reference, attempt, target, actual, visible_in_ms: wholeMs(visibleInMs) };
    }
    case 'hold':
    case 'abandon': {
      const { reference, wallet, amountMinor, state, expiresInMs, epoch, limitMinor, metadata } = op.request;
      const amount = `${amountMinor}`;
      const asked = { kind, attempt: op.attempt, reference, wallet, amount, metadata: metadataText(metadata) };
      if (kind === 'abandon') return asked;
      return { ...asked, state, expires_in_ms: wholeMs(expiresInMs), epoch, max: `${limitMinor}` };
    }
    case 'restore': {
      const { reference, wallet, amountMinor, state, metadata, createdAtMs, expiresAtMs, sentAtMs, heldBefore } =
        op.hold;
      const times = {
        created_at_ms: createdAtMs,
        expires_at_ms: expiresAtMs,
        sent_at_ms: sentAtMs,
        held_before: heldBefore,
      };
      return {
        kind,
        attempt: op.attempt,
        reference,
        wallet,
        amount: `${amountMinor}`,
        state,
        metadata: metadataText(metadata),
        ...times,
      };
    }
  }
}

/** Text within the JSON, which PostgreSQL then only stores: it reads no \\u0000 and no halves of characters. */
function metadataText(metadata: Readonly<Record<string, string>>): string {
  return JSON.stringify(metadata);
}

/** One odd number must not fail the whole batch. */
function wholeMs(ms: number): number {
  return Math.min(Math.max(0, Math.ceil(ms)), Number.MAX_SAFE_INTEGER / 4) || 0;
}

export function readBatch(batch: readonly Op[], order: readonly number[], reply: BatchText): BatchReply {
  const answers: Answer[] = new Array(batch.length);
  for (const [position, index] of order.entries()) {
    answers[index] = readAnswer(batch[index] as Op, reply.answers[position] as AnswerText, reply);
  }
  return { epoch: reply.epoch, answers };
}

function readAnswer(op: Op, answer: AnswerText, reply: BatchText): Answer {
  switch (op.kind) {
    case 'totals':
      return readTotals(answer as readonly [string, string], reply);
    case 'hold':
      return readHoldOutcome(op.request, answer as readonly [string, ...unknown[]], reply);
    case 'settle': {
      const [outcome, hold] = answer as readonly [SettleOutcome['outcome'], HoldText];
      return outcome === 'unknown' ? { outcome } : { outcome, hold: readHold(hold) };
    }
    case 'get':
      return answer === null ? undefined : readHold(answer as unknown as HoldText);
    default:
      return null;
  }
}

function readHoldOutcome(request: HoldRequest, answer: readonly [string, ...unknown[]], reply: BatchText): HoldOutcome {
  const [outcome] = answer as readonly [HoldOutcome['outcome'] | 'again'];
  if (outcome === 'exists') return { outcome, hold: readHold(answer[1] as HoldText) };
  if (outcome === 'recovering') return { outcome, forMs: reply.recoveringForMs };
  const totals = readTotals(answer.slice(1) as [string, string], reply);
  if (outcome !== 'held' && outcome !== 'again') return { outcome, totals };
  // What was granted is what was asked for: only the time is new.
  const { reference, wallet, state, attempt, amountMinor, expiresInMs, metadata } = request;
  const isReserved = state === 'reserved';
  const hold: HoldRecord = {
    reference,
    wallet,
    state,
    attempt,
    amountMinor,
    capturedMinor: undefined,
    createdAtMs: reply.nowMs,
    expiresAtMs: isReserved ? reply.nowMs + wholeMs(expiresInMs) : undefined,
    sentAtMs: isReserved ? undefined : reply.nowMs,
    endedAtMs: undefined,
    heldBefore: outcome === 'again' ? true : undefined,
    metadata,
  };
  return { outcome: 'held', hold, totals };
}

function readTotals(
  [active, captured]: readonly [string, string],
  { epoch, recoveringForMs }: BatchText,
): WalletTotals {
  const totals = { epoch, active: BigInt(active), captured: BigInt(captured) };
  return recoveringForMs > 0 ? { ...totals, recoveringForMs } : totals;
}

export function readHold(hold: HoldText): HoldRecord {
  const [reference, wallet, state, amount, captured, ...more] = hold;
  const [createdAtMs, expiresAtMs, sentAtMs, endedAtMs, heldBefore, metadata, attempt] = more;
  return {
    reference,
    wallet,
    state,
    attempt,
    amountMinor: BigInt(amount),
    capturedMinor: captured === null ? undefined : BigInt(captured),
    createdAtMs,
    expiresAtMs: expiresAtMs ?? undefined,
    sentAtMs: sentAtMs ?? undefined,
    endedAtMs: endedAtMs ?? undefined,
    heldBefore: heldBefore ? true : undefined,
    metadata,
  };
}
