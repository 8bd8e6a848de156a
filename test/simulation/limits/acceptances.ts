// The memories of the store, one after each loss of data, and the operators who accepted their counters.

interface StoreMemory {
  /** The time of the store's clock at the loss before it. */
  readonly lostAtMs: number;
  /** Wallets whose counters an operator may have accepted: the answer may be lost, or still under way. */
  readonly mayBeAccepted: Set<string>;
  /** The step after which the answer of the store had arrived. */
  readonly acceptedAt: Map<string, number>;
}

export class Acceptances {
  readonly #memories: StoreMemory[] = [
    { lostAtMs: Number.NEGATIVE_INFINITY, mayBeAccepted: new Set(), acceptedAt: new Map() },
  ];
  /** Wallets with a request of an operator that was never answered. It may arrive after a loss. */
  readonly #unanswered = new Map<string, number>();

  /** The number of the memory that the store has now. */
  get current(): number {
    return this.#memories.length - 1;
  }

  /** The time of the last loss. */
  get lostAtMs(): number {
    return this.#memory(this.current).lostAtMs;
  }

  lose(nowMs: number): void {
    const mayBeAccepted = new Set([...this.#unanswered].flatMap(([wallet, count]) => (count > 0 ? [wallet] : [])));
    this.#memories.push({ lostAtMs: nowMs, mayBeAccepted, acceptedAt: new Map() });
  }

  /** Records a request to accept the counters of a wallet. Returns a function for its answer. */
  ask(wallet: string): (step: number) => void {
    const asked = this.current;
    this.#memory(asked).mayBeAccepted.add(wallet);
    this.#unanswered.set(wallet, (this.#unanswered.get(wallet) ?? 0) + 1);
    return (step) => {
      this.#unanswered.set(wallet, (this.#unanswered.get(wallet) ?? 0) - 1);
      // After a loss in the meantime, it is unknown which of the two memories was accepted.
      for (let memory = asked; memory <= this.current; memory++) this.#memory(memory).mayBeAccepted.add(wallet);
      const { acceptedAt } = this.#memory(asked);
      if (asked === this.current && !acceptedAt.has(wallet)) acceptedAt.set(wallet, step);
    };
  }

  mayBeAccepted(wallet: string): boolean {
    return this.#memory(this.current).mayBeAccepted.has(wallet);
  }

  /**
   * True if counters that are complete since a time may have been unknown to a request that was sent in a memory, after
   * a step.
   */
  wereUnknown(wallet: string, sinceMs: number, asked: { readonly memory: number; readonly step: number }): boolean {
    for (let number = asked.memory; number <= this.current; number++) {
      const { lostAtMs, acceptedAt } = this.#memory(number);
      if (sinceMs >= lostAtMs && (acceptedAt.get(wallet) ?? Number.POSITIVE_INFINITY) > asked.step) return true;
    }
    return false;
  }

  #memory(number: number): StoreMemory {
    return this.#memories[number] as StoreMemory;
  }
}
