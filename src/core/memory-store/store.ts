// Holds in plain maps, one step at a time: the reference for all other stores. `hold-decisions.ts` decides about a hold
// by the rules of `store.ts`, and `books.ts` records it.
import type { Clock } from '../clock.js';
import { InvalidArgumentError } from '../errors.js';
import type { HoldRecord } from '../hold.js';
import { assertBatch, batchOf, batchOutcome, decideBatch } from '../hold-batch.js';
import { decideHold, decideSettle } from '../hold-decisions.js';
import type {
  ClaimPage,
  ClaimRequest,
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
import { Books } from './books.js';

export class MemoryStore implements HoldStore {
  readonly name = 'memory';
  readonly limits = 'process';
  readonly #books: Books;
  readonly #notes = new Map<string, string>();
  #isClosed = false;

  constructor(rememberFinished: number, clock: Clock) {
    this.#books = new Books(rememberFinished, clock);
  }

  totals(wallet: string): WalletTotals {
    // Every check asks for totals; a store with nothing due need not ask the clock for it.
    if (this.#books.mayBeDue) this.#books.catchUp();
    return this.#books.totals(wallet);
  }

  hold(request: HoldRequest): HoldOutcome {
    if (request.state !== 'sent' && request.state !== 'reserved') {
      throw new InvalidArgumentError('state', "must be 'reserved' or 'sent'");
    }
    const nowMs = this.#books.catchUp();
    const known = this.#books.row(request.reference)?.hold;
    const totals = this.#books.totals(request.wallet);
    const answer = decideHold(request, known, totals, nowMs, this.#books.use);
    // The same hold: its own attempt has asked again, and it counts once.
    if (answer.outcome === 'held' && answer.hold !== known) this.#books.insert(answer.hold);
    return answer;
  }

  holdAll(request: HoldAllRequest): HoldAllOutcome {
    assertBatch(request);
    const nowMs = this.#books.catchUp();
    const batch = batchOf(request);
    const known = batch.holds.map(({ reference }) => this.#books.row(reference)?.hold);
    const source = request.from && this.#books.row(request.from.reference);
    const totals = this.#books.totals(request.wallet);
    const decided = decideBatch(batch, known, source?.hold, totals, nowMs, this.#books.use);
    if (decided.isGranted) {
      for (const [index, answer] of decided.outcomes.entries()) {
        if (answer.outcome === 'held' && answer.hold !== known[index]) this.#books.insert(answer.hold);
      }
      if (source && decided.source) this.#books.lessen(source, decided.source);
    }
    return batchOutcome(batch, decided);
  }

  settle(request: SettleRequest): SettleOutcome {
    const nowMs = this.#books.catchUp();
    const row = this.#books.row(request.reference);
    if (!row) return { outcome: 'unknown' };
    const totals = () => this.#books.totals(row.hold.wallet);
    const answer = decideSettle(request, row.hold, totals, nowMs);
    if (answer.outcome === 'done' || answer.outcome === 'late') this.#books.move(row, request, answer.hold);
    if (answer.outcome === 'already') this.#books.note(row, answer.hold);
    return answer;
  }

  get(reference: string): HoldReading {
    const nowMs = this.#books.catchUp();
    return { hold: this.#books.row(reference)?.hold, nowMs };
  }

  list(filter: HoldFilter): HoldPage {
    const nowMs = this.#books.catchUp();
    const { wallets, state, olderThanMs = Number.NEGATIVE_INFINITY, limit, after = '0' } = filter;
    const wanted = wallets && new Set(wallets);
    const holds: HoldRecord[] = [];
    let last = 0;
    for (const { sequence, hold } of this.#books.rows()) {
      if (sequence <= Number(after) || nowMs - hold.createdAtMs < olderThanMs) continue;
      if ((wanted && !wanted.has(hold.wallet)) || (state ?? hold.state) !== hold.state) continue;
      if (holds.length === limit) return { holds, next: String(last), nowMs };
      holds.push(hold);
      last = sequence;
    }
    return { holds, nowMs };
  }

  claim(request: ClaimRequest): ClaimPage {
    const nowMs = this.#books.catchUp();
    const { wallets, unservedForMs, after = '0' } = request;
    const unserved = after === '0' ? this.#books.undecided.unserved(wallets, nowMs - unservedForMs) : [];
    const { rows, ...page } = this.#books.undecided.claim(request, nowMs);
    return { holds: rows.map(({ hold }) => hold), ...page, nowMs, unserved };
  }

  freeze(wallet: string, reason: string | undefined): void {
    this.#books.freeze(wallet, reason);
  }

  acceptLimits(wallet: string): void {
    this.#books.acceptLimits(wallet);
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
    const left = this.#books.undecided.references();
    if (left.length === 0) return;
    const shown = left.slice(0, 10).join(', ');
    const more = left.length > 10 ? ` and ${left.length - 10} more` : '';
    warn(
      'PAYOUT_GUARD_MEMORY_LOST',
      `The memory store closes with ${left.length} payout(s) whose outcome is not known: ${shown}${more}. Check ` +
        'them with the provider; a durable store keeps them.',
    );
  }
}
