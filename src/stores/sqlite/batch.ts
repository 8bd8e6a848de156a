// The operations of a batch, one after the other, in one transaction.
import { countChanges, type ReadUse } from '../../core/day-limits.js';
import { type HoldRecord, isUndecided, mayBeHeldAgain, nextTurn } from '../../core/hold.js';
import { type BatchDecision, decideBatch, type HoldBatch } from '../../core/hold-batch.js';
import { decideHold, decideSettle } from '../../core/hold-decisions.js';
import { expired } from '../../core/hold-moves.js';
import type { Freeze, HoldOutcome, HoldRequest, SettleOutcome, SettleRequest, WalletTotals } from '../../core/store.js';
import type { Answer, Op } from '../shared/engine.js';
import { rememberUnsentMs } from '../shared/options.js';
import { DayCounters } from './day-counters.js';
import type { Transaction } from './file.js';
import { type Bookkeeping, type HoldRow, putHold, readHold, valuesOf } from './hold-row.js';

interface Wallet {
  active: bigint;
  captured: bigint;
  frozen: Freeze | undefined;
  /** The epoch in which an operator accepted what its limits count. */
  limitsEpoch: string | null;
  isChanged: boolean;
}

/** A hold and its row. */
interface Known {
  readonly hold: HoldRecord;
  readonly row: HoldRow;
}

type Times = Pick<Bookkeeping, 'due_at_ms' | 'forget_at_ms'>;

const noLease = { lease_owner: null, lease_until_ms: null };

interface WalletRow {
  readonly active: string;
  readonly captured: string;
  readonly frozen_at_ms: number | null;
  readonly frozen_for: string | null;
  readonly limits_epoch: string | null;
}

/**
 * The most holds that are due and change in one transaction. The rest counts as active meanwhile, which is the safe
 * side.
 */
const dueAtOnce = 2_000;
const forgottenAtOnce = 200;
/** Numbers in the order of holds for each millisecond. */
const perMs = 1_024;

const dueQuery = `SELECT * FROM holds WHERE due_at_ms <= ? ORDER BY due_at_ms LIMIT ${dueAtOnce}`;
const forget = `DELETE FROM holds WHERE seq IN (
  SELECT seq FROM holds WHERE forget_at_ms <= ? ORDER BY forget_at_ms LIMIT ${forgottenAtOnce})`;
const writeWallet = `INSERT OR REPLACE
  INTO wallets (wallet, active, captured, frozen_at_ms, frozen_for, limits_epoch) VALUES (?, ?, ?, ?, ?, ?)`;

export class Batch {
  readonly #transaction: Transaction;
  readonly #rememberMs: number;
  readonly #wallets = new Map<string, Wallet>();
  readonly #days: DayCounters;

  constructor(transaction: Transaction, rememberMs: number) {
    this.#transaction = transaction;
    this.#rememberMs = rememberMs;
    this.#days = new DayCounters(transaction);
  }

  /** Does what is due by now; then the operations; then writes the totals. */
  run(ops: readonly Op[]): Answer[] {
    const { connection, nowMs, mayWrite } = this.#transaction;
    if (mayWrite) {
      for (const row of connection.all(dueQuery, nowMs)) this.#happen(row as HoldRow);
      connection.run(forget, nowMs);
    }
    const answers = ops.map((op) => this.#do(op));
    this.#writeWallets();
    return answers;
  }

  #do(op: Op): Answer {
    switch (op.kind) {
      case 'totals':
        return this.#totals(op.wallet);
      case 'hold':
        return this.#hold(op.request);
      case 'holdAll':
        return this.#holdAll(op.holds);
      case 'settle':
        return this.#settle(op.request);
      case 'get':
        return this.#known(op.reference)?.hold;
      case 'freeze': {
        const wallet = this.#wallet(op.wallet);
        const sinceMs = wallet.frozen?.sinceMs ?? op.sinceMs ?? this.#transaction.nowMs;
        wallet.frozen = op.reason === undefined ? undefined : { reason: op.reason, sinceMs };
        wallet.isChanged = true;
        return null;
      }
      case 'acceptLimits': {
        const wallet = this.#wallet(op.wallet);
        wallet.limitsEpoch = this.#transaction.store.epoch;
        wallet.isChanged = true;
        return null;
      }
      case 'restore':
        return this.#restore(op.hold);
      default:
        return op satisfies never;
    }
  }

  #hold(request: HoldRequest): HoldOutcome {
    const known = this.#known(request.reference);
    const totals = this.#totals(request.wallet);
    const answer = decideHold(request, known?.hold, totals, this.#transaction.nowMs, this.#use);
    const isNew = answer.outcome === 'held' && answer.hold !== known?.hold;
    if (isNew) this.#insert(answer.hold, known);
    return answer;
  }

