// A hold as the table has it: the whole record as JSON, and beside it what the store searches by.
import type { HoldRecord } from '../../core/hold.js';

export interface HoldRow extends Bookkeeping {
  readonly wallet: string;
  readonly record: string;
}

/** The fields that the store adds to a hold. */
export interface Bookkeeping {
  readonly seq: number;
  readonly due_at_ms: number | null;
  readonly forget_at_ms: number | null;
  readonly lease_owner: string | null;
  readonly lease_until_ms: number | null;
}

const columns = [
  ...['seq', 'due_at_ms', 'forget_at_ms', 'lease_owner', 'lease_until_ms'],
  ...['reference', 'wallet', 'state', 'created_at_ms', 'sent_at_ms', 'awaits_outcome', 'record'],
];
/** A hold takes the place of the one that had its reference. */
export const putHold: string = `INSERT INTO holds (${columns}) VALUES (${columns.map(() => '?')})
  ON CONFLICT (reference) DO UPDATE SET ${columns.map((column) => `${column} = excluded.${column}`)}`;

export function valuesOf(hold: HoldRecord, row: Bookkeeping): unknown[] {
  const { reference, wallet, state, createdAtMs, sentAtMs = null, awaitsOutcome, amountMinor, capturedMinor } = hold;
  // Amounts are texts: JSON numbers are not exact in JavaScript.
  const record = { ...hold, amountMinor: `${amountMinor}`, capturedMinor: capturedMinor?.toString() };
  const searched = [reference, wallet, state, createdAtMs, sentAtMs, awaitsOutcome ? 1 : null];
  const added = [row.seq, row.due_at_ms, row.forget_at_ms, row.lease_owner, row.lease_until_ms];
  return [...added, ...searched, JSON.stringify(record)];
}

export function readHold({ record }: Pick<HoldRow, 'record'>): HoldRecord {
  const { amountMinor, capturedMinor, ...hold } = JSON.parse(record);
  const captured = capturedMinor === undefined ? {} : { capturedMinor: BigInt(capturedMinor) };
  return { ...hold, amountMinor: BigInt(amountMinor), ...captured };
}
