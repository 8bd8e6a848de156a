// The latest reading of each wallet. Every wallet is read for itself: one whose provider hangs delays no other.
import { askStore } from '../core/ask-store.js';
import type { Funds } from '../core/calls.js';
import { elapsedMs } from '../core/clock.js';
import type { PayoutGuard } from '../core/payout-guard.js';
import type { WalletTotals } from '../core/store.js';
import { type StatusProblem, walletStatus } from '../operate/index.js';

/** The state of knowledge about one wallet. */
export interface WalletReading {
  /** The latest funds, and the time on the monotonic clock at which they were read. */
  readonly funds?: { readonly value: Funds; readonly readAtMs: number } | undefined;
  /** The reason why the balance could not be read the last time that the provider was asked. */
  readonly problem?: StatusProblem | undefined;
  readonly totals?: WalletTotals | undefined;
  readonly isStoreUnreachable: boolean;
}

export interface ReadOptions {
  /** Takes remembered balances and asks no provider: after an event of holds, where the balance is not the news. */
  readonly isOfHolds?: boolean | undefined;
}

/** The oldest balance that is shown, beside its age, while the provider does not answer; in milliseconds. */
const oldestShownMs = 300_000;

export class WalletReadings {
  readonly #guard: PayoutGuard;
  readonly #onReading: (wallet: string, reading: WalletReading) => void;
  readonly #known = new Map<string, WalletReading>();
  /** Readings under way, by their kind and wallet: an hour of a provider that hangs is one reading. */
  readonly #underWay = new Map<string, Promise<void>>();
  readonly #listeners = new Set<() => void>();

  constructor(guard: PayoutGuard, onReading: (wallet: string, reading: WalletReading) => void) {
    this.#guard = guard;
    this.#onReading = onReading;
  }

  get isReading(): boolean {
    return this.#underWay.size > 0;
  }

  of(wallet: string): WalletReading {
    return this.#known.get(wallet) ?? { isStoreUnreachable: false };
  }

  onArrival(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Resolves when every wallet was read. Never rejects. */
  async read({ isOfHolds = false }: ReadOptions): Promise<void> {
    const wallets = this.#guard.internals.wallets();
    const readings = wallets.flatMap(({ key }) => [
      this.#once(`funds ${isOfHolds} ${key}`, () => this.#readFunds(key, isOfHolds)),
      this.#once(`totals ${key}`, () => this.#readTotals(key)),
    ]);
    await Promise.all(readings);
  }

  #once(name: string, read: () => Promise<void>): Promise<void> {
    const joined = this.#underWay.get(name);
    if (joined !== undefined) return joined;
    const reading = read().finally(() => this.#underWay.delete(name));
    this.#underWay.set(name, reading);
    return reading;
  }

  async #readFunds(wallet: string, isOfHolds: boolean): Promise<void> {
    const { funds: before, problem: known } = this.of(wallet);
    const isRemembered = before !== undefined && this.#ageMs(before) < oldestShownMs;
    const stale = { staleForDisplayMs: oldestShownMs };
    const status = await walletStatus(this.#guard, wallet, isOfHolds && isRemembered ? stale : {});
    // A remembered balance does not prove that the provider answers; that of funds shows that the store does.
    const remains = isOfHolds && known?.reason !== 'store' ? known : undefined;
    if (status.funds) return this.#keepFunds(wallet, status.funds, remains);
    // The last balance is still worth to be seen, with its age. Without the store, what is held is not known.
    const shown = isRemembered && status.problem?.reason !== 'store' && status.problem?.reason !== 'closed';
    const { funds } = shown ? await walletStatus(this.#guard, wallet, stale) : {};
    if (funds) return this.#keepFunds(wallet, funds, status.problem);
    this.#keep(wallet, { funds: undefined, problem: status.problem });
  }

  async #readTotals(wallet: string): Promise<void> {
    try {
      const totals = await askStore(this.#guard.internals.store, (store) => store.totals(wallet));
      this.#keep(wallet, { totals, isStoreUnreachable: false });
    } catch {
      // The status of the wallet has the reason.
      this.#keep(wallet, { totals: undefined, isStoreUnreachable: true });
    }
  }

  #keepFunds(wallet: string, value: Funds, problem: StatusProblem | undefined): void {
    this.#keep(wallet, { funds: { value, readAtMs: elapsedMs(this.#guard.internals.clock) }, problem });
  }

  #keep(wallet: string, part: Partial<WalletReading>): void {
    const reading = { ...this.of(wallet), ...part };
    this.#known.set(wallet, reading);
    this.#onReading(wallet, reading);
    for (const listener of this.#listeners) listener();
  }

  #ageMs({ value, readAtMs }: { readonly value: Funds; readonly readAtMs: number }): number {
    return value.ageMs + elapsedMs(this.#guard.internals.clock) - readAtMs;
  }
}
