// Soon after a payout whose outcome is open: looks it up in 2 s, 5 s, 15 s, 1 min, then as often as the timer runs,
// until the reconciliation of overdue payouts takes over.
import { askStore } from './ask-store.js';
import { runAfter } from './clock.js';
import { type HoldRecord, isUndecided } from './hold.js';
import type { ResolvedOptions } from './options.js';
import type { Outcomes } from './outcomes.js';
import type { Wallet } from './wallet.js';
import type { Wallets } from './wallets.js';

/** Waits since the end of the payment code, in milliseconds. */
const stepsMs = [2_000, 5_000, 15_000, 60_000] as const;
/** Payouts of one wallet that are followed up; the timer finds the others. */
const mostPerWallet = 1_000;

export class FollowUp {
  readonly #options: ResolvedOptions;
  readonly #wallets: Wallets;
  readonly #outcomes: Outcomes;
  /** Payouts that are followed up now, by wallet. */
  readonly #counts = new Map<string, number>();
  readonly #timers = new Set<() => void>();
  #isClosed = false;

  constructor(options: ResolvedOptions, wallets: Wallets, outcomes: Outcomes) {
    this.#options = options;
    this.#wallets = wallets;
    this.#outcomes = outcomes;
  }

  /** @param isNow - The provider may have an answer already. */
  watch(wallet: Wallet, hold: HoldRecord, isNow = false): void {
    const count = this.#counts.get(hold.wallet) ?? 0;
    if (this.#isClosed || !wallet.lookup || this.#options.reconcileEveryMs === 0 || count >= mostPerWallet) return;
    this.#counts.set(hold.wallet, count + 1);
    this.#wait(hold, 0, isNow ? 0 : stepsMs[0], 0);
  }

  close(): void {
    this.#isClosed = true;
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }

  /** @param sinceMs - How long ago the payment code ended. */
  #wait(hold: HoldRecord, step: number, delayMs: number, sinceMs: number): void {
    const cancel = runAfter(this.#options.clock, delayMs, () => {
      this.#timers.delete(cancel);
      void this.#look(hold, step, sinceMs + delayMs);
    });
    this.#timers.add(cancel);
  }

  async #look(hold: HoldRecord, step: number, sinceMs: number): Promise<void> {
    const isOpen = await this.#isStillOpen(hold);
    const { overdueAfterMs, reconcileEveryMs } = this.#options;
    if (this.#isClosed || !isOpen || sinceMs >= overdueAfterMs) return this.#end(hold);
    const nextStep = sinceMs < stepsMs[0] ? 0 : step + 1;
    const nextMs = stepsMs[nextStep] ?? sinceMs + reconcileEveryMs;
    this.#wait(hold, nextStep, nextMs - sinceMs, sinceMs);
  }

  /** Looks once. A store or a wallet that is away is asked again next time. */
  async #isStillOpen({ reference, attempt, wallet: key }: HoldRecord): Promise<boolean> {
    try {
      const { hold, nowMs } = await askStore(this.#options.store, (store) => store.get(reference));
      if (!hold || hold.attempt !== attempt || !isUndecided(hold)) return false;
      const wallet = await this.#wallets.served(key);
      if (!wallet?.lookup) return false;
      return (await this.#outcomes.learn(wallet, hold, nowMs)).end === 'open';
    } catch {
      // The reconciliation by timer reports what stays out of reach.
      return true;
    }
  }

  #end({ wallet }: HoldRecord): void {
    const count = (this.#counts.get(wallet) ?? 1) - 1;
    if (count > 0) this.#counts.set(wallet, count);
    else this.#counts.delete(wallet);
  }
}
