// A hold as the table has it.
import type { HoldRecord } from '../../core/hold.js';

export interface HoldRow {
  readonly seq: number;
  readonly reference: string;
  readonly wallet: string;
  readonly state: HoldRecord['state'];
  readonly attempt: string;
  readonly amount: string;
  readonly currency: string;
  readonly exponent: number;
  readonly captured_amount: string | null;
  readonly created_at_ms: number;
  readonly expires_at_ms: number | null;
  readonly sent_at_ms: number | null;
  readonly sender: string | null;
  readonly sends_until_ms: number | null;
  readonly ended_at_ms: number | null;
  readonly visible_at_ms: number | null;
  readonly held_before: number | null;
  readonly failed: number | null;
  readonly awaits_outcome: number | null;
  readonly fingerprint: string | null;
  readonly metadata: string;
  readonly due_at_ms: number | null;
  readonly forget_at_ms: number | null;
  readonly lease_owner: string | null;
  readonly lease_until_ms: number | null;
}

export function readHold(row: HoldRow): HoldRecord {
  return {
    reference: row.reference,
    wallet: row.wallet,
    state: row.state,
    attempt: row.attempt,
    amountMinor: BigInt(row.amount),
    currency: { code: row.currency, exponent: row.exponent },
    capturedMinor: row.captured_amount === null ? undefined : BigInt(row.captured_amount),
    createdAtMs: row.created_at_ms,
    expiresAtMs: row.expires_at_ms ?? undefined,
    sentAtMs: row.sent_at_ms ?? undefined,
    sender: row.sender ?? undefined,
    sendsUntilMs: row.sends_until_ms ?? undefined,
    endedAtMs: row.ended_at_ms ?? undefined,
    visibleAtMs: row.visible_at_ms ?? undefined,
    heldBefore: row.held_before === 1 ? true : undefined,
    failed: row.failed === 1 ? true : undefined,
    awaitsOutcome: row.awaits_outcome === 1 ? true : undefined,
    fingerprint: row.fingerprint ?? undefined,
    metadata: JSON.parse(row.metadata) as Readonly<Record<string, string>>,
  };
}

/** What the store adds to a hold. */
export type Bookkeeping = Pick<HoldRow, 'due_at_ms' | 'forget_at_ms' | 'lease_owner' | 'lease_until_ms'>;

const fixed =
  'seq, reference, wallet, attempt, amount, currency, exponent, created_at_ms, held_before, fingerprint, metadata';
const moving =
  'state, captured_amount, expires_at_ms, sent_at_ms, sender, sends_until_ms, ended_at_ms, visible_at_ms, failed, awaits_outcome, due_at_ms, forget_at_ms, lease_owner, lease_until_ms';
const places = (names: string) => names.replace(/\w+/g, '?');

export const insertHold: string = `INSERT INTO holds (${fixed}, ${moving}) VALUES (${places(fixed)}, ${places(moving)})`;
export const updateHold: string = `UPDATE holds SET (${moving}) = (${places(moving)}) WHERE seq = ?`;

/** What never changes while an attempt has the row, behind its `seq`. */
export function fixedValues(hold: HoldRecord): unknown[] {
  const { reference, wallet, attempt, amountMinor, currency, createdAtMs, heldBefore, fingerprint, metadata } = hold;
  const { code, exponent } = currency;
  const texts = [fingerprint ?? null, JSON.stringify(metadata)];
  return [reference, wallet, attempt, `${amountMinor}`, code, exponent, createdAtMs, flag(heldBefore), ...texts];
}

export function movingValues(hold: HoldRecord, more: Bookkeeping): unknown[] {
  return [
    hold.state,
    hold.capturedMinor === undefined ? null : `${hold.capturedMinor}`,
    hold.expiresAtMs ?? null,
    hold.sentAtMs ?? null,
    hold.sender ?? null,
    hold.sendsUntilMs ?? null,
    hold.endedAtMs ?? null,
    hold.visibleAtMs ?? null,
    flag(hold.failed),
    flag(hold.awaitsOutcome),
    more.due_at_ms,
    more.forget_at_ms,
    more.lease_owner,
    more.lease_until_ms,
  ];
}

function flag(isSo: boolean | undefined): 1 | null {
  return isSo ? 1 : null;
}
