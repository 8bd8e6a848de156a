// Drift of all watched wallets: each movement is told once, whichever processes see it.
import type { Clock } from '../core/clock.js';
import type { PayoutGuard } from '../core/guard.js';
import type { AlertBook, Claim } from './alert-book.js';
import { drifted } from './conditions.js';
import { type DriftEvent, type DriftOptions, type DriftWatch, watchDrift } from './drift/index.js';

/** How drift is watched; the same for all wallets of a monitor. */
export type MonitoredDrift = Omit<DriftOptions, 'wallet' | 'onDrift'>;

/** So many wait for a store that does not answer, or for another alert of theirs to be delivered; the oldest give way. */
const maxWaiting = 100;

export class Drifts {
  readonly #book: AlertBook;
  readonly #owner: string;
  readonly #clock: Clock;
  readonly #watches: ReadonlyMap<string, DriftWatch>;
  /** Movements that are still to be told, or to be found told. */
  #waiting: DriftEvent[] = [];

  /** @param onDrift - Told when there is something to {@link claim}. */
  constructor(
    guard: PayoutGuard,
    wallets: readonly string[],
    options: MonitoredDrift | undefined,
    shared: { book: AlertBook; owner: string; clock: Clock; onDrift: () => void },
  ) {
    this.#book = shared.book;
    this.#owner = shared.owner;
    this.#clock = shared.clock;
    const onDrift = (event: DriftEvent) => {
      this.#waiting = [...this.#waiting, event].slice(-maxWaiting);
      shared.onDrift();
    };
    this.#watches = new Map(
      options ? wallets.map((wallet) => [wallet, watchDrift(guard, { ...options, wallet, onDrift })]) : [],
    );
  }

  of(wallet: string): DriftWatch | undefined {
    return this.#watches.get(wallet);
  }

  /** The alerts that this process has to deliver. What cannot be claimed now waits for the next call. Never rejects. */
  async claim(): Promise<Claim[]> {
    const claims: Claim[] = [];
    const waiting = this.#waiting.splice(0);
    for (const event of waiting) {
      let isSettled = false;
      try {
        const decide = drifted(event, this.#owner, this.#clock.now());
        const claim = await this.#book.settle(`${event.wallet}/drift`, (fact) => {
          isSettled = true;
          return decide(fact);
        });
        if (claim) claims.push(claim);
      } catch {
        // The store does not answer, which is told elsewhere.
        isSettled = false;
      }
      if (!isSettled) this.#waiting.push(event);
    }
    return claims;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#watches.values()].map((watch) => watch.close()));
  }
}
