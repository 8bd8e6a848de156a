// The gauges of wallets at each collection: whether they are frozen, and their balances if they were asked for.
import type { Attributes, BatchObservableResult } from '@opentelemetry/api';
import type { Funds } from '../core/calls.js';
import { runAfter } from '../core/clock.js';
import type { PayoutGuard } from '../core/payout-guard.js';
import type { WalletLabels } from './attributes.js';
import type { Instruments } from './instruments.js';

/**
 * Longest wait for a wallet during a collection, in milliseconds: a scraper gives up after ten seconds, on everything.
 */
const patienceMs = 4_000;

export interface ObservedWalletsOptions {
  readonly guard: PayoutGuard;
  readonly labels: WalletLabels;
  readonly common: Attributes;
  /** Wallets that may be named. */
  readonly listed: readonly string[] | undefined;
  readonly showsBalances: boolean;
}

export class ObservedWallets {
  readonly #options: ObservedWalletsOptions;
  /**
   * Wallets that this process froze, or was refused. Read again at each collection: another process may have unfrozen
   * them.
   */
  readonly #frozen = new Set<string>();
  // SDKs repeat the last value of a series that is no longer observed. So every series continues: the number of frozen
  // wallets as zero, a balance that could not be read as not a number.
  readonly #frozenLabels: Set<string | undefined>;
  readonly #shown = new Map<string | undefined, Attributes>();

  constructor(options: ObservedWalletsOptions) {
    this.#options = options;
    const { listed = [undefined], labels } = options;
    this.#frozenLabels = new Set(listed.map((wallet) => labels.of(wallet)['payout_guard.wallet']));
  }

  setFrozen(wallet: string, isFrozen: boolean): void {
    if (isFrozen) this.#frozen.add(wallet);
    else this.#frozen.delete(wallet);
  }

  async observe(result: BatchObservableResult, instruments: Instruments): Promise<void> {
    const { listed = [undefined], showsBalances } = this.#options;
    const shown: readonly (string | undefined)[] = showsBalances ? listed : [];
    const others = [...this.#frozen].filter((wallet) => !shown.includes(wallet));
    await Promise.all([
      ...shown.map(async (wallet) => this.#showBalances(wallet, await this.#read(wallet), result, instruments)),
      ...others.map((wallet) => this.#read(wallet)),
    ]);
    this.#showFrozen(result, instruments);
  }

  // The guard reports why a balance could not be read, as a failure of its provider.
  async #read(wallet: string | undefined): Promise<Funds | undefined> {
    const { guard } = this.#options;
    const patience = new AbortController();
    const cancel = runAfter(guard.internals.clock, patienceMs, () => patience.abort());
    try {
      const funds = await guard.funds({ wallet, signal: patience.signal });
      this.setFrozen(funds.wallet, funds.frozen !== undefined);
      return funds;
    } catch {
      return undefined;
    } finally {
      cancel();
    }
  }

  #showBalances(
    wallet: string | undefined,
    funds: Funds | undefined,
    result: BatchObservableResult,
    { balances }: Instruments,
  ): void {
    const { common, labels } = this.#options;
    if (funds) {
      this.#shown.set(wallet, { ...common, 'payout_guard.currency': funds.currency, ...labels.of(funds.wallet) });
    }
    const attributes = this.#shown.get(wallet);
    // It was never read, so there is no series to continue.
    if (!attributes) return;
    // Metrics are doubles. No decision uses them.
    result.observe(balances.available, funds ? Number(funds.available) : Number.NaN, attributes);
    result.observe(balances.held, funds ? Number(funds.held) : Number.NaN, attributes);
    result.observe(balances.spendable, funds ? Number(funds.spendable) : Number.NaN, attributes);
  }

  /** The number of frozen wallets under each label, which is one wallet if it is listed. */
  #showFrozen(result: BatchObservableResult, { frozen }: Instruments): void {
    const { common, labels } = this.#options;
    const counts = new Map([...this.#frozenLabels].map((label) => [label, 0]));
    for (const wallet of this.#frozen) {
      const label = labels.of(wallet)['payout_guard.wallet'];
      counts.set(label, (counts.get(label) ?? 0) + 1);
    }
    for (const [label, count] of counts) {
      this.#frozenLabels.add(label);
      result.observe(frozen, count, { ...common, ...(label !== undefined && { 'payout_guard.wallet': label }) });
    }
  }
}
