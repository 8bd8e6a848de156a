// Operations, holds and answers as the scripts write them: see the headers of batch.lua and row.lua.
import type { HoldRecord, HoldState } from '../../core/hold.js';
import type { Freeze, HoldOutcome, HoldRequest, SettleOutcome, WalletTotals } from '../../core/store.js';
import type { Answer, BatchReply, Op } from '../shared/engine.js';
import { grantedHold } from '../shared/granted.js';

/** A batch as batch.lua reads it. */
export interface WrittenBatch {
  /** Keys of the holds, in the order of the operations that have one. */
  readonly keys: readonly string[];
  readonly operations: readonly string[];
}

/** Never throws: it would take the rest of the batch with it. */
export function encodeBatch(batch: readonly Op[], holdBase: string): WrittenBatch {
  const keys: string[] = [];
  const operations: string[] = [];
  let basis: HoldRequest | undefined;
  for (const op of batch) {
    if (op.kind === 'hold') {
      const { request } = op;
      if (!basis || !isSameBasis(basis, request)) {
        operations.push(`w\n${request.wallet}\n${request.epoch}\n${request.limitMinor}`);
        basis = request;
      }
    }
    operations.push(encode(op));
    if (op.kind !== 'totals' && op.kind !== 'freeze') keys.push(holdBase + referenceOf(op));
  }
  return { keys, operations };
}

/** What is decided on the same snapshot is told once. */
function isSameBasis(a: HoldRequest, b: HoldRequest): boolean {
  return a.limitMinor === b.limitMinor && a.wallet === b.wallet && a.epoch === b.epoch;
}

function referenceOf(op: Exclude<Op, { kind: 'totals' | 'freeze' }>): string {
  if (op.kind === 'get') return op.reference;
  return op.kind === 'restore' ? op.hold.reference : op.request.reference;
}

function encode(op: Op): string {
  switch (op.kind) {
    case 'hold': {
      const { amountMinor, state, expiresInMs, attempt, metadata } = op.request;
      return `h\n${amountMinor}\n${state === 'sent' ? '' : expiresInMs}\n${attempt}\n${json(metadata)}`;
    }
    case 'totals':
      return `t\n${op.wallet}`;
    case 'freeze':
      return `f\n${op.wallet}\n${optional(op.sinceMs)}\n${op.reason ?? ''}`;
    case 'get':
      return 'g';
    case 'settle': {
      const { request } = op;
      const { to, attempt = '' } = request;
      if (to !== 'captured') return `s\n${to}\n\n\n${attempt}`;
      return `s\n${to}\n${optional(request.actualMinor)}\n${request.visibleInMs}\n${attempt}`;
    }
    case 'abandon': {
      const { wallet, amountMinor, attempt, metadata } = op.request;
      return `a\n${wallet}\n${amountMinor}\n${attempt}\n${json(metadata)}`;
    }
    case 'restore': {
      const { wallet, amountMinor, state, capturedMinor, attempt, heldBefore, metadata } = op.hold;
      const { createdAtMs, expiresAtMs, sentAtMs, endedAtMs, visibleAtMs } = op.hold;
      const amounts = [`${amountMinor}`, state, optional(capturedMinor)];
      const times = [`${createdAtMs}`, ...[visibleAtMs ?? expiresAtMs, sentAtMs, endedAtMs].map(optional)];
      return ['r', wallet, ...amounts, ...times, attempt, heldBefore ? '1' : '', json(metadata)].join('\n');
    }
  }
}

/** What the whole batch was answered. */
export interface BatchFacts {
  readonly epoch: string;
  readonly nowMs: number;
  readonly recoveringForMs: number;
}

/** @throws if it is not what the script answers. */
export function decodeBatch(batch: readonly Op[], reply: unknown): BatchReply & { readonly version: number } {
  if (!Array.isArray(reply) || reply.length !== 4 + batch.length) throw new Error('not an answer of the script');
  const [epoch = '', version, nowMs, recoveringForMs] = reply.slice(0, 4).map(String);
  const facts = { epoch, nowMs: Number(nowMs), recoveringForMs: Number(recoveringForMs) };
  /** The last hold that was granted: a `+` follows it. */
  let last: Held | undefined;
  const answers = batch.map((op, index) => {
    const text = String(reply[4 + index]);
    const answer = op.kind === 'hold' && text === '+' ? heldAfter(last, op, facts) : decode(op, text, facts);
    if (op.kind === 'hold' && (answer as HoldOutcome).outcome === 'held') last = answer as Held;
    return answer;
  });
  return { epoch, nowMs: facts.nowMs, version: Number(version), answers };
}

