// A store in the memory of this process. The reference for all other stores: plain maps, one step at a time.
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { type Clock, systemClock } from '../../core/clock.js';
import { type HoldRecord, transition } from '../../core/hold.js';
import { readOptions } from '../../core/problems.js';
import { aClock } from '../../core/schemas.js';
import type {
  ClaimRequest,
  Freeze,
  HoldFilter,
  HoldOutcome,
  HoldPage,
  HoldRequest,
  HoldStore,
  SettleOutcome,
  SettleRequest,
  WalletTotals,
} from '../../core/store.js';
import { Agenda } from './agenda.js';

export interface MemoryStoreOptions {
  /**
   * How many captured and released references are remembered; the one that ended longest ago is forgotten first. 0 to
   * 10,000,000. A repeated payout whose reference was forgotten is not recognised.
   * @defaultValue 100,000
   */
  rememberFinished?: number | undefined;
  /**
   * Where the time comes from; for tests.
   * @defaultValue the clock of the machine
   */
  clock?: Clock | undefined;
}

const optionsSchema: z.ZodType<MemoryStoreOptions> = z.strictObject({
  rememberFinished: z.int().min(0).max(10_000_000).optional(),
  clock: aClock.optional(),
});

/**
 * A store in the memory of this process: the default. It ends with the process and is not shared with others, so it is for
 * one process that makes all payouts of its wallets.
 *
 * @throws `ConfigurationError` naming every problem of the options.
 */
export function memoryStore(options: MemoryStoreOptions = {}): HoldStore {
  const { rememberFinished = 100_000, clock = systemClock } = readOptions(optionsSchema, options);
  return new MemoryStore(rememberFinished, clock);
}

/** A hold, and what only this store needs to know of it. */
interface Row {
  /** Counts up with each hold: the order of the list. */
  readonly sequence: number;
  hold: HoldRecord;
  /** When the row does something by itself: a reservation expires, a capture becomes visible. */
  dueAtMs?: number | undefined;
  /** What the row contributes to `active` now. */
  activeMinor: bigint;
  /** Counts up with each hold that is sent: the order of claims. */
  sentSequence: number;
  /** The row that ended after this one. */
  nextFinished?: Row;
  /** Who reconciles it; nobody else is given it before that time. */
  lease?: { readonly owner: string; readonly untilMs: number };
}

interface Counters {
  active: bigint;
  captured: bigint;
  frozen: Freeze | undefined;
}

class MemoryStore implements HoldStore {
  readonly name = 'memory';
  readonly #epoch = randomUUID();
  readonly #rememberFinished: number;
  readonly #clock: Clock;
  readonly #wallets = new Map<string, Counters>();
  /** Every row by reference, oldest first. */
  readonly #rows = new Map<string, Row>();
  /** Sent rows, in the order they were sent. */
  readonly #sent = new Map<string, Row>();
  /** Finished rows in the order they ended, linked: a Map whose oldest entries are deleted gets slow at finding the next. */
  readonly #finished: { oldest?: Row | undefined; newest?: Row | undefined; count: number } = { count: 0 };
  /** Rows by the time they are due. May hold a row under an earlier time of its life, which then means nothing. */
  readonly #agenda = new Agenda<Row>();
  readonly #notes = new Map<string, string>();
  #sequence = 0;

  constructor(rememberFinished: number, clock: Clock) {
    this.#rememberFinished = rememberFinished;
    this.#clock = clock;
  }

  totals(wallet: string): WalletTotals {
    this.#catchUp();
    return this.#totals(this.#counters(wallet));
  }

