// Answers as batch.lua writes them: see its header.
import type { BatchDecision } from '../../core/hold-batch.js';
import { grantedHold } from '../../core/hold-moves.js';
import type { Freeze, HoldOutcome, HoldRequest, SettleOutcome, WalletTotals } from '../../core/store.js';
import type { Answer, BatchReply, Op } from '../shared/engine.js';
import { firstLine, number } from './fields.js';
import { decodeRow } from './row.js';

/** The part of a reply that all operations of a batch share. */
type BatchFacts = Omit<BatchReply, 'isExecuted' | 'answers'>;

/** Decodes the reply to a batch. @throws if it is not of the script. */
export function decodeBatch(batch: readonly Op[], answer: unknown): { version: number; reply: BatchReply } {
  const length = batch.reduce((sum, op) => sum + (op.kind === 'holdAll' ? 1 + op.holds.holds.length : 1), 4);
  if (!Array.isArray(answer) || (answer.length !== 4 && answer.length !== length)) {
    throw new Error('not an answer of the script');
  }
  const isExecuted = answer.length === length;
  const answers: Answer[] = [];
  const reply = {
    epoch: String(answer[0]),
    nowMs: Number(answer[2]),
    recoveringForMs: Number(answer[3]),
    isExecuted,
    answers,
  };
  /** The last hold that was granted: a `+` follows it. */
  let last: Held | undefined;
  let at = 4;
  const nextText = () => String(answer[at++]);
  const nextHold = (request: HoldRequest) => {
    const text = nextText();
    const outcome = text === '+' ? heldAfter(last, request, reply) : decodeHold(request, text, reply);
    if (outcome.outcome === 'held') last = outcome;
    return outcome;
  };
  for (const op of isExecuted ? batch : []) {
    if (op.kind === 'hold') answers.push(nextHold(op.request));
    else if (op.kind === 'holdAll') answers.push(decodeHoldAll(op, nextText(), op.holds.holds.map(nextHold)));
    else answers.push(decode(op, nextText(), reply));
  }
  return { version: Number(answer[1]), reply };
}

function decodeHoldAll({ holds }: Op & { kind: 'holdAll' }, text: string, outcomes: HoldOutcome[]): BatchDecision {
  const [decision, row] = firstLine(text);
  if (decision !== 'granted' && decision !== 'refused') throw new Error('not an answer of the script');
  const source = row === '' ? undefined : decodeRow(holds.from?.reference ?? '', row);
  return { isGranted: decision === 'granted', outcomes, source };
}

type Held = Extract<HoldOutcome, { outcome: 'held' }>;

function heldAfter(last: Held | undefined, request: HoldRequest, facts: BatchFacts): Held {
  if (!last) throw new Error('not an answer of the script');
  const { captured } = last.totals;
  const active = last.totals.active + last.hold.amountMinor;
  const totals = { epoch: facts.epoch, active, captured };
  return { outcome: 'held', hold: grantedHold(request, facts.nowMs, undefined), totals };
}

function decode(op: Exclude<Op, { kind: 'hold' | 'holdAll' }>, text: string, facts: BatchFacts): Answer {
  switch (op.kind) {
    case 'totals': {
      const lines = text.split('\n');
      const totals = decodeTotals(lines, facts);
      return lines.length > 2 ? { ...totals, frozen: decodeFreeze(lines.slice(2)) } : totals;
    }
    case 'settle':
      return decodeSettle(op.request.reference, text, facts);
    case 'get':
      return text === '' ? undefined : decodeRow(op.reference, text);
    case 'freeze':
    case 'acceptLimits':
    case 'restore':
      return null;
  }
}

function decodeHold(request: HoldRequest, text: string, facts: BatchFacts): HoldOutcome {
  const { reference, amountMinor } = request;
  const [outcome, rest] = firstLine(text);
  switch (outcome) {
    case 'held': {
      const lines = rest.split('\n');
      const hold = grantedHold(request, facts.nowMs, number(lines[2]));
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
    case 'stale_day':
      return { outcome, nowMs: facts.nowMs };
    case 'limits_unknown':
      return { outcome, sinceMs: Number(rest), nowMs: facts.nowMs };
    case 'over_limit': {
      const [limit, used] = firstLine(rest);
      const which = limit === 'perPayee' ? limit : 'perDay';
      return { outcome, limit: which, usedMinor: BigInt(used), nowMs: facts.nowMs };
    }
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
