// Finds, for each snapshot, the payouts that it may or may not show, and their outcomes.
import { askStore } from '../core/ask-store.js';
import { type HoldRecord, isOpen } from '../core/hold.js';
import type { HoldStore, WalletTotals } from '../core/store.js';
import type { Evidence } from './evidence.js';

/** A snapshot as the guard emits it, in minor units. */
export interface Reading {
  readonly number: number;
  readonly requestedAtMs: number;
  readonly receivedAtMs: number;
  readonly availableMinor: bigint;
  readonly markMinor: bigint;
  readonly epoch: string;
}

export interface ObserverOptions {
  readonly store: HoldStore;
  readonly wallet: string;
  readonly lagMs: number;
  /** A balance may show a payout that fails, until the provider has given the money back. */
  readonly mayShowFailed: boolean;
  /** No payout debits more than was held, so a snapshot is useful while its payouts are under way. */
  readonly debitsWithinHolds: boolean;
}

/** A snapshot whose payouts have not all ended. */
interface Pending {
  readonly reading: Reading;
  readonly open: Map<string, HoldRecord>;
  readonly debitsMinor: bigint[];
  furtherMinor: bigint;
}

/** Most payouts under way. With more, the snapshot is skipped. */
const maxOpen = 1_000;
/** Most snapshots that wait for payouts. With more, the oldest is skipped. */
const maxPending = 256;
/** Most readings of the store if it changes while it is read. */
const tries = 3;

