// Reads the own holds and freezes of this process in turn, to detect a new epoch in time and to forget what another
// process has ended. A process without other requests would detect neither.
import type { Restoration } from './restoration.js';

/** Own holds, and own freezes, that are read in each turn. */
const readsPerTurn = 50;

export interface OwnStateReads {
  readonly hold: (reference: string) => Promise<unknown>;
  readonly wallet: (wallet: string) => Promise<unknown>;
}

export class OwnStatePoll {
  readonly #restoration: Restoration;
  readonly #reads: OwnStateReads;
  readonly #timer: NodeJS.Timeout;
  #isReading = false;

  /** @param recoveryMs - The recovery window, in milliseconds. */
  constructor(restoration: Restoration, recoveryMs: number, reads: OwnStateReads) {
    this.#restoration = restoration;
    this.#reads = reads;
    // Four turns within the recovery window: three are needed, and one may come late.
    const everyMs = recoveryMs === 0 ? 1_000 : Math.max(50, Math.floor(recoveryMs / 4));
    this.#timer = setInterval(() => void this.#read(), everyMs).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #read(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    const { own, freezes } = this.#restoration;
    const holds = own.nextReferences(readsPerTurn).map((reference) => this.#reads.hold(reference));
    const wallets = freezes.nextWallets(readsPerTurn).map((wallet) => this.#reads.wallet(wallet));
    await Promise.allSettled([...holds, ...wallets]);
    this.#isReading = false;
  }
}