  #holdAll(batch: HoldBatch): BatchDecision {
    // Read before the totals: what has expired leaves them.
    const known = batch.holds.map(({ reference }) => this.#known(reference));
    const source = batch.from && this.#known(batch.from.reference);
    const totals = this.#totals(batch.holds[0]?.wallet ?? '');
    const holds = known.map((one) => one?.hold);
    const decided = decideBatch(batch, holds, source?.hold, totals, this.#transaction.nowMs, this.#use);
    if (!decided.isGranted) return decided;
    for (const [index, answer] of decided.outcomes.entries()) {
      if (answer.outcome === 'held' && answer.hold !== holds[index]) this.#insert(answer.hold, known[index]);
    }
    if (source && decided.source) this.#update(source, decided.source);
    return decided;
  }

  readonly #use: ReadUse = (wallet, { day, payee }) => {
    const { epoch, born_at_ms } = this.#transaction.store;
    return {
      walletMinor: this.#days.used(wallet, day, ''),
      payeeMinor: payee === undefined ? 0n : this.#days.used(wallet, day, payee),
      sinceMs: this.#wallet(wallet).limitsEpoch === epoch ? 0 : born_at_ms,
    };
  };

  #settle(request: SettleRequest): SettleOutcome {
    const known = this.#known(request.reference);
    if (!known) return { outcome: 'unknown' };
    const totals = () => this.#totals(known.hold.wallet);
    const answer = decideSettle(request, known.hold, totals, this.#transaction.nowMs);
    if (answer.outcome === 'done' || answer.outcome === 'late' || answer.outcome === 'already') {
      this.#update(known, answer.hold);
    }
    return answer;
  }

