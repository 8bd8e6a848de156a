// The rows of the memory store and the counters of its wallets: what is held, what is due, what has ended.
import { randomUUID } from 'node:crypto';
import { type Clock, elapsedMs } from '../clock.js';
import { countChanges, type ReadUse } from '../day-limits.js';
import { type HoldRecord, isOpen, mayBeHeldAgain } from '../hold.js';
import { expired } from '../hold-moves.js';
import type { Freeze, SettleRequest, WalletTotals } from '../store.js';
import { warn } from '../warn.js';
import { DayCounters } from './day-counters.js';
import { DueQueue } from './due-queue.js';
import { FinishedRows } from './finished-rows.js';
import type { Row } from './row.js';
import { UndecidedRows } from './undecided-rows.js';

/** A payment team may repeat a payout within this time. */
const rememberMs = 30 * 86_400_000;

interface Counters {
  active: bigint;
  captured: bigint;
  frozen: Freeze | undefined;
  /** An operator accepted what its limits count. */
  hasAcceptedLimits: boolean;
}

export class Books {
  readonly #epoch = randomUUID();
  readonly #clock: Clock;
  /** The beginning of the store's memory. */
  readonly #bornAtMs: number;
  /** The time of day at which the monotonic clock was at zero, as it was when the store began. */
  readonly #zeroMs: number;
  readonly #wallets = new Map<string, Counters>();
  /** Every row by reference, oldest first. */
  readonly #rows = new Map<string, Row>();
  /** Rows whose outcome is unknown: those that claims take. */
  readonly undecided: UndecidedRows = new UndecidedRows();
  /** Rows that have ended, until their references are forgotten. */
  readonly #finished: FinishedRows;
  /** Rows by the time they are due: a reservation expires, or a capture becomes visible. */
  readonly #due = new DueQueue<Row>();
  readonly #days = new DayCounters();
  /** The amounts that the limits of a day have counted. */
  readonly use: ReadUse = (wallet, { day, payee }) => ({
    walletMinor: this.#days.used(day, wallet),
    payeeMinor: payee === undefined ? 0n : this.#days.used(day, wallet, payee),
    sinceMs: this.#counters(wallet).hasAcceptedLimits ? 0 : this.#bornAtMs,
  });
  #sequence = 0;
  #hasWarned = false;

