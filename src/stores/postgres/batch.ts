// A batch as run_batch() reads it, and its answers as the library does. Arrays of texts and JSON, because every client of
// PostgreSQL can send them.
import type { HoldRecord } from '../../core/hold.js';
import type { Freeze, HoldOutcome, HoldRequest, SettleOutcome, WalletTotals } from '../../core/store.js';
import type { Answer, BatchReply, Op, Operations } from '../shared/engine.js';
import { grantedHold } from '../shared/granted.js';

export interface WrittenBatch {
  /** The first arguments of run_batch(), in their order. */
  readonly values: unknown[];
  /** Where each operation that was written stands in the batch; those of `fresh` come last. */
  readonly order: readonly number[];
  /** How many of them are holds of references that occur nowhere else in the batch. */
  readonly fresh: number;
}

/** `[reference, wallet, state, amount, captured, created, expires, sent, ended, held before, metadata, attempt, visible at]` */
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
  number | null,
];

type AnswerText = readonly unknown[] | null;

export interface BatchText {
  readonly epoch: string;
  readonly nowMs: number;
  readonly recoveringForMs: number;
  readonly lsn: string | null;
  /** `[wallet, active, captured]` before the fresh holds, if all of them were granted. */
  readonly held: readonly (readonly [string, string, string])[] | null;
  readonly answers: readonly AnswerText[];
}

type HoldOp = { readonly kind: 'hold' } & Operations['hold']['op'];

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
    else changes.add(walletOf(op));
  }
  const epoch = batch.find(isHold)?.request.epoch;
  const isFresh = ([index, ...others]: readonly number[]) => {
    const op = batch[index as number] as Op;
    return others.length === 0 && isHold(op) && op.request.epoch === epoch && op.request.amountMinor > 0n;
  };
  const groups = [...byReference.values()];
  const fresh = groups.filter(isFresh).flat();
  const rest = groups.filter((group) => !isFresh(group)).flat();
  // All rows of one call are inserted in one order, or two calls might wait for each other. What may insert besides?
  const alsoInserts = (index: number) => ['hold', 'abandon', 'restore'].includes((batch[index] as Op).kind);
  if (rest.some(alsoInserts)) rest.push(...fresh.splice(0));
  const ops = JSON.stringify(rest.map((index, n) => ({ n, ...written(batch[index] as Op) })));
  const holds = fresh.map((index) => (batch[index] as HoldOp).request);
  const values = [ops, [...changes], [...reads], [...settles], [...gets], epoch ?? null, ...columns(holds)];
  return { values, order: [...rest, ...fresh], fresh: fresh.length };
}

function walletOf(op: Exclude<Op, { kind: 'get' | 'settle' }>): string {
  if (op.kind === 'totals' || op.kind === 'freeze') return op.wallet;
  return op.kind === 'restore' ? op.hold.wallet : op.request.wallet;
}

function isHold(op: Op): op is HoldOp {
  return op.kind === 'hold';
}

/** The arguments new_references to new_metadata. */
function columns(holds: readonly HoldRequest[]): unknown[] {
  return [
    holds.map(({ reference }) => reference),
    holds.map(({ wallet }) => wallet),
    holds.map(({ attempt }) => attempt),
    holds.map(({ state }) => state),
    holds.map(({ amountMinor }) => `${amountMinor}`),
    holds.map(({ limitMinor }) => `${limitMinor}`),
    holds.map(({ expiresInMs }) => `${wholeMs(expiresInMs)}`),
    holds.map(({ metadata }) => metadataText(metadata)),
  ];
}

function referenceOf(op: Op): string | undefined {
  if (op.kind === 'totals' || op.kind === 'freeze') return undefined;
  if (op.kind === 'get') return op.reference;
  return op.kind === 'restore' ? op.hold.reference : op.request.reference;
}