  /** Corrects an existing row only where the file went back behind what the process saw. */
  #restore(given: HoldRecord): null {
    const known = this.#known(given.reference);
    const there = known?.hold;
    const isSame = there?.attempt === given.attempt;
    if (there && (there.wallet !== given.wallet || there.state === 'captured')) return null;
    // A hold of an earlier turn gives way, open or not: the file went back in time to it. Later, this request may be
    // late.
    const isEarlier = there && nextTurn(there) <= (given.turn ?? 1) && this.#transaction.recoveringForMs > 0;
    if (there && !isSame && !isEarlier) return null;
    const isAhead =
      given.state === 'captured' || (given.state === 'sent' && there?.sentAtMs === undefined && !there?.failed);
    if (isSame && !isAhead) return null;
    // Unless the payout is known to be made, a failure is its outcome: only the debit was lost.
    const failed = given.failed || (isSame && given.awaitsOutcome && there?.failed) || undefined;
    const hold = { ...given, failed, awaitsOutcome: failed ? undefined : given.awaitsOutcome };
    this.#insert(hold, known);
    return null;
  }

  /** Returns the hold of a reference in the file, as it is now. */
  #known(reference: string): Known | undefined {
    const row = this.#transaction.connection.get('SELECT * FROM holds WHERE reference = ?', reference) as
      | HoldRow
      | undefined;
    if (!row) return undefined;
    const isDue = row.due_at_ms !== null && row.due_at_ms <= this.#transaction.nowMs;
    return isDue ? this.#happen(row) : { row, hold: readHold(row) };
  }

  /** A reservation expires, or a capture becomes visible. */
  #happen(row: HoldRow): Known {
    const hold = readHold(row);
    const known = { row, hold };
    const later = hold.state === 'reserved' ? expired(hold, this.#transaction.nowMs) : { ...hold };
    return { row: { ...row, due_at_ms: null }, hold: this.#update(known, later) };
  }

  #insert(hold: HoldRecord, known: Known | undefined): void {
    this.#put(hold, known, { seq: this.#numberAt(hold.createdAtMs), ...noLease });
  }

  #update(known: Known, hold: HoldRecord): HoldRecord {
    const { row } = known;
    // A lease ends when the outcome is known.
    if (hold !== known.hold) this.#put(hold, known, isUndecided(hold) ? row : { ...row, ...noLease });
    return hold;
  }

  #put(hold: HoldRecord, before: Known | undefined, kept: Omit<Bookkeeping, keyof Times>): void {
    if (before) this.#count(before, -1n);
    const row = { ...kept, ...this.#times(hold) };
    this.#transaction.connection.run(putHold, ...valuesOf(hold, row));
    this.#count({ hold, row }, 1n);
    for (const change of countChanges(before?.hold, hold)) this.#days.change(change);
  }

  /** The times at which the row changes by itself, and is forgotten. */
  #times(hold: HoldRecord): Times {
    const { state, expiresAtMs = null, endedAtMs = 0, visibleAtMs = 0 } = hold;
    if (state === 'reserved') return { due_at_ms: expiresAtMs, forget_at_ms: null };
    const due_at_ms = state === 'captured' && visibleAtMs > this.#transaction.nowMs ? visibleAtMs : null;
    if (isUndecided(hold)) return { due_at_ms, forget_at_ms: null };
    const rememberMs = this.#rememberMs;
    const lastsMs = mayBeHeldAgain(hold) && hold.sentAtMs === undefined ? rememberUnsentMs(rememberMs) : rememberMs;
    return { due_at_ms, forget_at_ms: Math.max(endedAtMs + lastsMs, visibleAtMs) };
  }

  #count({ hold, row }: { hold: HoldRecord; row: Times }, sign: 1n | -1n): void {
    if (hold.state === 'released') return;
    const wallet = this.#wallet(hold.wallet);
    const minor = sign * (hold.state === 'captured' ? (hold.capturedMinor ?? hold.amountMinor) : hold.amountMinor);
    if (hold.state === 'captured' && row.due_at_ms === null) wallet.captured += minor;
    else wallet.active += minor;
    wallet.isChanged = true;
  }

  /** In the order of holds: after those that were created by then. */
  #numberAt(createdAtMs: number): number {
    const first = createdAtMs * perMs;
    const { last } = this.#transaction.connection.get(
      'SELECT max(seq) AS last FROM holds WHERE seq BETWEEN ? AND ?',
      first,
      first + 1_000 * perMs,
    ) as { last: number | null };
    return Math.max((last ?? 0) + 1, first);
  }

  #totals(key: string): WalletTotals {
    const { store, recoveringForMs } = this.#transaction;
    const { active, captured, frozen } = this.#wallet(key);
    const totals = { epoch: store.epoch, active, captured };
    return { ...totals, ...(recoveringForMs > 0 ? { recoveringForMs } : {}), ...(frozen ? { frozen } : {}) };
  }

  #wallet(key: string): Wallet {
    let wallet = this.#wallets.get(key);
    if (!wallet) {
      const { connection, store } = this.#transaction;
      const row = connection.get('SELECT * FROM wallets WHERE wallet = ?', key) as WalletRow | undefined;
      // A hold that the file lacks may have been in the data that it lost.
      const {
        active,
        captured,
        frozen_at_ms: sinceMs,
        frozen_for: reason,
        limits_epoch: limitsEpoch,
      } = row ?? { active: 0, captured: 0, limits_epoch: null, ...store };
      const frozen = sinceMs === null || reason === null ? undefined : { reason, sinceMs };
      wallet = { active: BigInt(active), captured: BigInt(captured), frozen, limitsEpoch, isChanged: false };
      this.#wallets.set(key, wallet);
    }
    return wallet;
  }

  #writeWallets(): void {
    for (const [key, { active, captured, frozen, limitsEpoch, isChanged }] of this.#wallets) {
      if (!isChanged) continue;
      const freeze = [frozen?.sinceMs ?? null, frozen?.reason ?? null];
      this.#transaction.connection.run(writeWallet, key, `${active}`, `${captured}`, ...freeze, limitsEpoch);
    }
  }
}

/** In a new epoch: ends reservations, adds up the open holds of all wallets, and freezes them if there is a reason. */
export function addUp({ connection, nowMs, store }: Transaction, freezes: boolean): void {
  connection.run("INSERT OR IGNORE INTO wallets SELECT DISTINCT wallet, '0', '0', NULL, NULL, NULL FROM holds");
  // A reservation in an older file may have ended long ago, and its money may be promised to another payout.
  connection.run("UPDATE holds SET due_at_ms = ? WHERE state = 'reserved'", nowMs);
  const sums = new Map<string, bigint>();
  const counted = "state IN ('reserved', 'sent') OR due_at_ms IS NOT NULL";
  for (const row of connection.all(`SELECT record FROM holds WHERE ${counted}`)) {
    const { wallet, amountMinor, capturedMinor = amountMinor } = readHold(row as HoldRow);
    sums.set(wallet, (sums.get(wallet) ?? 0n) + capturedMinor);
  }
  connection.run("UPDATE wallets SET active = '0'");
  for (const [wallet, active] of sums)
    connection.run('UPDATE wallets SET active = ? WHERE wallet = ?', `${active}`, wallet);
  const freeze = 'UPDATE wallets SET frozen_at_ms = ?, frozen_for = ? WHERE frozen_for IS NULL';
  if (freezes) connection.run(freeze, nowMs, store.frozen_for);
}
