// Holds in plain maps, one step at a time: the reference for all other stores. `hold-decisions.ts` decides about a hold
// by the rules of `store.ts`, and this file keeps the books: a row for each hold (`row.ts`), and the counters of its
// wallet.
import { randomUUID } from 'node:crypto';
import { type Clock, elapsedMs } from '../clock.js';
import { countChanges, type ReadUse } from '../day-limits.js';
import { InvalidArgumentError } from '../errors.js';
import { type HoldRecord, isOpen, mayBeHeldAgain } from '../hold.js';
import { assertBatch, batchOf, batchOutcome, decideBatch } from '../hold-batch.js';
import { decideHold, decideSettle } from '../hold-decisions.js';
import { expired } from '../hold-moves.js';
import type {
  ClaimPage,
  ClaimRequest,
  Freeze,
  HoldAllOutcome,
  HoldAllRequest,
  HoldFilter,
  HoldOutcome,
  HoldPage,
  HoldReading,
  HoldRequest,
  HoldStore,
  SettleOutcome,
  SettleRequest,
  WalletTotals,
} from '../store.js';
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

export class MemoryStore implements HoldStore {
  readonly name = 'memory';
  readonly limits = 'process';
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
  readonly #undecided = new UndecidedRows();
  /** Rows that have ended, until their references are forgotten. */
  readonly #finished: FinishedRows;
  /** Rows by the time they are due: a reservation expires, or a capture becomes visible. */
  readonly #due = new DueQueue<Row>();
  readonly #days = new DayCounters();
  readonly #use: ReadUse = (wallet, { day, payee }) => ({
    walletMinor: this.#days.used(day, wallet),
    payeeMinor: payee === undefined ? 0n : this.#days.used(day, wallet, payee),
    sinceMs: this.#counters(wallet).hasAcceptedLimits ? 0 : this.#bornAtMs,
  });
  readonly #notes = new Map<string, string>();
  #sequence = 0;
  #hasWarned = false;
  #isClosed = false;

  constructor(rememberFinished: number, clock: Clock) {
    this.#clock = clock;
    this.#bornAtMs = clock.now();
    this.#zeroMs = this.#bornAtMs - elapsedMs(clock);
    this.#finished = new FinishedRows(rememberFinished, {
      has: (row) => this.#rows.get(row.hold.reference) === row,
      forget: (row) => this.#forget(row),
    });
  }

  totals(wallet: string): WalletTotals {
    // Every check asks for totals; a store with nothing due need not ask the clock for it.
    if (this.#due.size > 0) this.#catchUp();
    return this.#totals(this.#counters(wallet));
  }

  hold(request: HoldRequest): HoldOutcome {
    if (request.state !== 'sent' && request.state !== 'reserved') {
      throw new InvalidArgumentError('state', "must be 'reserved' or 'sent'");
    }
    const nowMs = this.#catchUp();
    const known = this.#rows.get(request.reference)?.hold;
    const totals = this.#totals(this.#counters(request.wallet));
    const answer = decideHold(request, known, totals, nowMs, this.#use);
    // The same hold: its own attempt has asked again, and it counts once.
    if (answer.outcome === 'held' && answer.hold !== known) this.#insert(answer.hold);
    return answer;
  }

  holdAll(request: HoldAllRequest): HoldAllOutcome {
    assertBatch(request);
    const nowMs = this.#catchUp();
    const batch = batchOf(request);
    const known = batch.holds.map(({ reference }) => this.#rows.get(reference)?.hold);
    const source = request.from && this.#rows.get(request.from.reference);
    const totals = this.#totals(this.#counters(request.wallet));
    const decided = decideBatch(batch, known, source?.hold, totals, nowMs, this.#use);
    if (decided.isGranted) {
      for (const [index, answer] of decided.outcomes.entries()) {
        if (answer.outcome === 'held' && answer.hold !== known[index]) this.#insert(answer.hold);
      }
      if (source && decided.source) this.#lessen(source, decided.source);
    }
    return batchOutcome(batch, decided);
  }

  settle(request: SettleRequest): SettleOutcome {
    const nowMs = this.#catchUp();
    const row = this.#rows.get(request.reference);
    if (!row) return { outcome: 'unknown' };
    const totals = () => this.#totals(this.#counters(row.hold.wallet));
    const answer = decideSettle(request, row.hold, totals, nowMs);
    if (answer.outcome === 'done' || answer.outcome === 'late') this.#move(row, request, answer.hold);
    if (answer.outcome === 'already') this.#note(row, answer.hold);
    return answer;
  }

  get(reference: string): HoldReading {
    const nowMs = this.#catchUp();
    return { hold: this.#rows.get(reference)?.hold, nowMs };
  }

  list(filter: HoldFilter): HoldPage {
    const nowMs = this.#catchUp();
    const { wallets, state, olderThanMs = Number.NEGATIVE_INFINITY, limit, after = '0' } = filter;
    const wanted = wallets && new Set(wallets);
    const holds: HoldRecord[] = [];
    let last = 0;
    for (const { sequence, hold } of this.#rows.values()) {
      if (sequence <= Number(after) || nowMs - hold.createdAtMs < olderThanMs) continue;
      if ((wanted && !wanted.has(hold.wallet)) || (state ?? hold.state) !== hold.state) continue;
      if (holds.length === limit) return { holds, next: String(last), nowMs };
      holds.push(hold);
      last = sequence;
    }
    return { holds, nowMs };
  }

  claim(request: ClaimRequest): ClaimPage {
    const nowMs = this.#catchUp();
    const { wallets, unservedForMs, after = '0' } = request;
    const unserved = after === '0' ? this.#undecided.unserved(wallets, nowMs - unservedForMs) : [];
    const { rows, ...page } = this.#undecided.claim(request, nowMs);
    return { holds: rows.map(({ hold }) => hold), ...page, nowMs, unserved };
  }

  freeze(wallet: string, reason: string | undefined): void {
    const counters = this.#counters(wallet);
    const sinceMs = counters.frozen?.sinceMs ?? this.#now();
    counters.frozen = reason === undefined ? undefined : { reason, sinceMs };
  }

  acceptLimits(wallet: string): void {
    this.#counters(wallet).hasAcceptedLimits = true;
  }

  note(key: string): string | undefined {
    return this.#notes.get(key);
  }

  swapNote(key: string, expected: string | undefined, value: string | undefined): boolean {
    if (this.#notes.get(key) !== expected) return false;
    if (value === undefined) this.#notes.delete(key);
    else this.#notes.set(key, value);
    return true;
  }

  /** No other process has the holds, so those whose outcome is open are reported. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const left = this.#undecided.references();
    if (left.length === 0) return;
    const shown = left.slice(0, 10).join(', ');
    const more = left.length > 10 ? ` and ${left.length - 10} more` : '';
    warn(
      'PAYOUT_GUARD_MEMORY_LOST',
      `The memory store closes with ${left.length} payout(s) whose outcome is not known: ${shown}${more}. Check ` +
        'them with the provider; a durable store keeps them.',
    );
  }

  #insert(hold: HoldRecord): void {
    const { reference, amountMinor, expiresAtMs } = hold;
    const sequence = ++this.#sequence;
    const row: Row = { sequence, hold, activeMinor: amountMinor, sentSequence: sequence };
    this.#count(this.#rows.get(reference)?.hold, hold, hold.createdAtMs);
    // Deleted first: a reference that is held again is as young as any other.
    this.#rows.delete(reference);
    this.#rows.set(reference, row);
    this.#counters(hold.wallet).active += amountMinor;
    if (expiresAtMs === undefined) this.#undecided.add(row);
    else this.#schedule(row, expiresAtMs);
  }

  /** Other holds were given money of this one. */
  #lessen(row: Row, hold: HoldRecord): void {
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
  #now(): number {
    return Math.round(this.#zeroMs + elapsedMs(this.#clock));
  }

  /** Does everything that is due by now, and returns the time. */
  #catchUp(): number {
    const nowMs = this.#now();
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

  #move(row: Row, { to }: SettleRequest, hold: HoldRecord): void {
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
  #note(row: Row, hold: HoldRecord): void {
    if (hold === row.hold) return;
    row.hold = hold;
    this.#undecided.delete(row);
  }

  /** The outcome is to be learned: claims take the hold from now on. */
  #await(row: Row): void {
    row.sentSequence = ++this.#sequence;
    this.#undecided.add(row);
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
    if (hold.awaitsOutcome && !this.#undecided.has(hold.reference)) this.#await(row);
  }

  /** The hold in its next state, with what it counts then. */
  #replace(row: Row, hold: HoldRecord): void {
    this.#count(row.hold, hold, hold.endedAtMs ?? this.#now());
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
    if (!row.hold.awaitsOutcome) this.#undecided.delete(row);
    if (row.hold.state === 'released') this.#unschedule(row);
    this.#finished.add(row);
  }

  // A capture that is not visible yet may be forgotten as a reference: the due queue still has its row.
  #forget(row: Row): void {
    const { reference, endedAtMs = 0 } = row.hold;
    this.#rows.delete(reference);
    this.#undecided.delete(row);
    if (this.#hasWarned || mayBeHeldAgain(row.hold) || this.#now() - endedAtMs >= rememberMs) return;
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

  #totals({ active, captured, frozen }: Counters): WalletTotals {
    return frozen ? { epoch: this.#epoch, active, captured, frozen } : { epoch: this.#epoch, active, captured };
  }
}
