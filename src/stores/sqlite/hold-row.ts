// A hold as the table has it: the whole record as JSON, and beside it what the store searches by.
import type { HoldRecord } from '../../core/hold.js';

export interface HoldRow extends Bookkeeping {
  readonly seq: number;
  readonly wallet: string;
  readonly record: string;
}

/** What the store adds to a hold. */
export interface Bookkeeping {
  readonly due_at_ms: number | null;
  readonly forget_at_ms: number | null;
  readonly lease_owner: string | null;
  readonly lease_until_ms: number | null;
}

const moving = 'state, sent_at_ms, awaits_outcome, due_at_ms, forget_at_ms, lease_owner, lease_until_ms, record';
export const insertHold: string = `INSERT INTO holds (${moving}, seq, reference, wallet, created_at_ms)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
export const updateHold: string = `UPDATE holds SET (${moving}) = (?, ?, ?, ?, ?, ?, ?, ?) WHERE seq = ?`;

/** The first parameters of both. */
export function movingValues(hold: HoldRecord, more: Bookkeeping): unknown[] {
  const { due_at_ms, forget_at_ms, lease_owner, lease_until_ms } = more;
  const { state, sentAtMs = null, awaitsOutcome, amountMinor, capturedMinor } = hold;
  // Amounts are texts: JSON numbers are not exact in JavaScript.
  const record = { ...hold, amountMinor: `${amountMinor}`, capturedMinor: capturedMinor?.toString() };
  const times = [due_at_ms, forget_at_ms, lease_owner, lease_until_ms];
  return [state, sentAtMs, awaitsOutcome ? 1 : null, ...times, JSON.stringify(record)];
}

export function readHold({ record }: Pick<HoldRow, 'record'>): HoldRecord {
  const { amountMinor, capturedMinor, ...hold } = JSON.parse(record);
  const captured = capturedMinor === undefined ? {} : { capturedMinor: BigInt(capturedMinor) };
  return { ...hold, amountMinor: BigInt(amountMinor), ...captured };
}
