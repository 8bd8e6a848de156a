// A batch as run_batch() reads it.
import type { HoldRecord } from '../../core/hold.js';
import type { HoldBatch } from '../../core/hold-batch.js';
import type { DayLimits, HoldRequest, SettleRequest } from '../../core/store.js';
import type { Op, Operations } from '../shared/engine.js';
import { arrayText } from './question.js';

export interface WrittenBatch {
  /** The first arguments of run_batch(), in their order. */
  readonly values: readonly (string | null)[];
  /** Index in the batch of each operation that was written, in the order they run; those of `fresh` come last. */
  readonly order: readonly number[];
  /** Number of them that are holds of references that occur nowhere else in the batch. */
  readonly fresh: number;
}

export type HoldOp = { readonly kind: 'hold' } & Operations['hold']['op'];

export function writeBatch(batch: readonly Op[]): WrittenBatch {
  const [first] = batch;
  // It comes alone.
  if (first?.kind === 'holdAll') return writeHoldAll(first.holds);
  return writeSingle(batch as readonly SingleOp[]);
}

export type SingleOp = Exclude<Op, { kind: 'holdAll' }>;

/** The holds of a batch are all new in the sense of run_batch(): none of their references occurs twice. */
function writeHoldAll({ holds, policy, from }: HoldBatch): WrittenBatch {
  const [first] = holds;
  const sets = [[first?.wallet ?? ''], [], [], []].map((names) => arrayText(names));
  const about = [policy, from?.reference ?? null, from?.attempt ?? null];
  const values = ['[]', ...sets, first?.epoch ?? null, ...columns(holds), ...about];
  return { values, order: holds.map((_, index) => index), fresh: holds.length };
}

const noHoldAll = [null, null, null] as const;

function writeSingle(batch: readonly SingleOp[]): WrittenBatch {
  const changes = new Set<string>();
  const reads = new Set<string>();
  const settles = new Set<string>();
  const gets = new Set<string>();
  // Operations with the same reference are next to each other, otherwise in the order they came.
  const byReference = new Map<string | number, number[]>();
  for (const [index, op] of batch.entries()) {
    const reference = referenceOf(op);
    const together = reference === undefined ? undefined : byReference.get(reference);
    if (together) together.push(index);
    else byReference.set(reference ?? index, [index]);
    if (op.kind === 'totals') reads.add(op.wallet);
    else if (op.kind === 'settle') {
      settles.add(op.request.reference);
      if (op.wallet !== undefined) changes.add(op.wallet);
    } else if (op.kind === 'get') gets.add(op.reference);
    else changes.add(walletOf(op));
  }
  const epoch = batch.find(isHold)?.request.epoch;
  const isFresh = ({ request }: HoldOp) => request.epoch === epoch && request.amountMinor > 0n;
  const fresh: number[] = [];
  const rest: number[] = [];
  for (const group of byReference.values()) {
    const op = batch[group[0] as number] as SingleOp;
    (group.length === 1 && isHold(op) && isFresh(op) ? fresh : rest).push(...group);
  }
  // All rows of one call are inserted in one order, or two calls might wait for each other. So nothing else inserts
  // beside `fresh`.
  const alsoInserts = (index: number) => ['hold', 'restore'].includes((batch[index] as SingleOp).kind);
  if (rest.some(alsoInserts)) rest.push(...fresh.splice(0));
  const ops = JSON.stringify(rest.map((index, n) => ({ n, ...written(batch[index] as SingleOp) })));
  const holds = fresh.map((index) => (batch[index] as HoldOp).request);
  const sets = [changes, reads, settles, gets].map((names) => arrayText([...names]));
  const values = [ops, ...sets, epoch ?? null, ...columns(holds), ...noHoldAll];
  return { values, order: [...rest, ...fresh], fresh: fresh.length };
}

/** PostgreSQL refuses a number that is no integer, and that would fail the whole batch. */
export function wholeMs(ms: number): number {
  return Math.min(Math.max(0, Math.ceil(ms)), Number.MAX_SAFE_INTEGER / 4) || 0;
}

function walletOf(op: Exclude<SingleOp, { kind: 'get' | 'settle' }>): string {
  if (op.kind === 'totals' || op.kind === 'freeze' || op.kind === 'acceptLimits') return op.wallet;
  return op.kind === 'restore' ? op.hold.wallet : op.request.wallet;
}

function isHold(op: SingleOp): op is HoldOp {
  return op.kind === 'hold';
}

export function msText(ms: number): string {
  return `${wholeMs(ms)}`;
}

/** The arguments new_references to new_day_limits. */
function columns(holds: readonly HoldRequest[]): (string | null)[] {
  const hasFingerprints = holds.some(({ fingerprint }) => fingerprint !== undefined);
  return [
    arrayText(holds.map(({ reference }) => reference)),
    arrayText(oneIfSame(holds, ({ wallet }) => wallet)),
    arrayText(holds.map(({ attempt }) => attempt)),
    arrayText(oneIfSame(holds, ({ state }) => state)),
    numbersText(holds.map(({ amountMinor }) => amountMinor)),
    numbersText(oneIfSame(holds, ({ limitMinor }) => limitMinor)),
    numbersText(oneIfSame(holds, lastsMs)),
    arrayText(oneIfSame(holds, ({ currency }) => currency.code)),
    numbersText(oneIfSame(holds, ({ currency }) => currency.exponent)),
    hasFingerprints ? arrayText(holds.map(({ fingerprint }) => fingerprint ?? null)) : null,
    arrayText(holds.map(({ metadata }) => metadataText(metadata))),
    holds.some(({ limits }) => limits) ? arrayText(holds.map(({ limits }) => limitsText(limits))) : null,
  ];
}

