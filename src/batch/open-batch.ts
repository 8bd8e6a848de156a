// The start of a batch: the outcomes of earlier runs, and holds for the rest.
import { differenceOf } from '../core/batch-answers.js';
import { isPayoutGuardError } from '../core/errors.js';
import { type HoldRecord, type HoldState, isUndecided, mayBeHeldAgain } from '../core/hold.js';
import { ReferencesTakenError, type TakenReference } from '../core/hold-errors.js';
import { holdInfo } from '../core/hold-info.js';
import type { PayoutsOfWallet, WalletInfo } from '../core/internals.js';
import { formatMinorUnits } from '../core/money.js';
import type { Hold, LeftOutPayout, PayoutGuard } from '../core/payout-guard.js';
import type { ListedPayout } from '../core/payout-list.js';
import type { ResolvedBatchOptions } from './options.js';
import { type BatchRow, ofAnotherRun, rowOf } from './report.js';

/** References that are read at the same time. */
export const readsAtOnce = 200;
/** Most open payouts of earlier runs that are looked up at the start. The guard looks up the others by itself. */
const lookUpsAtStart = 50;
/** Another run of the same batch may take references between the reading and the holding, and give them back. */
const rounds = 3;

/** The start of a batch: each payout has a hold or a row. */
export interface OpenedBatch {
  /** By the places of the payouts in the list. */
  readonly holds: ReadonlyMap<number, Hold>;
  /** The places of holds that another run took. It may still be running, and count on them. */
  readonly resumed: ReadonlySet<number>;
  readonly rows: readonly (BatchRow | undefined)[];
}

interface Entry {
  readonly index: number;
  readonly payout: ListedPayout;
  /** Amount plus fee, as text. */
  readonly amount: string;
}

/** A payout that another run took between the reading and the holding, in the state that refused it. */
interface Raced {
  readonly entry: Entry;
  readonly state: HoldState;
}

/** @throws as `guard.holdAll` does. Nothing of this run is held then. */
export async function openBatch(
  guard: PayoutGuard,
  { wallet, payouts }: PayoutsOfWallet,
  settings: ResolvedBatchOptions,
): Promise<OpenedBatch> {
  const entries = payouts.map((payout, index) => ({
    index,
    payout,
    amount: formatMinorUnits(payout.amountMinor, wallet.currency),
  }));
  const opening = new Opening(guard, wallet, entries, settings);
  await opening.run();
  return opening;
}

class Opening implements OpenedBatch {
  readonly holds = new Map<number, Hold>();
  readonly resumed = new Set<number>();
  readonly rows: (BatchRow | undefined)[];
  readonly #guard: PayoutGuard;
  readonly #wallet: WalletInfo;
  readonly #entries: readonly Entry[];
  readonly #settings: ResolvedBatchOptions;

  constructor(guard: PayoutGuard, wallet: WalletInfo, entries: readonly Entry[], settings: ResolvedBatchOptions) {
    this.#guard = guard;
    this.#wallet = wallet;
    this.#entries = entries;
    this.#settings = settings;
    this.rows = entries.map(() => undefined);
  }

  async run(): Promise<void> {
    for (let round = 1; ; round++) {
      const open = await this.#readEarlier();
      if (open.length === 0) return;
      try {
        return await this.#holdAll(open);
      } catch (error) {
        // A refusal leaves what earlier runs have reserved: it expires, or a later run pays it.
        if (!(error instanceof ReferencesTakenError) || round === rounds) throw error;
      }
    }
  }