type Held = Extract<HoldOutcome, { outcome: 'held' }>;

function heldAfter(last: Held | undefined, { request }: Op & { kind: 'hold' }, facts: BatchFacts): Held {
  if (!last) throw new Error('not an answer of the script');
  const { captured } = last.totals;
  const active = last.totals.active + last.hold.amountMinor;
  const totals = { epoch: facts.epoch, active, captured };
  return { outcome: 'held', hold: grantedHold(request, facts.nowMs, undefined), totals };
}

function decode(op: Op, text: string, facts: BatchFacts): Answer {
  switch (op.kind) {
    case 'totals': {
      const lines = text.split('\n');
      const totals = decodeTotals(lines, facts);
      return lines.length > 2 ? { ...totals, frozen: decodeFreeze(lines.slice(2)) } : totals;
    }
    case 'hold':
      return decodeHold(op, text, facts);
    case 'settle':
      return decodeSettle(op.request.reference, text);
    case 'get':
      return text === '' ? undefined : decodeRow(op.reference, text.split('\n'));
    case 'abandon':
    case 'freeze':
    case 'restore':
      return null;
  }
}

function decodeHold(op: Op & { kind: 'hold' }, text: string, facts: BatchFacts): HoldOutcome {
  const { reference, amountMinor } = op.request;
  const lines = text.split('\n');
  const outcome = lines.shift();
  switch (outcome) {
    case 'held':
      return {
        outcome,
        hold: grantedHold(op.request, facts.nowMs, lines[2] === '1' ? true : undefined),
        totals: decodeTotals(lines, facts),
      };
    case 'mine': {
      const totals = decodeTotals(lines, facts);
      const before = { ...totals, active: totals.active - amountMinor };
      return { outcome: 'held', hold: decodeRow(reference, lines.slice(2)), totals: before };
    }
    case 'insufficient':
    case 'void':
      return { outcome, totals: decodeTotals(lines, facts) };
    case 'frozen':
      return { outcome, frozen: decodeFreeze(lines) };
    case 'recovering':
      return { outcome, forMs: facts.recoveringForMs };
    case 'exists':
      return { outcome, hold: decodeRow(reference, lines) };
    default:
      throw new Error('not an answer of the script');
  }
}

function decodeSettle(reference: string, text: string): SettleOutcome {
  const [outcome, ...lines] = text.split('\n');
  if (outcome === 'unknown') return { outcome };
  if (outcome !== 'done' && outcome !== 'already' && outcome !== 'illegal')
    throw new Error('not an answer of the script');
  return { outcome, hold: decodeRow(reference, lines) };
}

function decodeTotals([active = '', captured = '']: readonly string[], facts: BatchFacts): WalletTotals {
  const totals = { epoch: facts.epoch, active: BigInt(active), captured: BigInt(captured) };
  return facts.recoveringForMs > 0 ? { ...totals, recoveringForMs: facts.recoveringForMs } : totals;
}

function decodeFreeze([since, reason = '']: readonly string[]): Freeze {
  return { reason, sinceMs: Number(since) };
}

/** The sequence of a row: where a page of holds ends. */
export function sequenceOf(row: string): string {
  return row.split('\n', 8)[7] ?? '';
}

/** A hold as row.lua says. */
export function decodeRow(reference: string, lines: readonly string[]): HoldRecord {
  const [state, amount = '', captured = '', createdAt = '', dueAt = '', sentAt = '', endedAt = ''] = lines;
  const [, , wallet = '', heldBefore = '', , attempt = '', metadata = ''] = lines.slice(8);
  return {
    reference,
    wallet,
    state: state as HoldState,
    attempt,
    amountMinor: BigInt(amount),
    capturedMinor: captured === '' ? undefined : BigInt(captured),
    createdAtMs: Number(createdAt),
    expiresAtMs: state === 'captured' ? undefined : time(dueAt),
    sentAtMs: time(sentAt),
    endedAtMs: time(endedAt),
    visibleAtMs: state === 'captured' ? time(dueAt) : undefined,
    heldBefore: heldBefore === '1' ? true : undefined,
    metadata: JSON.parse(metadata) as Record<string, string>,
  };
}

function time(text: string): number | undefined {
  return text === '' ? undefined : Number(text);
}

function optional(value: bigint | number | undefined): string {
  return value === undefined ? '' : `${value}`;
}

function json(metadata: HoldRequest['metadata']): string {
  for (const _ in metadata) return JSON.stringify(metadata);
  return '{}';
}