  hold(request: HoldRequest): HoldOutcome {
    const nowMs = this.#catchUp();
    const { wallet, reference, attempt, amountMinor, state, metadata } = request;
    const known = this.#rows.get(reference)?.hold;
    const again = known?.state === 'released' && known.wallet === wallet && known.amountMinor === amountMinor;
    if (known && !again) return { outcome: 'exists', hold: known };

    const counters = this.#counters(wallet);
    if (counters.frozen) return { outcome: 'frozen', frozen: counters.frozen };
    const totals = this.#totals(counters);
    if (request.epoch !== this.#epoch) return { outcome: 'void', totals };
    if (totals.active + totals.captured + amountMinor > request.limitMinor) return { outcome: 'insufficient', totals };

    const hold: HoldRecord = {
      reference,
      wallet,
      state,
      attempt,
      amountMinor,
      capturedMinor: undefined,
      createdAtMs: nowMs,
      expiresAtMs: state === 'reserved' ? nowMs + request.expiresInMs : undefined,
      sentAtMs: state === 'sent' ? nowMs : undefined,
      endedAtMs: undefined,
      visibleAtMs: undefined,
      heldBefore: again ? true : undefined,
      metadata,
    };
    const sequence = ++this.#sequence;
    const row: Row = { sequence, hold, activeMinor: amountMinor, sentSequence: sequence };
    // Deleted first: a reference that is held again is as young as any other.
    this.#rows.delete(reference);
    this.#rows.set(reference, row);
    counters.active += amountMinor;
    if (state === 'sent') this.#sent.set(reference, row);
    else this.#schedule(row, nowMs + request.expiresInMs);
    return { outcome: 'held', hold, totals };
  }

  settle(request: SettleRequest): SettleOutcome {
    const nowMs = this.#catchUp();
    const row = this.#rows.get(request.reference);
    if (!row) return { outcome: 'unknown' };
    const isOther = request.attempt !== undefined && request.attempt !== row.hold.attempt;
    const outcome = isOther ? 'illegal' : transition(row.hold.state, request.to);
    if (outcome === 'done') this.#move(row, request, nowMs);
    return { outcome, hold: row.hold };
  }

  get(reference: string): HoldRecord | undefined {
    this.#catchUp();
    return this.#rows.get(reference)?.hold;
  }

  list(filter: HoldFilter): HoldPage {
    const nowMs = this.#catchUp();
    const { wallet, state, olderThanMs = Number.NEGATIVE_INFINITY, limit, after = '0' } = filter;
    const holds: HoldRecord[] = [];
    let last = 0;
    for (const { sequence, hold } of this.#rows.values()) {
      if (sequence <= Number(after) || nowMs - hold.createdAtMs < olderThanMs) continue;
      if ((wallet ?? hold.wallet) !== hold.wallet || (state ?? hold.state) !== hold.state) continue;
      if (holds.length === limit) return { holds, next: String(last) };
      holds.push(hold);
      last = sequence;
    }
    return { holds };
  }

  claimSent(request: ClaimRequest): HoldPage {
    const nowMs = this.#catchUp();
    const { owner, olderThanMs, leaseMs, limit, after = '0' } = request;
    const holds: HoldRecord[] = [];
    let last = 0;
    for (const row of this.#sent.values()) {
      if (row.sentSequence <= Number(after) || nowMs - (row.hold.sentAtMs ?? nowMs) < olderThanMs) continue;
      if (row.lease && row.lease.owner !== owner && nowMs < row.lease.untilMs) continue;
      if (holds.length === limit) return { holds, next: String(last) };
      row.lease = { owner, untilMs: nowMs + leaseMs };
      holds.push(row.hold);
      last = row.sentSequence;
    }
    return { holds };
  }

  freeze(wallet: string, reason: string | undefined): void {
    const counters = this.#counters(wallet);
    const sinceMs = counters.frozen?.sinceMs ?? this.#clock.now();
    counters.frozen = reason === undefined ? undefined : { reason, sinceMs };
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

  async close(): Promise<void> {}

  /** Does what the clock has made due, and returns the time. */
  #catchUp(): number {
    const nowMs = this.#clock.now();
    for (let row = this.#agenda.takeDue(nowMs); row; row = this.#agenda.takeDue(nowMs)) {
      if (row.dueAtMs === undefined || row.dueAtMs > nowMs) continue;
      if (row.hold.state === 'reserved') this.#move(row, { reference: row.hold.reference, to: 'released' }, nowMs);
      else this.#makeVisible(row);
    }
    return nowMs;
  }

  #schedule(row: Row, atMs: number): void {
    row.dueAtMs = atMs;
    this.#agenda.add(atMs, row);
  }

