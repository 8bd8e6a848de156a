// The sums of each day for daily limits, within one transaction.
import { type CountChange, firstKeptDay } from '../../core/day-limits.js';
import type { Transaction } from './file.js';

/** Counters of past days that are deleted for each one that is new: more than one, so that none pile up. */
const forgottenForEach = 4;

const read = 'SELECT used FROM day_counters WHERE day = ? AND wallet = ? AND payee = ?';
const insert = 'INSERT INTO day_counters (used, day, wallet, payee) VALUES (?, ?, ?, ?)';
const update = 'UPDATE day_counters SET used = ? WHERE day = ? AND wallet = ? AND payee = ?';
const forget = `DELETE FROM day_counters WHERE (day, wallet, payee) IN (
  SELECT day, wallet, payee FROM day_counters WHERE day < ? ORDER BY day LIMIT ${forgottenForEach})`;

export class DayCounters {
  readonly #transaction: Transaction;

  constructor(transaction: Transaction) {
    this.#transaction = transaction;
  }

  /** Counted on a day, in minor units: for the wallet, or for one of its payees. */
  used(wallet: string, day: number, payee: string): bigint {
    return this.#read(wallet, day, payee) ?? 0n;
  }

  change({ wallet, day, payee, minor }: CountChange): void {
    const firstKept = firstKeptDay(this.#transaction.nowMs);
    if (day < firstKept) return;
    this.#add(wallet, day, '', minor, firstKept);
    if (payee !== undefined) this.#add(wallet, day, payee, minor, firstKept);
  }

  #add(wallet: string, day: number, payee: string, minor: bigint, firstKept: number): void {
    const { connection } = this.#transaction;
    const used = this.#read(wallet, day, payee);
    connection.run(used === undefined ? insert : update, `${(used ?? 0n) + minor}`, day, wallet, payee);
    if (used === undefined) connection.run(forget, firstKept);
  }

  #read(wallet: string, day: number, payee: string): bigint | undefined {
    const row = this.#transaction.connection.get(read, day, wallet, payee) as { readonly used: string } | undefined;
    return row && BigInt(row.used);
  }
}
