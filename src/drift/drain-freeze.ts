// Freezes a wallet that was drained: once for each movement, so that an operator who unfreezes it is not overruled.
const reason = 'more than the limit was debited without explanation; see the drift events';

export interface DrainFreezeOptions {
  /** Largest debit without explanation that freezes nothing, in minor units; undefined: never freezes. */
  readonly limitMinor: bigint | undefined;
  readonly freeze: (reason: string) => Promise<unknown>;
  readonly onFailure: (error: unknown) => void;
}

export class DrainFreeze {
  readonly #options: DrainFreezeOptions;
  /** The wallet is to be frozen. */
  #isDue = false;
  /** The freeze of a movement whose amount is not known yet was requested. */
  #isEarly = false;

  constructor(options: DrainFreezeOptions) {
    this.#options = options;
  }

  /** Requests the freeze of a movement whose amount is known now, unless it was requested early. */
  found(leastDebitedMinor: bigint): void {
    if (this.#isAbove(leastDebitedMinor) && !this.#isEarly) this.#isDue = true;
    this.#isEarly = false;
  }

  /** Requests the freeze of a movement that has certainly debited this much, before its amount is known. */
  proven(debitedMinor: bigint): void {
    if (this.#isEarly || !this.#isAbove(debitedMinor)) return;
    this.#isDue = true;
    this.#isEarly = true;
  }

  /** Forgets the movement whose amount is not known: the evidence on it is gone. */
  forget(): void {
    this.#isEarly = false;
  }

  /** Freezes if that was requested. Never rejects: a freeze that fails is due again at the next call. */
  async freezeIfDue(): Promise<void> {
    if (!this.#isDue) return;
    try {
      await this.#options.freeze(reason);
      this.#isDue = false;
    } catch (error) {
      this.#options.onFailure(error);
    }
  }

  #isAbove(debitedMinor: bigint): boolean {
    const { limitMinor } = this.#options;
    return limitMinor !== undefined && debitedMinor > limitMinor;
  }
}