  #move(row: Row, request: SettleRequest, nowMs: number): void {
    const { reference } = row.hold;
    const counters = this.#counters(row.hold.wallet);
    const { hold } = row;
    row.dueAtMs = undefined;
    if (request.to === 'sent') {
      row.hold = moved(hold, { state: 'sent', sentAtMs: nowMs });
      row.sentSequence = ++this.#sequence;
      this.#sent.set(reference, row);
      return;
    }
    this.#sent.delete(reference);
    counters.active -= row.activeMinor;
    if (request.to === 'released') {
      row.hold = moved(hold, { state: 'released', endedAtMs: nowMs });
      row.activeMinor = 0n;
    } else {
      const capturedMinor = request.actualMinor ?? hold.amountMinor;
      const visibleAtMs = request.visibleInMs > 0 ? nowMs + request.visibleInMs : undefined;
      row.hold = moved(hold, { state: 'captured', capturedMinor, endedAtMs: nowMs, visibleAtMs });
      row.activeMinor = capturedMinor;
      counters.active += capturedMinor;
      if (visibleAtMs !== undefined) this.#schedule(row, visibleAtMs);
      else this.#makeVisible(row);
    }
    this.#finish(row);
  }

  #makeVisible(row: Row): void {
    const counters = this.#counters(row.hold.wallet);
    counters.active -= row.activeMinor;
    counters.captured += row.activeMinor;
    row.activeMinor = 0n;
    row.dueAtMs = undefined;
  }

  // A capture that is not visible yet may be forgotten as a reference: the agenda still holds its row.
  #finish(row: Row): void {
    const finished = this.#finished;
    if (finished.newest) finished.newest.nextFinished = row;
    else finished.oldest = row;
    finished.newest = row;
    finished.count += 1;
    const { oldest } = finished;
    if (finished.count <= this.#rememberFinished || !oldest) return;
    finished.oldest = oldest.nextFinished;
    if (!finished.oldest) finished.newest = undefined;
    finished.count -= 1;
    const { reference } = oldest.hold;
    // Its reference may have been held again since.
    if (this.#rows.get(reference) === oldest) this.#rows.delete(reference);
  }

  #counters(wallet: string): Counters {
    let counters = this.#wallets.get(wallet);
    if (!counters) {
      counters = { active: 0n, captured: 0n, frozen: undefined };
      this.#wallets.set(wallet, counters);
    }
    return counters;
  }

  #totals({ active, captured, frozen }: Counters): WalletTotals {
    return frozen ? { epoch: this.#epoch, active, captured, frozen } : { epoch: this.#epoch, active, captured };
  }
}

type Move = Pick<HoldRecord, 'state' | 'capturedMinor' | 'sentAtMs' | 'endedAtMs' | 'visibleAtMs'>;

/** The hold in its next state. Field by field: copying by spread made a capture 20 times as slow. */
function moved(hold: HoldRecord, move: Move): HoldRecord {
  const { state, capturedMinor, sentAtMs = hold.sentAtMs, endedAtMs, visibleAtMs } = move;
  return {
    reference: hold.reference,
    wallet: hold.wallet,
    state,
    attempt: hold.attempt,
    amountMinor: hold.amountMinor,
    capturedMinor,
    createdAtMs: hold.createdAtMs,
    expiresAtMs: undefined,
    sentAtMs,
    endedAtMs,
    visibleAtMs,
    heldBefore: hold.heldBefore,
    metadata: hold.metadata,
  };
}