export class Observer {
  readonly #options: ObserverOptions;
  /** Open holds at the last snapshot. */
  #open = new Map<string, HoldRecord>();
  #pending: Pending[] = [];
  /** Last time at which a payout that had been sent was found released, on the injected clock. */
  #releasedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: ObserverOptions) {
    this.#options = options;
  }

  /** Notes that a payout that had been sent was released. */
  released(nowMs: number): void {
    this.#releasedAtMs = nowMs;
  }

  /**
   * Reads the store after a snapshot came; one call at a time. Resolves to the snapshots whose evidence is complete
   * now, or better than before.
   *
   * @throws `BalanceUnavailableError` when the store does not respond.
   */
  async read(reading: Reading, nowMs: () => number): Promise<Evidence[]> {
    const position = await this.#position(reading);
    if (!position) return [];
    const { open, furtherMinor } = position;
    const gone = await this.#ends([...this.#open].filter(([key]) => !open.has(key)));
    for (const [key, end] of gone) if (end.state === 'open') open.set(key, end.hold);
    if ([...gone.values()].some(mayHaveBeenShown)) this.released(nowMs());
    const settled = this.#settle(gone);
    this.#open = open;
    if (this.#mayShowReleased(reading)) return settled;
    return [...settled, ...this.#await({ reading, open: new Map(open), debitsMinor: [], furtherMinor })];
  }

  #mayShowReleased({ requestedAtMs }: Reading): boolean {
    return this.#options.mayShowFailed && this.#releasedAtMs >= requestedAtMs - this.#options.lagMs;
  }

  /** Returns everything that the balance may show beyond the mark; undefined when that is not certain. */
  async #position(reading: Reading): Promise<{ open: Map<string, HoldRecord>; furtherMinor: bigint } | undefined> {
    const { lagMs } = this.#options;
    // A capture that is not in the mark has left the list by now, or not: it is in the later totals, or open.
    if (lagMs === 0) {
      const open = await this.#listOpen();
      const totals = await this.#totals();
      return open && isUsable(totals, reading)
        ? { open, furtherMinor: totals.captured - reading.markMinor }
        : undefined;
    }
    // Captures that do not count as visible yet are in no list: they are what the open holds leave of the active
    // amount. So the store must not change between the totals and the list.
    for (let attempt = 0; attempt < tries; attempt++) {
      const before = await this.#totals();
      const open = await this.#listOpen();
      const after = await this.#totals();
      if (!open || !isUsable(after, reading)) return undefined;
      if (before.active !== after.active || before.captured !== after.captured) continue;
      const lateMinor = after.active - sum([...open.values()]);
      if (lateMinor >= 0n) return { open, furtherMinor: after.captured - reading.markMinor + lateMinor };
    }
    return undefined;
  }

  async #totals(): Promise<WalletTotals> {
    return askStore(this.#options.store, (store) => store.totals(this.#options.wallet));
  }

  /**
   * Lists open holds, reserved ones first, so that a hold that is sent meanwhile is found twice and not missed. A
   * reserved hold may be paid too.
   */
  async #listOpen(): Promise<Map<string, HoldRecord> | undefined> {
    const { store, wallet } = this.#options;
    const open = new Map<string, HoldRecord>();
    for (const state of ['reserved', 'sent'] as const) {
      let after: string | undefined;
      do {
        const page = await askStore(store, (asked) => asked.list({ wallets: [wallet], state, limit: 1_000, after }));
        for (const hold of page.holds) open.set(keyOf(hold), hold);
        after = page.next;
      } while (after !== undefined && open.size <= maxOpen);
    }
    return open.size > maxOpen ? undefined : open;
  }

  /** Finds the ends of holds that are no longer open. */
  async #ends(holds: readonly (readonly [string, HoldRecord])[]): Promise<Map<string, End>> {
    const { store } = this.#options;
    const ends = await Promise.all(
      holds.map(async ([key, seen]) => {
        const { hold } = await askStore(store, (asked) => asked.get(seen.reference));
        return [key, endOf(seen, hold)] as const;
      }),
    );
    return new Map(ends);
  }

  /** Adds the ends of payouts to the snapshots that wait for them. Returns the snapshots that wait for no more. */
  #settle(gone: ReadonlyMap<string, End>): Evidence[] {
    const waiting = this.#pending;
    this.#pending = [];
    return waiting.flatMap((pending) => {
      for (const [key, end] of gone) {
        const seen = pending.open.get(key);
        if (end.state === 'open' || !seen) continue;
        pending.open.delete(key);
        if (end.state === 'forgotten' || (this.#options.mayShowFailed && mayHaveBeenShown(end))) return [];
        if (end.state === 'captured') pending.debitsMinor.push(end.debitedMinor);
        // It may have come and gone between the totals and the list: then that much more was captured and not yet
        // visible.
        else if (this.#options.lagMs > 0) pending.furtherMinor += seen.amountMinor;
      }
      return this.#await(pending);
    });
  }

  #await(pending: Pending): Evidence[] {
    if (pending.open.size === 0) return [evidenceOf(pending)];
    this.#pending.push(pending);
    if (this.#pending.length > maxPending) this.#pending.shift();
    if (!this.#options.debitsWithinHolds) return [];
    const furtherMinor = pending.furtherMinor + sum([...pending.open.values()]);
    return [evidenceOf({ ...pending, furtherMinor })];
  }
}

/** Returns true if the totals are of the epoch of the snapshot, and complete. */
function isUsable({ epoch, recoveringForMs = 0 }: WalletTotals, reading: Reading): boolean {
  return epoch === reading.epoch && recoveringForMs <= 0;
}

/** The end of a hold. A hold that was never sent has left no trace. */
type End =
  /** The list had left it out, because it moved on meanwhile. */
  | { readonly state: 'open'; readonly hold: HoldRecord }
  | { readonly state: 'captured'; readonly debitedMinor: bigint }
  | { readonly state: 'released'; readonly wasSent: boolean }
  | { readonly state: 'forgotten' };

function endOf(seen: HoldRecord, now: HoldRecord | undefined): End {
  if (!now) return { state: 'forgotten' };
  // Held again: the earlier attempt had been released, and the record no longer shows whether it was sent.
  if (now.attempt !== seen.attempt) return { state: 'released', wasSent: true };
  if (isOpen(now.state)) return { state: 'open', hold: now };
  if (now.state === 'captured') return { state: 'captured', debitedMinor: now.capturedMinor ?? now.amountMinor };
  return { state: 'released', wasSent: now.sentAtMs !== undefined };
}

function mayHaveBeenShown(end: End): boolean {
  return end.state === 'released' && end.wasSent;
}

function keyOf({ reference, attempt }: HoldRecord): string {
  return `${reference} ${attempt}`;
}

function evidenceOf({ reading, debitsMinor, furtherMinor }: Pending): Evidence {
  const { number, requestedAtMs, receivedAtMs, availableMinor, markMinor } = reading;
  return { number, requestedAtMs, receivedAtMs, availableMinor, markMinor, debitsMinor, furtherMinor };
}

function sum(holds: readonly HoldRecord[]): bigint {
  return holds.reduce((total, { amountMinor }) => total + amountMinor, 0n);
}
