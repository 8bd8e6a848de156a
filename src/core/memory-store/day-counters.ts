// The sums of each day for daily limits.
import { type CountChange, firstKeptDay } from '../day-limits.js';

export class DayCounters {
  /** By day, then by wallet and payee. Forgetting a day drops one map, whatever is in it. */
  readonly #days = new Map<number, Map<string, bigint>>();

  /** Counted on a day, in minor units: for the wallet, or for one of its payees. */
  used(day: number, wallet: string, payee?: string): bigint {
    return this.#days.get(day)?.get(keyOf(wallet, payee)) ?? 0n;
  }

  change({ day, wallet, payee, minor }: CountChange, nowMs: number): void {
    const firstKept = firstKeptDay(nowMs);
    if (day < firstKept) return;
    const counters = this.#days.get(day) ?? this.#begin(day, firstKept);
    for (const key of payee === undefined ? [keyOf(wallet)] : [keyOf(wallet), keyOf(wallet, payee)]) {
      counters.set(key, (counters.get(key) ?? 0n) + minor);
    }
  }

  #begin(day: number, firstKept: number): Map<string, bigint> {
    for (const known of this.#days.keys()) if (known < firstKept) this.#days.delete(known);
    const counters = new Map<string, bigint>();
    this.#days.set(day, counters);
    return counters;
  }
}

/** No name of a wallet has a line break. */
function keyOf(wallet: string, payee = ''): string {
  return `${wallet}\n${payee}`;
}
