// The handle of a hold: what the code that pays gets.
import { isPromise, isSilence } from './ask-store.js';
import { assertOptions, assertPayOptions } from './call-options.js';
import type { PayOptions } from './calls.js';
import { elapsedMs, runAfter } from './clock.js';
import type { Decision } from './decision.js';
import { InvalidArgumentError } from './errors.js';
import type { HoldRecord, HoldState } from './hold.js';
import { HoldStateError } from './hold-errors.js';
import { type HoldInfo, holdInfo } from './hold-info.js';
import { formatMinorUnits, parseAmount } from './money.js';
import { longestReservationMs, type ResolvedOptions } from './options.js';
import { PayPromise } from './pay-promise.js';
import type { Hold } from './payout-guard.js';
import { asSettleFailure, type Settler, type VerdictRequest } from './settler.js';
import type { MaybePromise } from './store.js';
import type { KnownVerdict, VerdictOutbox } from './verdict-outbox.js';
import type { Wallet } from './wallet.js';

/** Pays under a handle: `payments.ts`. */
export interface PaymentRunner {
  run<T>(handle: HoldHandle, fn: (hold: Hold) => T | Promise<T>, options: PayOptions): Promise<T>;
  markSent(handle: HoldHandle): MaybePromise<HoldRecord>;
}

/** The parts of a guard that a handle works with. */
export interface HandleParts {
  readonly options: ResolvedOptions;
  readonly settler: Settler;
  readonly outbox: VerdictOutbox;
  readonly payments: PaymentRunner;
}

/** The origin of a handle. */
export interface HandleOrigin {
  readonly wallet: Wallet;
  readonly hold: HoldRecord;
  /** Distinguishes the handles of one attempt; undefined for the one that took the hold. */
  readonly sender?: string | undefined;
  /** The time of the store's clock when the hold was read, in epoch milliseconds. */
  readonly readAtMs: number;
  readonly decision?: Decision | undefined;
}

/**
 * - `idle`: nothing is under way.
 * - `sending`: `sent` waits for the store.
 * - `paying`: `pay` began.
 * - `ending`: nothing may be sent any more: a release was asked for, or `sent` was not confirmed, so the payment
 *   function did not run.
 */
type Phase = 'idle' | 'sending' | 'paying' | 'ending';

// Methods are made when they are asked for: a payout needs one or two of them, and none needs `this`.
export class HoldHandle implements Hold {
  readonly reference: string;
  readonly wallet: string;
  readonly attempt: string;
  readonly amount: string;
  readonly currency: string;
  readonly decision: Decision | undefined;
  readonly #parts: HandleParts;
  readonly #origin: HandleOrigin;
  readonly #madeAtMs: number;
  #state: HoldState;
  #phase: Phase = 'idle';
  #sentAtMs: number | undefined;
  #sending: AbortController | undefined;
  #endWatch: (() => void) | undefined;

  constructor(parts: HandleParts, origin: HandleOrigin) {
    const { hold } = origin;
    this.reference = hold.reference;
    this.wallet = hold.wallet;
    this.attempt = hold.attempt;
    this.amount = formatMinorUnits(hold.amountMinor, hold.currency);
    this.currency = hold.currency.code;
    this.decision = origin.decision;
    this.#parts = parts;
    this.#origin = origin;
    this.#madeAtMs = elapsedMs(parts.options.clock);
    this.#state = hold.state;
    if (hold.state === 'sent') this.#sentAtMs = this.#madeAtMs;
  }

  get state(): HoldState {
    return this.#state;
  }