function written(op: Op): object {
  const { kind } = op;
  switch (op.kind) {
    case 'totals':
      return { kind, wallet: op.wallet };
    case 'freeze':
      return { kind, wallet: op.wallet, reason: op.reason, since_ms: op.sinceMs };
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
      const { reference, wallet, attempt, amountMinor, state, expiresInMs, epoch, limitMinor, metadata } = op.request;
      const amount = `${amountMinor}`;
      const asked = { kind, attempt, reference, wallet, amount, metadata: metadataText(metadata) };
      if (kind === 'abandon') return asked;
      return { ...asked, state, expires_in_ms: wholeMs(expiresInMs), epoch, max: `${limitMinor}` };
    }
    case 'restore': {
      const { hold } = op;
      const { attempt, visibleAtMs } = hold;
      const { reference, wallet, state, amountMinor, capturedMinor, metadata } = hold;
      return {
        kind,
        attempt,
        reference,
        wallet,
        amount: `${amountMinor}`,
        state,
        metadata: metadataText(metadata),
        created_at_ms: hold.createdAtMs,
        expires_at_ms: hold.expiresAtMs,
        sent_at_ms: hold.sentAtMs,
        ended_at_ms: hold.endedAtMs,
        held_before: hold.heldBefore,
        actual: capturedMinor?.toString(),
        visible_at_ms: visibleAtMs,
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

export function readBatch(batch: readonly Op[], { order, fresh }: WrittenBatch, reply: BatchText): BatchReply {
  const { epoch, nowMs, held } = reply;
  const answers: Answer[] = new Array(batch.length);
  const firstFresh = held ? order.length - fresh : order.length;
  for (const [position, index] of order.slice(0, firstFresh).entries()) {
    answers[index] = readAnswer(batch[index] as Op, reply.answers[position] as AnswerText, reply);
  }
  const totals = new Map(held?.map(([wallet, active, captured]) => [wallet, readTotals([active, captured], reply)]));
  for (const index of order.slice(firstFresh)) {
    const { request } = batch[index] as HoldOp;
    const before = totals.get(request.wallet) as WalletTotals;
    totals.set(request.wallet, { ...before, active: before.active + request.amountMinor });
    answers[index] = { outcome: 'held', hold: grantedHold(request, nowMs, undefined), totals: before };
  }
  return { epoch, nowMs, answers };
}

function readAnswer(op: Op, answer: AnswerText, reply: BatchText): Answer {
  switch (op.kind) {
    case 'totals': {
      const [active, captured, ...freeze] = answer as readonly [string, string, ...unknown[]];
      const totals = readTotals([active, captured], reply);
      return freeze.length > 0 ? { ...totals, frozen: readFreeze(freeze) } : totals;
    }
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
  if (outcome === 'frozen') return { outcome, frozen: readFreeze(answer.slice(1)) };
  const totals = readTotals(answer.slice(1) as [string, string], reply);
  if (outcome !== 'held' && outcome !== 'again') return { outcome, totals };
  return { outcome: 'held', hold: grantedHold(request, reply.nowMs, outcome === 'again' ? true : undefined), totals };
}

function readTotals(
  [active, captured]: readonly [string, string],
  { epoch, recoveringForMs }: BatchText,
): WalletTotals {
  const totals = { epoch, active: BigInt(active), captured: BigInt(captured) };
  return recoveringForMs > 0 ? { ...totals, recoveringForMs } : totals;
}

function readFreeze([sinceMs, reason]: readonly unknown[]): Freeze {
  return { reason: reason as string, sinceMs: sinceMs as number };
}

export function readHold(hold: HoldText): HoldRecord {
  const [reference, wallet, state, amount, captured, ...more] = hold;
  const [createdAtMs, expiresAtMs, sentAtMs, endedAtMs, heldBefore, metadata, attempt, visibleAtMs] = more;
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
    visibleAtMs: visibleAtMs ?? undefined,
    heldBefore: heldBefore ? true : undefined,
    metadata,
  };
}
