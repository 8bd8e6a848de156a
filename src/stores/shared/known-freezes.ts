// Wallets that are known to be frozen: a database that lost data gets these freezes back.
import type { Freeze } from '../../core/store.js';

interface Known {
  readonly freeze: Freeze;
  readonly epoch: string;
}

export class KnownFreezes {
  readonly #wallets = new Map<string, Known>();

  get size(): number {
    return this.#wallets.size;
  }

  /** Records the state of a wallet. That it is not frozen counts only in the epoch in which it was frozen. */
  seen(wallet: string, freeze: Freeze | undefined, epoch: string): void {
    if (freeze) this.#wallets.set(wallet, { freeze, epoch });
    else if (this.#wallets.size > 0 && this.#wallets.get(wallet)?.epoch === epoch) this.#wallets.delete(wallet);
  }

  delete(wallet: string): void {
    this.#wallets.delete(wallet);
  }

  /** Some of the wallets. */
  nextWallets(count: number): string[] {
    return [...this.#wallets.keys()].slice(0, count);
  }

  /** Those that are not known to be frozen in this epoch. */
  notIn(epoch: string): [string, Freeze][] {
    return [...this.#wallets].flatMap(([wallet, known]) => (known.epoch === epoch ? [] : [[wallet, known.freeze]]));
  }
}
