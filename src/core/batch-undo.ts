// Releases reservations of a batch that was given up half way. Nothing was sent for them and they expire, so failures
// are not reported. A silent store is asked again for as long as it takes, because reservations may last for days.
import { askStore, isSilence } from './ask-store.js';
import { runAfter } from './clock.js';
import type { HoldRecord } from './hold.js';
import type { ResolvedOptions } from './options.js';

/** First and longest wait between tries, in milliseconds. */
const firstDelayMs = 1_000;
const longestDelayMs = 30_000;
/** Releases under way at once: other operations must find room beside them. */
const atOnce = 100;

type Given = Pick<HoldRecord, 'reference' | 'attempt'>;

export class BatchUndo {
  readonly #options: ResolvedOptions;
  #waiting = new Set<Given>();
  #delayMs = firstDelayMs;
  #cancel: (() => void) | undefined;
  #isClosed = false;

  constructor(options: ResolvedOptions) {
    this.#options = options;
  }

  /** Tries once. What the store did not answer is tried again in the background. */
  async release(holds: readonly Given[]): Promise<void> {
    for (const hold of holds) this.#waiting.add(hold);
    await this.#tryAll();
  }

  /** Tries once more, and then no more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel?.();
    await this.#tryAll();
  }

  async #tryAll(): Promise<void> {
    const holds = [...this.#waiting];
    for (let from = 0; from < holds.length; from += atOnce) {
      const answered = await Promise.all(holds.slice(from, from + atOnce).map((hold) => this.#tryOne(hold)));
      // A store that is silent is not asked for all the others.
      if (answered.includes(false)) return this.#later();
    }
    this.#delayMs = firstDelayMs;
  }

  /** Resolves to false if the store did not answer. */
  async #tryOne(hold: Given): Promise<boolean> {
    const { reference, attempt } = hold;
    // Not of another handle, that resumed the reservation and was given to send it.
    const request = { reference, attempt, to: 'released', notSent: true, sender: attempt } as const;
    try {
      const { outcome } = await askStore(this.#options.store, (store) => store.settle(request));
      if (outcome === 'recovering') return false;
    } catch (error) {
      // Anything but silence would be the same the next time.
      if (isSilence(error)) return false;
    }
    this.#waiting.delete(hold);
    return true;
  }

  #later(): void {
    if (this.#isClosed || this.#cancel) return;
    this.#cancel = runAfter(this.#options.clock, this.#delayMs, () => {
      this.#cancel = undefined;
      this.#delayMs = Math.min(this.#delayMs * 2, longestDelayMs);
      void this.#tryAll();
    });
  }
}
