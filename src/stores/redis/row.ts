// Holds as the scripts read and write them: see the header of row.lua.
import type { Currency } from '../../core/currency.js';
import type { HoldRecord, HoldState } from '../../core/hold.js';
import type { HoldRequest } from '../../core/store.js';
import { flag, isSet, number, optional } from './fields.js';

/** A hold as row.lua describes it, without sequence and lease. */
export function encodeRow(hold: HoldRecord): string {
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
    encodeEnd(hold, hold),
  ].join('\n');
}

const noSequenceNorLease = ['', '', ''] as const;

/**
 * The lines from the attempt on: attempt, sender, limits, fingerprint, turn, currency, metadata.
 *
 * @param counted - The day that the hold counts on, and its payee, if its wallet has daily limits.
 */
export function encodeEnd(end: WrittenEnd, counted: Pick<HoldRecord, 'day' | 'payee'> | undefined): string {
  const { attempt, sender = '', fingerprint = '', turn, currency, metadata } = end;
  const { code, exponent } = currency;
  const limits = counted?.day === undefined ? '' : `${counted.day} ${counted.payee ?? ''}`;
  return `${attempt}\n${sender}\n${limits}\n${fingerprint}\n${optional(turn)}\n${code} ${exponent}\n${json(metadata)}`;
}

type WrittenEnd = Pick<HoldRecord, 'attempt' | 'sender' | 'fingerprint' | 'turn' | 'currency' | 'metadata'>;

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
  limits: 16,
  fingerprint: 17,
  turn: 18,
  currency: 19,
  metadata: 20,
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
  const [, day, payee] = /^(\d+) (.*)$/.exec(lines[line.limits] ?? '') ?? [];
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
    day: number(day),
    payee: payee || undefined,
    metadata: JSON.parse(lines[line.metadata] ?? '') as Record<string, string>,
  };
}

function decodeCurrency(text: string): Currency {
  const end = text.indexOf(' ');
  return { code: text.slice(0, end), exponent: Number(text.slice(end + 1)) };
}

function json(metadata: HoldRequest['metadata']): string {
  for (const _ in metadata) return JSON.stringify(metadata);
  return '{}';
}
