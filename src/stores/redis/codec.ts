// Operations, holds and answers as the scripts write them: see the headers of batch.lua and row.lua.
import type { Currency } from '../../core/currency.js';
import type { HoldRecord, HoldState } from '../../core/hold.js';
import { grantedHold } from '../../core/hold-moves.js';
import type { Freeze, HoldOutcome, HoldRequest, SettleOutcome, SettleRequest, WalletTotals } from '../../core/store.js';
import type { Answer, BatchReply, Op } from '../shared/engine.js';

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
        const { wallet, epoch, limitMinor, sendsForMs } = request;
        operations.push(`w\n${wallet}\n${epoch}\n${limitMinor}\n${sendsForMs}`);
        basis = request;
      }
    }
    operations.push(encode(op));
    if (op.kind !== 'totals' && op.kind !== 'freeze') keys.push(holdBase + referenceOf(op));
  }
  return { keys, operations };
}

/** Holds that are decided on the same snapshot share what they have in common. */
function isSameBasis(a: HoldRequest, b: HoldRequest): boolean {
  return a.limitMinor === b.limitMinor && a.wallet === b.wallet && a.epoch === b.epoch && a.sendsForMs === b.sendsForMs;
}

function referenceOf(op: Exclude<Op, { kind: 'totals' | 'freeze' }>): string {
  if (op.kind === 'get') return op.reference;
  return op.kind === 'restore' ? op.hold.reference : op.request.reference;
}

function encode(op: Op): string {
  switch (op.kind) {
    case 'hold': {
      const { request } = op;
      return `h\n${request.amountMinor}\n${request.state === 'sent' ? '' : request.expiresInMs}\n${encodeEnd(request)}`;
    }
    case 'totals':
      return `t\n${op.wallet}`;
    case 'freeze':
      return `f\n${op.wallet}\n${optional(op.sinceMs)}\n${op.reason ?? ''}`;
    case 'get':
      return 'g';
    case 'settle':
      return encodeSettle(op.request);
    case 'restore':
      return `r\n${encodeRow(op.hold)}`;
  }
}

function encodeSettle(request: SettleRequest): string {
  const { to, attempt = '' } = request;
  switch (to) {
    case 'reserved':
      return `s\n${to}\n${attempt}\n${request.expiresInMs}\n\n\n`;
    case 'sent': {
      const { sendsForMs, sender = '', check } = request;
      return `s\n${to}\n${attempt}\n${sendsForMs}\n${sender}\n${check?.epoch ?? ''}\n${optional(check?.limitMinor)}`;
    }
    case 'captured': {
      const { actualMinor, visibleInMs, awaitsOutcome } = request;
      return `s\n${to}\n${attempt}\n${optional(actualMinor)}\n${visibleInMs}\n${flag(awaitsOutcome)}\n`;
    }
    case 'released':
      return `s\n${to}\n${attempt}\n${flag(request.notSent)}\n${request.sender ?? ''}\n\n`;
    case 'returned':
    case 'failed':
      return `s\n${to}\n${attempt}\n\n\n\n`;
  }
}

/** A hold as row.lua describes it, without sequence and lease. */
function encodeRow(hold: HoldRecord): string {
  const { state, amountMinor, capturedMinor, createdAtMs, visibleAtMs, expiresAtMs, sentAtMs, sendsUntilMs } = hold;
  const sendsForMs = sentAtMs === undefined || sendsUntilMs === undefined ? undefined : sendsUntilMs - sentAtMs;
  return [
    state,
    amountMinor,
    optional(capturedMinor),
    createdAtMs,
    optional(visibleAtMs ?? expiresAtMs),
    optional(sentAtMs),
    optional(sendsForMs),
    optional(hold.endedAtMs),
    ...noSequenceNorLease,
    flag(hold.failed),
    flag(hold.awaitsOutcome),
    hold.wallet,
    encodeEnd(hold),
  ].join('\n');
}

