// A process that takes holds of one unit as fast as it can, and records the granted ones.
import type { HoldStore } from 'payout-guard';
import { epochOf, requestUpTo } from './redis-store.js';

export class Spender {
  /** References of granted holds. */
  readonly granted: string[] = [];
  refused = 0;
  readonly #store: HoldStore;
  readonly #name: string;
  readonly #limitMinor: bigint;
  #isOver = false;
  #epoch = 'unknown';

  constructor(store: HoldStore, name: string, limitMinor: bigint) {
    this.#store = store;
    this.#name = name;
    this.#limitMinor = limitMinor;
  }

  stop(): void {
    this.#isOver = true;
  }

  /** Runs until it is stopped, or nothing fits any more. */
  async run(): Promise<void> {
    for (let turn = 0; !this.#isOver; turn++) {
      const references = Array.from({ length: 8 }, (_, index) => `${this.#name}-${turn}-${index}`);
      const outcomes = await Promise.allSettled(references.map((reference) => this.#hold(reference)));
      for (const [index, outcome] of outcomes.entries()) {
        if (outcome.status === 'rejected') this.refused += 1;
        else if (outcome.value === 'held') this.granted.push(references[index] as string);
        else if (outcome.value === 'insufficient') this.#isOver = true;
        else if (outcome.value === 'stale_epoch') this.#epoch = await epochOf(this.#store).catch(() => 'unknown');
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async #hold(reference: string): Promise<string> {
    const more = { epoch: this.#epoch, reference, amountMinor: 1n };
    return (await this.#store.hold({ ...requestUpTo(this.#limitMinor), ...more })).outcome;
  }
}
