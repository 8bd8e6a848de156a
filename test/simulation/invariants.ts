// What must be true after every step, computed from what really happened and not from what the guards believe.
import type { HoldRecord, HoldState, WalletTotals } from 'payout-guard';
import type { Contents, Rows } from './memory.js';
import { type Attempt, mayBePaid } from './truth.js';
import type { World } from './world.js';

export class Invariants {
  readonly #world: World;
  /** The rows as they were after the step before, by reference. */
  #before: Rows = new Map();
  #totalsBefore: WalletTotals | undefined;
  /** Attempts whose hold has ended. */
  readonly #ended = new Set<string>();

  constructor(world: World) {
    this.#world = world;
  }

  check({ rows, totals }: Contents): void {
    const { journal, memory } = this.#world;
    this.#neverOverspent(rows);
    if (!memory.isRecovering) this.#everyPayoutIsCovered(rows);
    this.#countersAreSums(rows, totals);
    for (const row of rows.values()) {
      const before = this.#before.get(row.reference);
      if (before?.state === 'reserved' && row.state === 'released' && isOver(before, row)) {
        journal.note('expired', row.reference);
      }
      if (before?.state === 'released' && isOpen(row.state)) journal.note('held again', row.reference);
    }
    this.#before = rows;
    this.#totalsBefore = totals;
  }

  /**
   * balance - promised >= floor, at every moment.
   *
   * `balance` is the true one, not what the provider shows. A payout is promised from the moment the store grants its hold
   * until the provider takes the money or the payout can no longer be made: a hold that was granted and whose answer is
   * still on its way counts, because its payout will be sent without anybody asking again. Where the provider debits at
   * acceptance, a payout stops being promised there: the balance is lower by it from then on. If it fails afterwards the
   * refund makes the balance higher, which can only help. Where it debits at completion, it is promised until then.
   *
   * A hold that had ended and is put back, because its process has not heard of that, promises nothing to anybody.
   *
   * It follows that no payout that was approved is ever short of money, and that the balance never falls below the floor.
   */
  #neverOverspent(rows: Rows): void {
    const { provider, settings, truth, report } = this.#world;
    let promisedMinor = 0n;
    const accountedFor = new Set<string>();
    for (const attempt of truth.attempts) {
      if (mayBePaid(attempt)) promisedMinor += attempt.requiredMinor;
      if (mayBePaid(attempt) || attempt.debitedMinor > 0n) accountedFor.add(attempt.reference);
    }
    for (const { reference, state, amountMinor, attempt } of rows.values()) {
      if (!isOpen(state)) this.#ended.add(attempt);
      else if (!accountedFor.has(reference) && !this.#ended.has(attempt)) promisedMinor += amountMinor;
    }
    if (provider.balanceMinor - promisedMinor >= settings.floorMinor) return;
    report(
      'overspent',
      `${promisedMinor} promised of a balance of ${provider.balanceMinor} with a floor of ${settings.floorMinor}`,
    );
  }

  /**
   * A payout that may still be made has an open hold of at least its amount; one that was made has an open hold or a
   * capture of at least what was debited. Whoever breaks this overspends sooner or later.
   */
  #everyPayoutIsCovered(rows: Rows): void {
    for (const attempt of this.#world.truth.remembered) {
      const row = rows.get(attempt.reference);
      if (isCovered(attempt, row)) continue;
      const hold = row ? `${row.state} with ${row.capturedMinor ?? row.amountMinor}` : 'unknown';
      this.#world.report(
        'uncovered',
        `${attempt.reference} of ${attempt.requiredMinor} is ${attempt.stage}, ${attempt.debitedMinor} debited, its hold is ${hold}`,
      );
    }
  }

  /** active and captured are what the rows add up to, and captured never falls. */
  #countersAreSums(rows: Rows, totals: WalletTotals): void {
    const { scheduler, settings, report } = this.#world;
    let [active, captured] = [0n, 0n];
    for (const { state, amountMinor, capturedMinor = 0n, endedAtMs = 0 } of rows.values()) {
      if (isOpen(state)) active += amountMinor;
      else if (endedAtMs + settings.lagMs > scheduler.now()) active += capturedMinor;
      else captured += capturedMinor;
    }
    if (active !== totals.active || captured !== totals.captured) {
      const counted = `${totals.active} active and ${totals.captured} captured`;
      report('counters', `${counted}, where the rows add up to ${active} and ${captured}`);
    }
    const before = this.#totalsBefore;
    if (before?.epoch === totals.epoch && totals.captured < before.captured) {
      report('counters', `captured fell from ${before.captured} to ${totals.captured}`);
    }
  }
}

function isOpen(state: HoldState): boolean {
  return state === 'reserved' || state === 'sent';
}

function isOver({ expiresAtMs = Number.POSITIVE_INFINITY }: HoldRecord, { endedAtMs = 0 }: HoldRecord): boolean {
  return endedAtMs >= expiresAtMs;
}

function isCovered(attempt: Attempt, row: HoldRecord | undefined): boolean {
  if (mayBePaid(attempt)) return row !== undefined && isOpen(row.state) && row.amountMinor >= attempt.requiredMinor;
  if (attempt.debitedMinor === 0n) return true;
  if (!row || row.state === 'released') return false;
  return (row.capturedMinor ?? row.amountMinor) >= attempt.debitedMinor;
}