const noSequenceNorLease = ['', '', ''] as const;

/** The lines from the attempt on: attempt, sender, fingerprint, turn, currency, metadata. */
function encodeEnd({ attempt, sender = '', fingerprint = '', turn, currency, metadata }: WrittenEnd): string {
  const { code, exponent } = currency;
  return `${attempt}\n${sender}\n${fingerprint}\n${optional(turn)}\n${code} ${exponent}\n${json(metadata)}`;
}

type WrittenEnd = Pick<HoldRecord, 'attempt' | 'sender' | 'fingerprint' | 'turn' | 'currency' | 'metadata'>;

/** What the whole batch was answered. */
type BatchFacts = Omit<BatchReply, 'isExecuted' | 'answers'>;

/** @throws if it is not what the script answers. */
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

/** The lines of a row, as row.lua numbers them from 1. */
const line = {
  state: 0,
  amount: 1,
  captured: 2,
  createdAt: 3,
  dueAt: 4,
  sentAt: 5,
  sendsFor: 6,
  endedAt: 7,
  sequence: 8,
  failed: 11,
  awaits: 12,
  wallet: 13,
  attempt: 14,
  sender: 15,
  fingerprint: 16,
  turn: 17,
  currency: 18,
  metadata: 19,
} as const;

/** The sequence of a row: where a page of holds ends. */
export function sequenceOf(row: string): string {
  return row.split('\n', line.sequence + 1)[line.sequence] ?? '';
}

/** A hold as row.lua describes it. */
export function decodeRow(reference: string, row: string): HoldRecord {
  const lines = row.split('\n');
  const state = lines[line.state] as HoldState;
  const dueAtMs = number(lines[line.dueAt]);
  const sentAtMs = number(lines[line.sentAt]);
  const sendsForMs = number(lines[line.sendsFor]);
  const captured = lines[line.captured];
  return {
    reference,
    wallet: lines[line.wallet] ?? '',
    state,
    attempt: lines[line.attempt] ?? '',
    amountMinor: BigInt(lines[line.amount] ?? ''),
    currency: decodeCurrency(lines[line.currency] ?? ''),
    capturedMinor: captured ? BigInt(captured) : undefined,
    createdAtMs: Number(lines[line.createdAt]),
    expiresAtMs: state === 'captured' ? undefined : dueAtMs,
    sentAtMs,
    sender: lines[line.sender] || undefined,
    sendsUntilMs: sentAtMs === undefined || sendsForMs === undefined ? undefined : sentAtMs + sendsForMs,
    endedAtMs: number(lines[line.endedAt]),
    visibleAtMs: state === 'captured' ? dueAtMs : undefined,
    turn: number(lines[line.turn]),
    failed: isSet(lines[line.failed]),
    awaitsOutcome: isSet(lines[line.awaits]),
    fingerprint: lines[line.fingerprint] || undefined,
    metadata: JSON.parse(lines[line.metadata] ?? '') as Record<string, string>,
  };
}

function decodeCurrency(text: string): Currency {
  const end = text.indexOf(' ');
  return { code: text.slice(0, end), exponent: Number(text.slice(end + 1)) };
}

/** The text up to the first line break, and after it. */
function firstLine(text: string): [string, string] {
  const end = text.indexOf('\n');
  return end < 0 ? [text, ''] : [text.slice(0, end), text.slice(end + 1)];
}

function number(text: string | undefined): number | undefined {
  return text ? Number(text) : undefined;
}

function optional(value: bigint | number | undefined): string {
  return value === undefined ? '' : `${value}`;
}

function flag(is: boolean | undefined): string {
  return is === true ? '1' : '';
}

function isSet(flag: string | undefined): true | undefined {
  return flag === '1' ? true : undefined;
}

function json(metadata: HoldRequest['metadata']): string {
  for (const _ in metadata) return JSON.stringify(metadata);
  return '{}';
}
