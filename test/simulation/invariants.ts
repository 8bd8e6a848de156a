// Rules that hold after every step, computed from the true state and not from that of the guards.
import type { HoldRecord, WalletTotals } from 'payout-guard';
import { type Contents, isOpen, type Rows } from './memory.js';
import { assertRecorded } from './proof-checks.js';
import { type Attempt, mayBePaid, shown } from './truth.js';
import type { WalletPlan } from './wallet-plan.js';
import type { World } from './world.js';

export class Invariants {
  readonly #world: World;
  /** The rows after the previous step, by reference. */
  #before: Rows = new Map();
  #totalsBefore: Contents['totals'] = new Map();
  /** Attempts with a known end after the previous step. */
  #proven: ReadonlySet<Attempt> = new Set();
  /** Attempts that were held. */
  readonly #seen = new Set<string>();
  /** Attempts whose hold has ended. */
  readonly #ended = new Set<string>();

  constructor(world: World) {
    this.#world = world;
  }

  check(contents: Contents): void {
    const { rows, totals } = contents;
    const { limits, log, memory, settings, processes, wallets } = this.#world;
    for (const { reference, wallet } of rows.values()) wallets.set(reference, wallet);
    this.#noteExposed(rows);
    for (const plan of settings.wallets) {
      this.#neverOverspent(plan, rows);
      this.#countersAreSums(plan.key, contents);
    }
    limits?.check(contents);
    if (!memory.isRecovering) this.#everyPayoutIsCovered(rows);
    for (const process of processes) {
      if (process.closeReport && !process.isChecked) assertRecorded(this.#world, process, rows, this.#proven);
    }
    this.#batchesAreWhole(rows);
    for (const row of rows.values()) {
      const before = this.#before.get(row.reference);
      if (before === row) continue;
      if (before?.state === 'reserved' && row.state === 'released' && isOver(before, row)) {
        log.count('expired', row.reference);
      }
      if (before?.state === 'released' && isOpen(row.state)) log.count('held again', row.reference);
      if (before) this.#staysOnePayout(before, row);
      this.#isNotSentWhileFrozen(before, row, totals.get(row.wallet));
      this.#seen.add(row.attempt);
    }
    this.#before = rows;
    this.#totalsBefore = totals;
    this.#proven = new Set(this.#world.truth.attempts.filter(({ proof }) => proof !== undefined));
  }

  /** Payment code that did not mark its hold as sent loses its cover when the hold expires. */
  #noteExposed(rows: Rows): void {
    for (const attempt of this.#world.truth.attempts) {
      if (!attempt.isForgetful || attempt.wasExposed || isCovered(attempt, rows.get(attempt.reference))) continue;
      attempt.wasExposed = true;
      this.#world.log.trace(`the hold of ${attempt.reference} has ended under its payment`);
    }
  }

  /**
   * balance - promised >= floor, at every moment and for each wallet.
   *
   * `balance` is the true one, not the figure that the provider shows. A payout is promised from the moment the store
   * grants its hold until the provider takes the money or the payout can no longer be made. A granted hold whose answer
   * is still under way counts, because its payout will be sent without another check. Where the provider debits at
   * acceptance, the promise ends there, and the balance is lower by the payout. If the payout fails afterwards, the
   * refund raises the balance, which can only help. Where the provider debits at completion, the promise ends then.
   *
   * A hold that had ended and is restored, because its process does not have that information, promises nothing.
   *
   * It follows that no approved payout is ever short of money, and that the balance never falls below the floor, except
   * for payments whose hold had expired.
   */
  #neverOverspent({ key, floorMinor }: WalletPlan, rows: Rows): void {
    const { truth, report } = this.#world;
    const { balanceMinor } = this.#world.providerOf(key);
    let promisedMinor = 0n;
    const accountedFor = new Set<string>();
    for (const attempt of truth.attempts) {
      if (attempt.payout.wallet !== key) continue;
      const isPromised = mayBePaid(attempt);
      if (isPromised) promisedMinor += attempt.requiredMinor;
      if (isPromised || attempt.debitedMinor > 0n) accountedFor.add(attempt.reference);
    }
    for (const { reference, wallet, state, amountMinor, attempt } of rows.values()) {
      if (wallet !== key) continue;
      if (!isOpen(state)) this.#ended.add(attempt);
      else if (!accountedFor.has(reference) && !this.#ended.has(attempt)) promisedMinor += amountMinor;
    }
    if (balanceMinor - promisedMinor + truth.exposedMinor(key) >= floorMinor) return;
    report('overspent', `${promisedMinor} promised of a balance of ${balanceMinor} with a floor of ${floorMinor}`);
  }

