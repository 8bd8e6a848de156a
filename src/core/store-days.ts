// The days of the time zones of a guard's wallets, by the clock of the store. The store checks the day of each request,
// so an estimate here has to be right only as a rule.
import type { Clock } from './clock.js';
import { type CalendarDay, dayAt } from './day-bounds.js';

export class StoreDays {
  readonly #clock: Clock;
  /** Lead of the store's clock over the one of this process, in milliseconds, as far as it is known. */
  #leadMs = 0;
  readonly #today = new Map<string, CalendarDay>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Returns today in a time zone. */
  today(timeZone: string): CalendarDay {
    const nowMs = this.#clock.now() + this.#leadMs;
    const known = this.#today.get(timeZone);
    if (known && known.startMs <= nowMs && nowMs < known.endMs) return known;
    const today = dayAt(nowMs, timeZone);
    this.#today.set(timeZone, today);
    return today;
  }

  /** Corrects the estimate by the time in an answer of the store. */
  seen(nowMs: number): void {
    this.#leadMs = nowMs - this.#clock.now();
  }
}
