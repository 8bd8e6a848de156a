// What daily limits are compared with: sums over all holds of a history.

export interface ModelHold {
  readonly reference: string;
  readonly amount: bigint;
  readonly attempt: string;
  readonly day: number;
  readonly payee: string;
  state: 'reserved' | 'sent' | 'captured' | 'released';
  expiresAtMs: number;
  endedAtMs?: number;
  debit: bigint;
  /** It may be held again. */
  isUnsent: boolean;
}

export interface AskedHold extends Pick<ModelHold, 'reference' | 'amount' | 'attempt' | 'payee'> {
  readonly state: 'reserved' | 'sent';
  readonly expiresInMs: number;
}

export const perDayMinor = 100n;
export const perPayeeMinor = 60n;

export class HeldSums {
  readonly #holds: ModelHold[] = [];

  add(asked: AskedHold, day: number, nowMs: number): ModelHold {
    const { reference, amount, attempt, payee, state, expiresInMs } = asked;
    const times = { day, expiresAtMs: nowMs + expiresInMs };
    const hold: ModelHold = { reference, amount, attempt, payee, state, ...times, debit: 0n, isUnsent: false };
    this.#holds.push(hold);
    return hold;
  }

  remove(hold: ModelHold): void {
    this.#holds.splice(this.#holds.indexOf(hold), 1);
  }

  open(): ModelHold[] {
    return this.#holds.filter(({ state }) => state === 'reserved' || state === 'sent');
  }

  /** Holds that were released, and whose references are surely remembered. */
  ended(nowMs: number): ModelHold[] {
    const sinceMs = nowMs - 12 * 3_600_000;
    return this.#holds.filter(({ state, endedAtMs = 0 }) => state === 'released' && endedAtMs > sinceMs);
  }

  /** Releases the reservations whose time is over. */
  expire(nowMs: number): void {
    for (const hold of this.#holds) {
      if (hold.state !== 'reserved' || hold.expiresAtMs > nowMs) continue;
      hold.state = 'released';
      hold.endedAtMs = nowMs;
      hold.isUnsent = true;
    }
  }

  /** The expected outcome of a hold, in words. */
  outcome(amount: bigint, payee: string, day: number): string {
    const ofPayee = this.used(day, payee);
    if (ofPayee + amount > perPayeeMinor) return `over perPayee at ${ofPayee}`;
    const all = this.used(day);
    return all + amount > perDayMinor ? `over perDay at ${all}` : 'held';
  }

  used(day: number, payee?: string): bigint {
    let sum = 0n;
    for (const hold of this.#holds) {
      if (hold.day !== day || (payee !== undefined && hold.payee !== payee)) continue;
      if (hold.state === 'captured') sum += hold.debit;
      else if (hold.state !== 'released') sum += hold.amount;
    }
    return sum;
  }
}