  get pay(): Hold['pay'] {
    return (fn, options = {}) => {
      if (typeof fn !== 'function') {
        const error = new InvalidArgumentError('pay', 'takes the function that makes the payment');
        return PayPromise.of(this.reference, Promise.reject(error));
      }
      try {
        assertOptions('pay', options);
        assertPayOptions(options);
        if (this.#phase !== 'idle') throw this.#begun();
      } catch (error) {
        return PayPromise.of(this.reference, Promise.reject(error));
      }
      // Decided before anything is awaited: of two calls at the same time one begins.
      this.#phase = 'paying';
      return PayPromise.of(this.reference, this.#parts.payments.run(this, fn, options));
    };
  }

  get sent(): Hold['sent'] {
    return async () => {
      // One request at a time: the store may be asked twice by a client that repeats it, and both answers are about
      // one.
      if (this.#phase !== 'idle') throw this.#begun();
      this.#phase = 'sending';
      try {
        return holdInfo(await this.#parts.payments.markSent(this));
      } finally {
        if (this.#phase === 'sending') this.#phase = 'idle';
      }
    };
  }

  get extend(): Hold['extend'] {
    return async (ms) => {
      if (!Number.isInteger(ms) || ms < 1 || ms > longestReservationMs) {
        throw new InvalidArgumentError('ms', 'must be a whole number of 1 to 2,592,000,000 milliseconds');
      }
      const { settler } = this.#parts;
      return this.#moved(await settler.move({ ...this.#named(), to: 'reserved', expiresInMs: ms }));
    };
  }

  get capture(): Hold['capture'] {
    return async (actual) => {
      const { currency, visibilityLagMs } = this.#origin.wallet;
      const actualMinor = actual === undefined ? undefined : parseAmount(actual, currency);
      return this.#end({ ...this.#named(), to: 'captured', actualMinor, visibleInMs: visibilityLagMs });
    };
  }

  get release(): Hold['release'] {
    return async ({ notSent } = {}) => {
      if (this.isPaying) throw this.#begun();
      this.#phase = 'ending';
      return this.#end({ ...this.#named(), to: 'released', notSent: notSent === true, sender: this.sender });
    };
  }

  get isPaying(): boolean {
    return this.#phase === 'paying' || this.#phase === 'sending';
  }

  get signal(): AbortSignal {
    this.#sending ??= this.#boundedSending();
    return this.#sending.signal;
  }

  /** @internal */
  get record(): HoldRecord {
    return this.#origin.hold;
  }
  /** @internal */
  get settings(): Wallet {
    return this.#origin.wallet;
  }
  /** @internal */
  get sender(): string {
    return this.#origin.sender ?? this.attempt;
  }

  /** Age of the hold, in milliseconds. @internal */
  ageMs(): number {
    const { hold, readAtMs } = this.#origin;
    return readAtMs - hold.createdAtMs + elapsedMs(this.#parts.options.clock) - this.#madeAtMs;
  }

  /** Nothing was sent with this handle, and nothing will be. @internal */
  refuseToPay(): void {
    this.#phase = 'ending';
  }

  /** Calls `end` once the hold is known to be no reservation any more. @internal */
  onceNotReserved(end: (() => void) | undefined): void {
    this.#endWatch = end;
  }

  /** Records the current state of the hold in the store. @internal */
  see(hold: HoldRecord): void {
    this.#state = hold.state;
    if (this.#endWatch && hold.state !== 'reserved') {
      this.#endWatch();
      this.#endWatch = undefined;
    }
    if (hold.state !== 'sent' || this.#sentAtMs !== undefined) return;
    this.#sentAtMs = elapsedMs(this.#parts.options.clock);
    if (this.#sending) this.#abortInTime(this.#sending);
  }

  #named(): { readonly reference: string; readonly attempt: string } {
    return { reference: this.reference, attempt: this.attempt };
  }

  #moved(hold: HoldRecord): HoldInfo {
    this.see(hold);
    return holdInfo(hold);
  }

  /** Ends the hold by the word of the application, which is kept if the store is silent. */
  #end(request: VerdictRequest): Promise<HoldInfo> {
    const verdict = { wallet: this.wallet, attempt: this.attempt, request };
    return this.#parts.outbox.watch(verdict, this.#endBy(verdict));
  }

  async #endBy(verdict: KnownVerdict): Promise<HoldInfo> {
    const { settler, outbox } = this.#parts;
    try {
      const moved = settler.move(verdict.request);
      return this.#moved(isPromise(moved) ? await moved : moved);
    } catch (error) {
      if (!isSilence(error)) throw error;
      outbox.keep(verdict, error);
      throw asSettleFailure(error, 'What became of the payout is kept, and recorded when the store responds.');
    }
  }

  #begun(): HoldStateError {
    const wanted = this.#phase === 'ending' ? 'paid: it was given up' : 'paid or released: a payment with it began';
    return new HoldStateError(this.reference, this.#state, wanted);
  }

  #boundedSending(): AbortController {
    const controller = new AbortController();
    if (this.#sentAtMs !== undefined) this.#abortInTime(controller);
    return controller;
  }

  #abortInTime(controller: AbortController): void {
    const { clock, payWithinMs } = this.#parts.options;
    const leftMs = payWithinMs - (elapsedMs(clock) - (this.#sentAtMs ?? 0));
    runAfter(clock, Math.max(0, leftMs), () =>
      controller.abort(new DOMException('payWithinMs is over', 'TimeoutError')),
    );
  }
}
