import type { HoldRecord } from '../hold.js';
import type { Due } from './due-queue.js';

/** A hold, and the bookkeeping of this store. */
export interface Row {
  /** Counts up with each hold: the order of the list. */
  readonly sequence: number;
  hold: HoldRecord;
  /** The next change by time alone: a reservation expires, a capture becomes visible. */
  due?: Due<Row> | undefined;
  /** Its share of `active` now. */
  activeMinor: bigint;
  /** Counts up with each hold that is sent: the order of claims. */
  sentSequence: number;
  nextInQueue?: Row | undefined;
  /** The owner that looks it up; no other one gets it before that time. */
  lease?: { readonly owner: string; readonly untilMs: number } | undefined;
}
