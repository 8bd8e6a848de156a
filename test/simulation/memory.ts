// The stores for the holds of a history.
import {
  type HoldRecord,
  type HoldState,
  type HoldStore,
  type MaybePromise,
  memoryStore,
  type WalletTotals,
} from 'payout-guard';
import { atOnce } from './answers.js';
import { mostReferencesOf } from './payrolls.js';
import type { Process } from './process.js';
import { mayBePaid } from './truth.js';
import { wired } from './wire.js';
import type { World } from './world.js';

export interface Memory {
  /** The state shared by all processes, for checks. Nothing is lost or delayed on this path. */
  readonly store: HoldStore;
  /** Open holds are being restored after a loss. Until then some may be missing, and nothing is approved. */
  readonly isRecovering: boolean;
  /** Holds whose requests were refused, because the store's answer was lost or late, are released. */
  readonly undoesRefused: boolean;
  begin(): MaybePromise<void>;
  /** The store as a process has it. */
  storeOf(process: Process): HoldStore;
  contents(): MaybePromise<Contents>;
  /** Forgets everything, if there is something and the library withstands it now. Resolves to true if it did. */
  lose(): MaybePromise<boolean>;
  end(): MaybePromise<void>;
  /** Sets back the clock of the store's machine. */
  setClockBack(ms: number): void;

  /** The slowest message between a process and the store, in milliseconds. */
  slowestMs(): number;
  /** The time that a late request spends in a queue, in milliseconds. */
  queuedMs(): number;
  /** The time after which the sender of a lost message gives up, in milliseconds. */
  unheardMs(): number;
}

/** The visible contents of a store at one moment. */
export interface Contents {
  readonly rows: Rows;
  /** The totals of each wallet. */
  readonly totals: ReadonlyMap<string, WalletTotals>;
  /** The time of the store. */
  readonly nowMs: number;
}

export type Rows = ReadonlyMap<string, HoldRecord>;

export function rowsOf(holds: readonly HoldRecord[]): Rows {
  return new Map(holds.map((row) => [row.reference, row]));
}

/** True if a hold still counts against its wallet. */
export function isOpen(state: HoldState): boolean {
  return state === 'reserved' || state === 'sent';
}

/** Longer than a message takes once nothing fails any more, in milliseconds. */
const calmMs = 100;

/** A store in the memory of this process, reached with delays as if it were remote. */
export class LocalMemory implements Memory {
  readonly isRecovering = false;
  readonly undoesRefused = false;
  readonly #world: World;
  #store: HoldStore;

  constructor(world: World) {
    this.#world = world;
    this.#store = this.#newStore();
  }

  /** A new store after a loss of memory. */
  get store(): HoldStore {
    return this.#store;
  }

  begin(): void {}

  storeOf(process: Process): HoldStore {
    return wired(this.#world, process, () => this.#store);
  }

  contents(): Contents {
    const { holds } = atOnce(this.#store.list({ limit: 1_000 }));
    return { rows: rowsOf(holds), totals: this.#totals(), nowMs: this.#world.scheduler.now() };
  }

  /** Only when nothing in it matters any more. Restoring open holds is for shared stores. */
  lose(): boolean {
    const { truth, processes } = this.#world;
    const all = [...this.#totals().values()];
    if (all.some(({ active }) => active > 0n) || all.every(({ captured }) => captured === 0n)) return false;
    if (truth.attempts.some((attempt) => attempt.isRunning || mayBePaid(attempt))) return false;
    if (processes.some(({ hasPayoutUnderWay }) => hasPayoutUnderWay)) return false;
    this.#store = this.#newStore();
    truth.forget();
    return true;
  }

  end(): void {}

  /** No effect: the store's clock is that of the history. */
  setClockBack(): void {}

  slowestMs(): number {
    const { isCalm, settings } = this.#world;
    return isCalm ? Math.min(settings.slowestStoreMs, calmMs) : settings.slowestStoreMs;
  }

  queuedMs(): number {
    return this.slowestMs();
  }

  unheardMs(): number {
    return this.#world.random.upTo(this.slowestMs());
  }

  #totals(): Map<string, WalletTotals> {
    return new Map(this.#world.settings.wallets.map(({ key }) => [key, atOnce(this.#store.totals(key))]));
  }

  #newStore(): HoldStore {
    const { scheduler, settings, payrolls } = this.#world;
    // More references than a history captures, and fewer than a crowd reserves.
    const rememberFinished = settings.crowd > 0 ? 4 * settings.payouts + mostReferencesOf(payrolls) : undefined;
    const store = memoryStore({ clock: scheduler, rememberFinished });
    return this.#world.mutant?.store?.(store, this.#world) ?? store;
  }
}
