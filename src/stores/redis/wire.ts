// Operations, holds and answers as the scripts write them: see the headers of batch.lua and row.lua.
import type { HoldRecord, HoldState } from '../../core/hold.js';
import type { HoldOutcome, SettleOutcome, WalletTotals } from '../../core/store.js';
import type { Answer, BatchReply, Op } from '../shared/engine.js';

/** One operation, as a text. Never throws: it would take the rest of the batch with it. */
export function encode(op: Op): string {
  return fieldsOf(op).join('\n');
}

function fieldsOf(op: Op): string[] {
  switch (op.kind) {
    case 'totals':
      return ['t', oneLine(op.wallet)];
    case 'hold': {
      const { wallet, reference, amountMinor, state, expiresInMs, epoch, limitMinor, metadata } = op.request;
      const request = [reference, oneLine(wallet), `${amountMinor}`, state, `${expiresInMs}`, epoch, `${limitMinor}`];
      return ['h', ...request, op.attempt, JSON.stringify(metadata)];
    }
    case 'settle': {
      const { request } = op;
      const { reference, attempt = '' } = request;
      if (request.to !== 'captured') return ['s', reference, request.to, '', '', attempt];
      const { to, actualMinor, visibleInMs } = request;
      return ['s', reference, to, optional(actualMinor), `${visibleInMs}`, attempt];
    }
    case 'get':
      return ['g', op.reference];
    case 'abandon': {
      const { reference, wallet, amountMinor, metadata } = op.request;
      return ['a', reference, oneLine(wallet), `${amountMinor}`, op.attempt, JSON.stringify(metadata)];
    }
    case 'restore': {
      const { reference, wallet, amountMinor, state, createdAtMs, expiresAtMs, sentAtMs, heldBefore, metadata } =
        op.hold;
      const times = [`${createdAtMs}`, optional(expiresAtMs), optional(sentAtMs)];
      return [
        'r',
        reference,
        oneLine(wallet),
        `${amountMinor}`,
        state,
        ...times,
        op.attempt,
        flag(heldBefore),
        JSON.stringify(metadata),
      ];
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
  const [epoch, version, nowMs, recoveringForMs, ...texts] = reply.map(String) as [string, string, string, string];
  const facts = { epoch, nowMs: Number(nowMs), recoveringForMs: Number(recoveringForMs) };
  const answers = batch.map((op, index) => decode(op, (texts as string[])[index] ?? '', facts));
  return { epoch, version: Number(version), answers };
}

function decode(op: Op, text: string, facts: BatchFacts): Answer {
  switch (op.kind) {
    case 'totals':
      return decodeTotals(text.split('\n'), facts);
    case 'hold':
      return decodeHold(op, text, facts);
    case 'settle':
      return decodeSettle(op.request.reference, text);
    case 'get':
      return text === '' ? undefined : decodeRow(op.reference, text.split('\n'));
    case 'abandon':
    case 'restore':
      return null;
  }
}

function decodeHold(op: Op & { kind: 'hold' }, text: string, facts: BatchFacts): HoldOutcome {
  const { reference, wallet, state, amountMinor, expiresInMs, metadata } = op.request;
  const [outcome, ...lines] = text.split('\n');
  switch (outcome) {
    case 'held': {
      const { nowMs } = facts;
      const isSent = state === 'sent';
      const expiresAtMs = isSent ? undefined : nowMs + expiresInMs;
      const sentAtMs = isSent ? nowMs : undefined;
      const heldBefore = lines[2] === '1' ? true : undefined;
      const times = { createdAtMs: nowMs, expiresAtMs, sentAtMs };
      const hold = { reference, wallet, state, attempt: op.attempt, amountMinor, ...times, heldBefore, metadata };
      return { outcome, hold, totals: decodeTotals(lines, facts) };
    }
    case 'mine': {
      const totals = decodeTotals(lines, facts);
      const before = { ...totals, active: totals.active - amountMinor };
      return { outcome: 'held', hold: decodeRow(reference, lines.slice(2)), totals: before };
    }
    case 'insufficient':
    case 'void':
      return { outcome, totals: decodeTotals(lines, facts) };
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

/** The sequence of a row: where a page of holds ends. */
export function sequenceOf(row: string): string {
  return row.split('\n', 8)[7] ?? '';
}

/** A hold as row.lua says. */
export function decodeRow(reference: string, lines: readonly string[]): HoldRecord {
  const [state, amount = '', captured = '', createdAt = '', expiresAt = '', sentAt = '', endedAt = ''] = lines;
  const [attempt = '', , , wallet = '', heldBefore = '', , metadata = ''] = lines.slice(8);
  return {
    reference,
    wallet: decodeURIComponent(wallet),
    state: state as HoldState,
    attempt,
    amountMinor: BigInt(amount),
    capturedMinor: captured === '' ? undefined : BigInt(captured),
    createdAtMs: Number(createdAt),
    expiresAtMs: time(expiresAt),
    sentAtMs: time(sentAt),
    endedAtMs: time(endedAt),
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

/** A text without line breaks, which separate the fields of a row; decodeURIComponent undoes it. */
export function oneLine(text: string): string {
  return text.replace(/[%\r\n]/g, encodeURIComponent);
}

function flag(value: boolean | undefined): string {
  return value === true ? '1' : '';
}
