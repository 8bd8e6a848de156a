// What is told of wallets at each collection: whether they are frozen, and their balances for who asked for them.
import type { Attributes, BatchObservableResult } from '@opentelemetry/api';
import type { Funds, PayoutGuard } from '../core/guard.js';
import type { WalletLabels } from './attributes.js';
import type { Instruments } from './instruments.js';

/** Longest wait for a wallet during a collection, in milliseconds: a scraper gives up after ten seconds, on everything. */
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
  /** What this process froze, or was refused. Looked at again at each collection: another process may have unfrozen it. */
  readonly #frozen = new Set<string>();
  // SDKs repeat the last value of a series that is not observed any more. So what was told once is told again: the number of
  // frozen wallets as zero, a balance that nobody knows as not a number.
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
      ...shown.map(async (wallet) => this.#showBalances(wallet, await this.#look(wallet), result, instruments)),
      ...others.map((wallet) => this.#look(wallet)),
    ]);
    this.#showFrozen(result, instruments);
  }

  // Why a balance cannot be told is told by the guard, as a failure of its provider.
  async #look(wallet: string | undefined): Promise<Funds | undefined> {
    try {
      const funds = await this.#options.guard.funds({ wallet, signal: AbortSignal.timeout(patienceMs) });
      this.setFrozen(funds.wallet, funds.frozen !== undefined);
      return funds;
    } catch {
      return undefined;
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
    // Nobody was ever told of it.
    if (!attributes) return;
    // Metrics are doubles. Nothing is decided on them.
    result.observe(balances.available, funds ? Number(funds.available) : Number.NaN, attributes);
    result.observe(balances.held, funds ? Number(funds.held) : Number.NaN, attributes);
    result.observe(balances.spendable, funds ? Number(funds.spendable) : Number.NaN, attributes);
  }

  /** How many are frozen under each label, which is one wallet if it is listed. */
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
