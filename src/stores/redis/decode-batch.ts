// Answers as batch.lua writes them: see its header.
import { grantedHold } from '../../core/hold-moves.js';
import type { Freeze, HoldOutcome, SettleOutcome, WalletTotals } from '../../core/store.js';
import type { Answer, BatchReply, Op } from '../shared/engine.js';
import { firstLine, number } from './fields.js';
import { decodeRow } from './row.js';

/** The part of a reply that all operations of a batch share. */
type BatchFacts = Omit<BatchReply, 'isExecuted' | 'answers'>;

/** Decodes the reply to a batch. @throws if it is not of the script. */
export function decodeBatch(batch: readonly Op[], reply: unknown): BatchReply & { readonly version: number } {
  if (!Array.isArray(reply) || (reply.length !== 4 && reply.length !== 4 + batch.length)) {
    throw new Error('not an answer of the script');
  }
  const [epoch = '', version, nowMs, recoveringForMs] = reply.slice(0, 4).map(String);
  const facts = { epoch, nowMs: Number(nowMs), recoveringForMs: Number(recoveringForMs) };
  const isExecuted = reply.length === 4 + batch.length;
  if (!isExecuted) return { ...facts, version: Number(version), isExecuted, answers: [] };
  /** The last hold that was granted: a `+` follows it. */
  let last: Held | undefined;
  const answers = batch.map((op, index) => {
    const text = String(reply[4 + index]);
    const answer = op.kind === 'hold' && text === '+' ? heldAfter(last, op, facts) : decode(op, text, facts);
    if (op.kind === 'hold' && (answer as HoldOutcome).outcome === 'held') last = answer as Held;
    return answer;
  });
  return { ...facts, version: Number(version), isExecuted, answers };
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
      return decodeSettle(op.request.reference, text, facts);
    case 'get':
      return text === '' ? undefined : decodeRow(op.reference, text);
    case 'freeze':
    case 'restore':
      return null;
  }
}

function decodeHold(op: Op & { kind: 'hold' }, text: string, facts: BatchFacts): HoldOutcome {
  const { reference, amountMinor } = op.request;
  const [outcome, rest] = firstLine(text);
  switch (outcome) {
    case 'held': {
      const lines = rest.split('\n');
      const hold = grantedHold(op.request, facts.nowMs, number(lines[2]));
      return { outcome, hold, totals: decodeTotals(lines, facts) };
    }
    case 'already_held': {
      const [active, capturedAndRow] = firstLine(rest);
      const [captured, row] = firstLine(capturedAndRow);
      const totals = decodeTotals([active, captured], facts);
      const before = { ...totals, active: totals.active - amountMinor };
      return { outcome: 'held', hold: decodeRow(reference, row), totals: before };
    }
    case 'insufficient':
    case 'stale_epoch':
      return { outcome, totals: decodeTotals(rest.split('\n'), facts) };
    case 'frozen':
      return { outcome, frozen: decodeFreeze(rest.split('\n')) };
    case 'recovering':
      return { outcome, forMs: facts.recoveringForMs };
    case 'exists':
      return { outcome, hold: decodeRow(reference, rest) };
    default:
      throw new Error('not an answer of the script');
  }
}

function decodeSettle(reference: string, text: string, facts: BatchFacts): SettleOutcome {
  const [outcome, rest] = firstLine(text);
  switch (outcome) {
    case 'reserved':
    case 'sent':
    case 'captured':
    case 'released':
      return { outcome: 'done', hold: decodeRow(reference, text) };
    case 'late':
    case 'already':
    case 'illegal':
      return { outcome, hold: decodeRow(reference, rest) };
    case 'unknown':
      return { outcome };
    case 'frozen':
      return { outcome, frozen: decodeFreeze(rest.split('\n')) };
    case 'insufficient':
    case 'stale_epoch':
      return { outcome, totals: decodeTotals(rest.split('\n'), facts) };
    default:
      throw new Error('not an answer of the script');
  }
}

function decodeTotals([active = '', captured = '']: readonly string[], facts: BatchFacts): WalletTotals {
  const totals = { epoch: facts.epoch, active: BigInt(active), captured: BigInt(captured) };
  return facts.recoveringForMs > 0 ? { ...totals, recoveringForMs: facts.recoveringForMs } : totals;
}

function decodeFreeze([since, reason = '']: readonly string[]): Freeze {
  return { reason, sinceMs: Number(since) };
}