  constructor(rememberFinished: number, clock: Clock) {
    this.#clock = clock;
    this.#bornAtMs = clock.now();
    this.#zeroMs = this.#bornAtMs - elapsedMs(clock);
    this.#finished = new FinishedRows(rememberFinished, {
      has: (row) => this.#rows.get(row.hold.reference) === row,
      forget: (row) => this.#forget(row),
    });
  }

  row(reference: string): Row | undefined {
    return this.#rows.get(reference);
  }

  /** Oldest first. */
  rows(): Iterable<Row> {
    return this.#rows.values();
  }

  totals(wallet: string): WalletTotals {
    const { active, captured, frozen } = this.#counters(wallet);
    return frozen ? { epoch: this.#epoch, active, captured, frozen } : { epoch: this.#epoch, active, captured };
  }

  /** Freezes the wallet for this reason, or lets its payouts continue. */
  freeze(wallet: string, reason: string | undefined): void {
    const counters = this.#counters(wallet);
    const sinceMs = counters.frozen?.sinceMs ?? this.now();
    counters.frozen = reason === undefined ? undefined : { reason, sinceMs };
  }

  acceptLimits(wallet: string): void {
    this.#counters(wallet).hasAcceptedLimits = true;
  }

  insert(hold: HoldRecord): void {
    const { reference, amountMinor, expiresAtMs } = hold;
    const sequence = ++this.#sequence;
    const row: Row = { sequence, hold, activeMinor: amountMinor, sentSequence: sequence };
    this.#count(this.#rows.get(reference)?.hold, hold, hold.createdAtMs);
    // Deleted first: a reference that is held again is as young as any other.
    this.#rows.delete(reference);
    this.#rows.set(reference, row);
    this.#counters(hold.wallet).active += amountMinor;
    if (expiresAtMs === undefined) this.undecided.add(row);
    else this.#schedule(row, expiresAtMs);
  }

  /** Other holds were given money of this one. */
  lessen(row: Row, hold: HoldRecord): void {
    if (hold === row.hold) return;
    if (hold.state === 'released') {
      this.#release(row, hold);
      return;
    }
    this.#counters(hold.wallet).active += hold.amountMinor - row.activeMinor;
    row.activeMinor = hold.amountMinor;
    this.#replace(row, hold);
  }

  /** The time of the store, in whole milliseconds. A step of the clock shortens no lag and no reservation. */
  now(): number {
    return Math.round(this.#zeroMs + elapsedMs(this.#clock));
  }

  /** True if something may be due. */
  get mayBeDue(): boolean {
    return this.#due.size > 0;
  }

  /** Does everything that is due by now, and returns the time. */
  catchUp(): number {
    const nowMs = this.now();
    for (let row = this.#due.takeDue(nowMs); row; row = this.#due.takeDue(nowMs)) {
      if (row.hold.state === 'reserved') this.#release(row, expired(row.hold, nowMs));
      else this.#makeVisible(row);
    }
    return nowMs;
  }

  #schedule(row: Row, atMs: number): void {
    this.#unschedule(row);
    row.due = this.#due.add(atMs, row);
  }

  #unschedule(row: Row): void {
    if (row.due) this.#due.remove(row.due);
    row.due = undefined;
  }

  move(row: Row, { to }: SettleRequest, hold: HoldRecord): void {
    switch (to) {
      case 'reserved':
        row.hold = hold;
        if (hold.expiresAtMs !== undefined) this.#schedule(row, hold.expiresAtMs);
        return;
      case 'sent':
        row.hold = hold;
        this.#unschedule(row);
        this.#await(row);
        return;
      case 'returned':
        row.hold = hold;
        return;
      case 'captured':
        this.#capture(row, hold);
        return;
      default: // `released` or `failed`.
        this.#release(row, hold);
    }
  }

  /** Records what a repeated request adds to the record of a finished hold. */
  note(row: Row, hold: HoldRecord): void {
    if (hold === row.hold) return;
    row.hold = hold;
    this.undecided.delete(row);
  }

  /** The outcome is to be learned: claims take the hold from now on. */
  #await(row: Row): void {
    row.sentSequence = ++this.#sequence;
    this.undecided.add(row);
  }

  #release(row: Row, hold: HoldRecord): void {
    this.#counters(hold.wallet).active -= row.activeMinor;
    row.activeMinor = 0n;
    this.#replace(row, hold);
    this.#finish(row);
  }

  /** The real debit takes the place of the held amount, and counts as held until the balance shows it. */
  #capture(row: Row, hold: HoldRecord): void {
    const { capturedMinor = hold.amountMinor, visibleAtMs } = hold;
    const wasOpen = isOpen(row.hold.state);
    this.#counters(hold.wallet).active += capturedMinor - row.activeMinor;
    row.activeMinor = capturedMinor;
    this.#replace(row, hold);
    if (visibleAtMs !== undefined) this.#schedule(row, visibleAtMs);
    else this.#makeVisible(row);
    // One that was released is in a queue already.
    if (wasOpen) this.#finish(row);
    if (hold.awaitsOutcome && !this.undecided.has(hold.reference)) this.#await(row);
  }

  /** The hold in its next state, with what it counts then. */
  #replace(row: Row, hold: HoldRecord): void {
    this.#count(row.hold, hold, hold.endedAtMs ?? this.now());
    row.hold = hold;
  }

  #count(before: HoldRecord | undefined, after: HoldRecord, nowMs: number): void {
    for (const change of countChanges(before, after)) this.#days.change(change, nowMs);
  }

  /** The balance shows the capture from now on, so it moves from `active` to `captured`. */
  #makeVisible(row: Row): void {
    const counters = this.#counters(row.hold.wallet);
    counters.active -= row.activeMinor;
    counters.captured += row.activeMinor;
    row.activeMinor = 0n;
    this.#unschedule(row);
  }

  #finish(row: Row): void {
    if (!row.hold.awaitsOutcome) this.undecided.delete(row);
    if (row.hold.state === 'released') this.#unschedule(row);
    this.#finished.add(row);
  }

  // A capture that is not visible yet may be forgotten as a reference: the due queue still has its row.
  #forget(row: Row): void {
    const { reference, endedAtMs = 0 } = row.hold;
    this.#rows.delete(reference);
    this.undecided.delete(row);
    if (this.#hasWarned || mayBeHeldAgain(row.hold) || this.now() - endedAtMs >= rememberMs) return;
    this.#hasWarned = true;
    warn(
      'PAYOUT_GUARD_FORGETS',
      'The memory store forgets references of finished payouts before 30 days are over: more than ' +
        `${this.#finished.limit.toLocaleString('en')} ended in that time. A repeated payout with such a reference is ` +
        'not recognised. Raise rememberFinished or use a durable store.',
    );
  }

  #counters(wallet: string): Counters {
    let counters = this.#wallets.get(wallet);
    if (!counters) {
      counters = { active: 0n, captured: 0n, frozen: undefined, hasAcceptedLimits: false };
      this.#wallets.set(wallet, counters);
    }
    return counters;
  }
}