  /**
   * A payout that may still be made has an open hold of at least its amount. A payout that was made has an open hold or
   * a capture of at least its debit. Any exception overspends sooner or later.
   */
  #everyPayoutIsCovered(rows: Rows): void {
    for (const attempt of this.#world.truth.remembered) {
      const row = rows.get(attempt.reference);
      if ((attempt.wasExposed && !attempt.isRecorded) || isCovered(attempt, row)) continue;
      const hold = row ? `${row.state} with ${row.capturedMinor ?? row.amountMinor}` : 'unknown';
      this.#world.report(
        'uncovered',
        `${attempt.reference} of ${attempt.requiredMinor}, ${shown(attempt)}, and its hold is ${hold}`,
      );
    }
  }

  /** `active` and `captured` are the sums of the wallet's rows, and `captured` never falls. */
  #countersAreSums(key: string, { rows, totals: all, nowMs }: Contents): void {
    const { report } = this.#world;
    const totals = all.get(key);
    if (!totals) return;
    let [active, captured] = [0n, 0n];
    for (const { wallet, state, amountMinor, capturedMinor = 0n, visibleAtMs = 0 } of rows.values()) {
      if (wallet !== key) continue;
      if (isOpen(state)) active += amountMinor;
      else if (visibleAtMs > nowMs) active += capturedMinor;
      else captured += capturedMinor;
    }
    if (active !== totals.active || captured !== totals.captured) {
      const counted = `${totals.active} active and ${totals.captured} captured`;
      report('counters', `${key} has ${counted}, where its rows add up to ${active} and ${captured}`);
    }
    const before = this.#totalsBefore.get(key);
    if (before?.epoch === totals.epoch && totals.captured < before.captured) {
      report('counters', `captured of ${key} fell from ${before.captured} to ${totals.captured}`);
    }
  }

  /** A batch that is all or none is in the store wholly, from its first moment on. */
  #batchesAreWhole(rows: Rows): void {
    const { batches, report } = this.#world;
    for (const [key, { attempt, references }] of batches) {
      const held = references.filter((reference) => rows.get(reference)?.attempt === attempt);
      if (held.length === 0) continue;
      // From now on its payouts go their own ways.
      batches.delete(key);
      if (held.length < references.length) report('half held', `${held} of ${references} are held`);
    }
  }

  /** A reference always belongs to the same payout, and a failed one is not held again. */
  #staysOnePayout(before: HoldRecord, row: HoldRecord): void {
    const { report, settings } = this.#world;
    const { reference } = row;
    // The sum of a payroll gets less while it is divided.
    if (reference.startsWith('batch of ')) return;
    if (before.wallet !== row.wallet || before.amountMinor !== row.amountMinor) {
      report('paid twice', `${reference} of ${before.amountMinor} from ${before.wallet} became another payout`);
    }
    const isToOther = before.fingerprint !== row.fingerprint || before.metadata.payee !== row.metadata.payee;
    if (settings.hasFingerprints && isToOther) report('paid twice', `${reference} got another payee`);
    if (before.failed && isOpen(row.state)) report('paid twice', `${reference} failed, and is held again`);
  }

  #isNotSentWhileFrozen(before: HoldRecord | undefined, row: HoldRecord, totals: WalletTotals | undefined): void {
    // Holds restored after a loss were granted before, perhaps when the wallet was not frozen.
    if (this.#world.memory.isRecovering) return;
    const wasFrozen = this.#totalsBefore.get(row.wallet)?.frozen !== undefined && totals?.frozen !== undefined;
    const isNew = isOpen(row.state) && !this.#seen.has(row.attempt);
    const isSentNow = row.state === 'sent' && before?.state === 'reserved';
    if (wasFrozen && (isNew || isSentNow)) {
      this.#world.report('uncovered', `${row.reference} was ${row.state} while ${row.wallet} was frozen`);
    }
  }
}

function isOver({ expiresAtMs = Number.POSITIVE_INFINITY }: HoldRecord, { endedAtMs = 0 }: HoldRecord): boolean {
  return endedAtMs >= expiresAtMs;
}

function isCovered(attempt: Attempt, row: HoldRecord | undefined): boolean {
  if (mayBePaid(attempt)) {
    return (
      row !== undefined && isOpen(row.state) && row.attempt === attempt.hold && row.amountMinor >= attempt.requiredMinor
    );
  }
  if (attempt.debitedMinor === 0n) return true;
  if (!row || row.state === 'released') return false;
  return (row.capturedMinor ?? row.amountMinor) >= attempt.debitedMinor;
}
