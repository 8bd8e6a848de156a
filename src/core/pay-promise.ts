// The promise of a payout. A caller that forgets to await it is reported; an unhandled rejection would end the process,
// and with it the other payouts under way.
import { warn } from './warn.js';

export class PayPromise<T> extends Promise<T> {
  #isAwaited = false;

  // Promises that follow from this one are ordinary ones.
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  // biome-ignore lint/suspicious/noThenProperty: it is how a promise learns that it is awaited.
  override then<R = T, E = never>(
    onFulfilled?: ((value: T) => R | PromiseLike<R>) | null,
    onRejected?: ((reason: unknown) => E | PromiseLike<E>) | null,
  ): Promise<R | E> {
    this.#isAwaited = true;
    return super.then(onFulfilled, onRejected);
  }

  /** True while the caller does not wait for the end of this payout. */
  static isForgotten(promise: Promise<unknown>): boolean {
    return promise instanceof PayPromise && !promise.#isAwaited;
  }

  /** Watches a payout that has begun. */
  static of<T>(reference: unknown, payout: Promise<T>): PayPromise<T> {
    const promise: PayPromise<T> = new PayPromise<T>((resolve, reject) => {
      payout.then(resolve, (error: unknown) => {
        // Handled here: one that nothing awaits is a warning, and no unhandled rejection.
        Promise.prototype.then.call(promise, undefined, () => {});
        reject(error);
        // A turn later: `await` asks for the result in a microtask.
        setImmediate(() => promise.#report(reference, error));
      });
    });
    return promise;
  }

  #report(reference: unknown, error: unknown): void {
    if (this.#isAwaited) return;
    const shown = typeof reference === 'string' ? ` ${reference.slice(0, 128)}` : '';
    warn(
      'PAYOUT_GUARD_NOT_AWAITED',
      `Payout${shown} failed and nothing awaits it: put \`await\` before pay() or withHold().`,
      error,
    );
  }
}