function numbersText(numbers: readonly (number | bigint)[]): string {
  return `{${numbers.join(',')}}`;
}

function oneIfSame<T>(holds: readonly HoldRequest[], read: (hold: HoldRequest) => T): readonly T[] {
  const values = holds.map(read);
  return values.every((value) => value === values[0]) ? values.slice(0, 1) : values;
}

/** The lifetime of a reservation, or how long a hold that begins as sent may be sending. */
function lastsMs({ state, expiresInMs, sendsForMs }: HoldRequest): number {
  return wholeMs(state === 'sent' ? sendsForMs : expiresInMs);
}

function referenceOf(op: SingleOp): string | undefined {
  if (op.kind === 'totals' || op.kind === 'freeze' || op.kind === 'acceptLimits') return undefined;
  if (op.kind === 'get') return op.reference;
  return op.kind === 'restore' ? op.hold.reference : op.request.reference;
}

/** An operation under the names that run_batch() reads. */
function written(op: SingleOp): object {
  const { kind } = op;
  switch (op.kind) {
    case 'totals':
      return { kind, wallet: op.wallet };
    case 'freeze':
      return { kind, wallet: op.wallet, reason: op.reason, since_ms: op.sinceMs };
    case 'acceptLimits':
      return { kind, wallet: op.wallet };
    case 'get':
      return { kind, reference: op.reference };
    case 'settle': {
      const { reference, attempt, to: target } = op.request;
      return { kind, reference, attempt, wallet: op.wallet, target, ...settlement(op.request) };
    }
    case 'hold': {
      const { request } = op;
      const { state, epoch, limitMinor } = request;
      const limits = request.limits && dayLimits(request.limits);
      return { kind, ...payout(request), state, epoch, lasts_ms: lastsMs(request), max: `${limitMinor}`, limits };
    }
    case 'restore':
      return { kind, ...payout(op.hold), record: otherColumns(op.hold) };
    default:
      return op satisfies never;
  }
}

/** A changed hold, under the names of the columns of the table. */
function otherColumns(hold: HoldRecord): object {
  return {
    state: hold.state,
    captured_amount: hold.state === 'captured' ? `${hold.capturedMinor ?? hold.amountMinor}` : undefined,
    created_at_ms: hold.createdAtMs,
    expires_at_ms: hold.expiresAtMs,
    sent_at_ms: hold.sentAtMs,
    sender: hold.sender,
    sends_until_ms: hold.sendsUntilMs,
    ended_at_ms: hold.endedAtMs,
    visible_at_ms: hold.visibleAtMs,
    turn: hold.turn ?? 1,
    failed: hold.failed === true,
    awaits_outcome: hold.awaitsOutcome === true,
    day: hold.day,
    payee: hold.payee,
  };
}

type Payout = Pick<
  HoldRequest,
  'reference' | 'attempt' | 'wallet' | 'amountMinor' | 'currency' | 'fingerprint' | 'metadata'
>;

function payout({ reference, attempt, wallet, amountMinor, currency, fingerprint, metadata }: Payout): object {
  return {
    reference,
    attempt,
    wallet,
    amount: `${amountMinor}`,
    currency: currency.code,
    exponent: currency.exponent,
    fingerprint,
    metadata: metadataText(metadata),
  };
}

function settlement(request: SettleRequest): object {
  switch (request.to) {
    case 'reserved':
      return { lasts_ms: wholeMs(request.expiresInMs) };
    case 'sent': {
      const { sendsForMs, sender, check } = request;
      return { lasts_ms: wholeMs(sendsForMs), sender, epoch: check?.epoch, max: check?.limitMinor.toString() };
    }
    case 'captured': {
      const { actualMinor, visibleInMs, awaitsOutcome } = request;
      const actual = actualMinor?.toString();
      return { actual, visible_in_ms: wholeMs(visibleInMs), awaits_outcome: awaitsOutcome };
    }
    case 'released':
      return { not_sent: request.notSent, sender: request.sender };
    case 'returned':
    case 'failed':
      return {};
    default:
      return request satisfies never;
  }
}

/** Limits under the names that run_batch() reads. Amounts are texts: JSON numbers are not exact in JavaScript. */
function dayLimits({ perDayMinor, perPayeeMinor, countSinceStart: sinceStart, ...limits }: DayLimits): object {
  return { ...limits, perDay: perDayMinor?.toString(), perPayee: perPayeeMinor?.toString(), sinceStart };
}

function limitsText(limits: DayLimits | undefined): string | null {
  return limits ? JSON.stringify(dayLimits(limits)) : null;
}

/** Text within the JSON, which PostgreSQL then only stores: it reads no \\u0000 and no halves of characters. */
function metadataText(metadata: Readonly<Record<string, string>>): string {
  return JSON.stringify(metadata);
}
