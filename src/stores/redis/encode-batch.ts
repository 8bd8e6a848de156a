// Operations as batch.lua reads them: see its header.
import type { DayLimits, HoldRequest, SettleRequest } from '../../core/store.js';
import type { Op } from '../shared/engine.js';
import { flag, optional } from './fields.js';
import { encodeEnd, encodeRow } from './row.js';

/** A batch as batch.lua reads it. */
export interface WrittenBatch {
  /** Keys of the holds, in the order of the operations that have one. */
  readonly keys: readonly string[];
  readonly operations: readonly string[];
}

/** Encodes a batch for batch.lua. Never throws: it would take the rest of the batch with it. */
export function encodeBatch(batch: readonly Op[], holdBase: string): WrittenBatch {
  const keys: string[] = [];
  const operations: string[] = [];
  let basis: HoldRequest | undefined;
  const push = (op: SingleOp) => {
    if (op.kind === 'hold' && (!basis || !isSameBasis(basis, op.request))) {
      operations.push(encodeBasis(op.request));
      if (op.request.limits) operations.push(encodeLimits(op.request.limits));
      basis = op.request;
    }
    operations.push(encode(op));
    if (!isOfWallet(op)) keys.push(holdBase + referenceOf(op));
  };
  for (const op of batch) {
    if (op.kind !== 'holdAll') push(op);
    else {
      const { policy, from, holds } = op.holds;
      operations.push(from ? `m\n${policy}\n${from.attempt}` : `b\n${policy}\n`);
      if (from) keys.push(holdBase + from.reference);
      for (const request of holds) push({ kind: 'hold', request });
    }
  }
  return { keys, operations };
}

type SingleOp = Exclude<Op, { kind: 'holdAll' }>;

function encodeBasis({ wallet, epoch, limitMinor, sendsForMs }: HoldRequest): string {
  return `w\n${wallet}\n${epoch}\n${limitMinor}\n${sendsForMs}`;
}

function encodeLimits({ day, startMs, endMs, perDayMinor, perPayeeMinor, countSinceStart }: DayLimits): string {
  const most = `${optional(perDayMinor)}\n${optional(perPayeeMinor)}`;
  return `l\n${day}\n${startMs}\n${endMs}\n${most}\n${flag(countSinceStart)}`;
}

/** Holds that are decided on the same snapshot share what they have in common. */
function isSameBasis(a: HoldRequest, b: HoldRequest): boolean {
  return (
    a.limitMinor === b.limitMinor &&
    a.wallet === b.wallet &&
    a.epoch === b.epoch &&
    a.sendsForMs === b.sendsForMs &&
    (a.limits === b.limits || (a.limits !== undefined && b.limits !== undefined && areSame(a.limits, b.limits)))
  );
}

/** All but the payee, which is in each hold. */
function areSame(a: DayLimits, b: DayLimits): boolean {
  return encodeLimits(a) === encodeLimits(b);
}

type OfWallet = Extract<SingleOp, { kind: 'totals' | 'freeze' | 'acceptLimits' }>;

/** Returns true for an operation that is about a wallet, and not about one hold. */
function isOfWallet(op: SingleOp): op is OfWallet {
  return op.kind === 'totals' || op.kind === 'freeze' || op.kind === 'acceptLimits';
}

function referenceOf(op: Exclude<SingleOp, OfWallet>): string {
  if (op.kind === 'get') return op.reference;
  return op.kind === 'restore' ? op.hold.reference : op.request.reference;
}

function encode(op: SingleOp): string {
  switch (op.kind) {
    case 'hold': {
      const { request } = op;
      const expiresInMs = request.state === 'sent' ? '' : request.expiresInMs;
      return `h\n${request.amountMinor}\n${expiresInMs}\n${encodeEnd(request, request.limits)}`;
    }
    case 'totals':
      return `t\n${op.wallet}`;
    case 'freeze':
      return `f\n${op.wallet}\n${optional(op.sinceMs)}\n${op.reason ?? ''}`;
    case 'acceptLimits':
      return `a\n${op.wallet}`;
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
