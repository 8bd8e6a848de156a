// Operations as batch.lua reads them: see its header.
import type { HoldRequest, SettleRequest } from '../../core/store.js';
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
