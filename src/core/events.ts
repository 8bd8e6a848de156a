// What a guard tells to those who listen. Costs nothing when nobody does: payloads are made only for listeners.
import { EventEmitter } from 'node:events';
import type { Decision } from './decision.js';
import { isPayoutGuardError, type PayoutGuardError } from './errors.js';
import type { HoldInfo } from './hold-info.js';
import type { PayoutAnswer } from './provider.js';
import type { Reconciliation } from './reconciler.js';
import { warn } from './warn.js';

/** The events of a guard. They carry balances: they are for operators. */
export interface GuardEvents {
  /** A check or hold was told yes. A hold has a reference. */
  approved: { readonly decision: Decision; readonly reference?: string | undefined };
  /** A check or hold was told that funds are insufficient, or would have been in mode `observe`. */
  refused: { readonly decision: Decision; readonly reference?: string | undefined };
  /** A check or hold was refused for another reason, or would have been in mode `observe`. */
  rejected: {
    readonly error: PayoutGuardError;
    readonly wallet?: string | undefined;
    readonly reference?: string | undefined;
  };
  /** A wallet was frozen by this guard, or unfrozen: then without a reason. */
  frozen: { readonly wallet: string; readonly reason?: string | undefined };
  /** A hold was taken. */
  held: { readonly hold: HoldInfo };
  /** A hold was captured, for the first time. */
  captured: { readonly hold: HoldInfo };
  /** A hold was released, for the first time. Reservations that expire are released without an event. */
  released: { readonly hold: HoldInfo };
  /** A sent hold is older than `overdueAfterMs`, and its outcome could not be learnt. Told again at each reconciliation. */
  overdue: { readonly hold: HoldInfo; readonly ageMs: number; readonly outcome: PayoutAnswer['outcome'] };
  /**
   * Sent holds that no other process looks at were looked up, by timer or `reconcile()`. `overdue` of them are told as such, and are
   * `open` too.
   */
  reconciled: Reconciliation & { readonly overdue: number };
  /** A hold could not be settled though the outcome of its payout is known; it stays held until it is settled. */
  unsettled: { readonly reference: string; readonly error: PayoutGuardError };
  /** A balance was read. */
  snapshot: {
    readonly wallet: string;
    readonly available: string;
    readonly currency: string;
    /** When the balance was asked for. */
    readonly asOf: Date;
    /** When the answer was there. */
    readonly receivedAt: Date;
    /** What the store had counted as captured just before the balance was asked for. */
    readonly capturedMark: string;
    /** The epoch of the store that `capturedMark` belongs to. */
    readonly epoch: string;
  };
  /** A balance or a payout could not be read from the provider. */
  providerFailure: { readonly wallet: string; readonly error: PayoutGuardError };
}

export class Events {
  readonly #emitter = new EventEmitter().setMaxListeners(0);
  /** Names that somebody listens to; asked on every check, and several times as quick as the emitter. */
  readonly #heard = new Set<keyof GuardEvents>();

  on<Name extends keyof GuardEvents>(name: Name, listener: (event: GuardEvents[Name]) => void): () => void {
    const safely = (event: GuardEvents[Name]) => {
      try {
        listener(event);
      } catch (error) {
        // A listener must not change what happens to money. Its mistake is shown, not thrown into a payout.
        warn('PAYOUT_GUARD_LISTENER', `A listener of the event ${name} threw.`, error);
      }
    };
    this.#emitter.on(name, safely);
    this.#heard.add(name);
    return () => {
      this.#emitter.off(name, safely);
      if (this.#emitter.listenerCount(name) === 0) this.#heard.delete(name);
    };
  }

  hasListener(name: keyof GuardEvents): boolean {
    return this.#heard.has(name);
  }

  emit<Name extends keyof GuardEvents>(name: Name, makeEvent: () => GuardEvents[Name]): void {
    if (this.hasListener(name)) this.#emitter.emit(name, makeEvent());
  }

  /** Tells of an error that refuses a payout, unless it is told as `refused` anyway. */
  rejected(error: unknown, about: { wallet?: string | undefined; reference?: string | undefined }): void {
    if (!this.hasListener('rejected') || !isPayoutGuardError(error) || error.code === 'insufficient_funds') return;
    this.emit('rejected', () => ({ error, wallet: about.wallet, reference: about.reference }));
  }

  close(): void {
    this.#emitter.removeAllListeners();
    this.#heard.clear();
  }
}