  /** Reads the holds of earlier runs. Returns the payouts that are still to be held. */
  async #readEarlier(): Promise<Entry[]> {
    const unknown = this.#entries.filter(({ index }) => !this.rows[index] && !this.holds.has(index));
    const open: Entry[] = [];
    const sent: Entry[] = [];
    const conflicts: TakenReference[] = [];
    for (let from = 0; from < unknown.length; from += readsAtOnce) {
      await Promise.all(
        unknown.slice(from, from + readsAtOnce).map(async (entry) => {
          const { hold } = await this.#guard.internals.store.get(entry.payout.reference);
          if (!hold) return void open.push(entry);
          const difference = differenceOf(hold, entry.payout, this.#wallet.key);
          const { reference, state } = hold;
          if (difference) conflicts.push({ reference, state, difference });
          if (difference) return this.#set(entry, { reference, outcome: 'taken', amount: entry.amount });
          if (mayBeHeldAgain(hold)) return void open.push(entry);
          if (state === 'reserved') return (await this.#hasResumed(entry)) ? undefined : void open.push(entry);
          this.#setEarlier(entry, hold);
          if (isUndecided(hold)) sent.push(entry);
        }),
      );
    }
    await Promise.all(sent.slice(0, lookUpsAtStart).map((entry) => this.#lookUp(entry)));
    if (conflicts.length > 0 && this.#settings.policy === 'all') throw new ReferencesTakenError(conflicts);
    return open.sort((one, other) => one.index - other.index);
  }

  async #hasResumed(entry: Entry): Promise<boolean> {
    try {
      const hold = await this.#guard.resume(entry.payout.reference);
      await hold.extend(this.#settings.expiresInMs);
      this.holds.set(entry.index, hold);
      this.resumed.add(entry.index);
      return true;
    } catch {
      // It has expired meanwhile, or another run sends it. The answer of `holdAll` distinguishes the two.
      return false;
    }
  }

  /** A provider or store that does not answer leaves the payout open. */
  async #lookUp(entry: Entry): Promise<void> {
    const { reference } = entry.payout;
    try {
      await this.#guard.reconcile({ reference });
      const { hold } = await this.#guard.internals.store.get(reference);
      if (hold) this.#setEarlier(entry, hold);
    } catch (error) {
      if (!isPayoutGuardError(error)) throw error;
    }
  }

  async #holdAll(open: readonly Entry[]): Promise<void> {
    const { policy, expiresInMs, signal } = this.#settings;
    const byReference = new Map(open.map((entry) => [entry.payout.reference, entry]));
    const { holds, leftOut } = await this.#guard.holdAll(
      open.map(({ payout }) => payout.given),
      { wallet: this.#wallet.key, policy, expiresInMs, signal },
    );
    for (const hold of holds) {
      const entry = byReference.get(hold.reference);
      if (entry) this.holds.set(entry.index, hold);
    }
    const raced: Raced[] = [];
    for (const payout of leftOut) {
      const entry = byReference.get(payout.reference);
      if (!entry) continue;
      const isSame = payout.reason === 'taken' && payout.difference === undefined;
      if (isSame) raced.push({ entry, state: payout.state });
      else this.#set(entry, rowOfLeftOut(payout));
    }
    for (let from = 0; from < raced.length; from += readsAtOnce) {
      await Promise.all(raced.slice(from, from + readsAtOnce).map((one) => this.#setRaced(one)));
    }
  }

  /** Does not throw, because the batch has its holds by now. A store that does not answer costs the real debit only. */
  async #setRaced({ entry, state }: Raced): Promise<void> {
    const { reference } = entry.payout;
    // Of a taken reference, a released hold is one that failed.
    const asRefused = { reference, state, ...(state === 'released' && { failed: true as const }) };
    const hold = await this.#guard.getHold(reference).catch(() => undefined);
    this.#set(entry, ofAnotherRun(rowOf(entry.amount, hold ?? asRefused)));
  }

  #setEarlier(entry: Entry, hold: HoldRecord): void {
    this.#set(entry, ofAnotherRun(rowOf(entry.amount, holdInfo(hold))));
  }

  #set({ index }: Entry, row: BatchRow): void {
    this.rows[index] = row;
  }
}

function rowOfLeftOut(payout: LeftOutPayout): BatchRow {
  const { reference, amount, reason } = payout;
  switch (reason) {
    case 'insufficient':
      return { reference, outcome: 'doesNotFit', amount };
    case 'limit':
      return { reference, outcome: 'overLimit', amount, limit: payout.limit };
    case 'taken':
      return { reference, outcome: 'taken', amount };
    default:
      return reason satisfies never;
  }
}
