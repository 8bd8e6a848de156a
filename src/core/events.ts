// The events of a guard. They cost nothing without a listener: payloads are made only for listeners.
import { EventEmitter } from 'node:events';
import type { Decision } from './decision.js';
import { isPayoutGuardError, type PayoutGuardError } from './errors.js';
import type { HoldState } from './hold.js';
import type { HoldInfo } from './hold-info.js';
import { callListener } from './listener.js';
import type { StoreOperation } from './store.js';
import type { StoreFailureCause } from './store-failure.js';
import type { PayoutVerdict } from './verdict.js';
import { warn } from './warn.js';

/** The result of a reconciliation. */
export interface Reconciliation {
  /** Payouts that were made. */
  readonly captured: number;
  /** Payouts that were not made; those that failed after their debit was recorded are among them. */
  readonly released: number;
  /**
   * Payouts that were looked up and whose outcome is still not known; their money stays held. One that another process
   * looked up within the last minute is left to it and not counted.
   */
  readonly open: number;
  /** Overdue payouts that the provider has no record of: to be released once you know that they were never sent. */
  readonly neverSeen: readonly HoldInfo[];
}

/**
 * A payout that a guard leaves open when it closes. Its money stays held. One whose payment function has ended without
 * a known outcome is none of them: its hold is `sent`, as the store has it, and it is looked up later.
 */
export interface LeftOpen {
  readonly reference: string;
  readonly wallet: string;
  readonly attempt: string;
  /**
   * `paying`: the payment function, or the handler behind `requireSufficientFunds`, has not ended. Otherwise the
   * verdict that the store could not take yet: `captured` the payout was made, `released` or `failed` it was not.
   */
  readonly pending: 'paying' | 'captured' | 'released' | 'failed';
}

/** A decision was made. */
export interface DecisionEvent {
  readonly decision: Decision;
  /** Of a hold. */
  readonly reference?: string | undefined;
  /** Number of payouts, if the decision is about the sum of a `holdAll`. */
  readonly payouts?: number | undefined;
}

/** The events of a guard. They carry balances: they are for operators. */
export interface GuardEvents {
  /** A check or hold was approved. A hold has a reference. */
  approved: DecisionEvent;
  /** A check or hold was refused because funds are insufficient. */
  insufficient: DecisionEvent;
  /** A check or hold was refused for another reason. */
  checkFailed: {
    readonly error: PayoutGuardError;
    readonly wallet?: string | undefined;
    readonly reference?: string | undefined;
    /** Number of payouts, if `holdAll` was refused. */
    readonly payouts?: number | undefined;
  };
  /** A wallet was frozen by this guard, or unfrozen: then without a reason. */
  frozen: { readonly wallet: string; readonly reason?: string | undefined };
  /**
   * Daily limits refuse because the store does not know all that was held on this day: it knows everything `since`
   * then. They refuse until the end of the day, or until an operator calls `acceptLimits`. Emitted once.
   */
  limitsUnknown: { readonly wallet: string; readonly since: Date; readonly until: Date };
  /** An operator accepted what the store counts under the daily limits of a wallet. */
  limitsAccepted: { readonly wallet: string };
  /** A hold was taken. */
  held: { readonly hold: HoldInfo };
  /** A hold was captured, for the first time. */
  captured: { readonly hold: HoldInfo };
  /**
   * A payout debited more than was held for it: all of it counts, also above a limit of the wallet. After `captured`.
   */
  debitAboveHold: { readonly hold: HoldInfo };
  /** A hold was released, for the first time, by a call or a verdict. */
  released: { readonly hold: HoldInfo; readonly reason?: string | undefined };
  /**
   * A reservation was never paid and its time is over: its money is free again, since `hold.endedAt` on the store's
   * clock. Emitted by the process that took the hold, a second or more later, if it listened by then and still runs.
   */
  expired: { readonly hold: HoldInfo };
  /**
   * A payout was made although its hold had expired or was released. `perhapsTwice`: a later payout holds the
   * reference, so the same payout may have been made twice; the hold of the later one stays. Otherwise the debit is
   * recorded.
   */
  paidAfterRelease: { readonly hold: HoldInfo; readonly attempt: string; readonly perhapsTwice: boolean };
  /**
   * A look-up found this many payouts that were made under one reference. Each of them counts as a debit, with the
   * reported amount or that of the hold; after a capture at acceptance the first alone does, because the balance shows
   * the others by itself.
   */
  paidTwice: { readonly hold: HoldInfo; readonly times: number };
  /**
   * A payout that was captured because the provider debits at acceptance has failed: the provider gives the money back.
   */
  failedAfterCapture: { readonly hold: HoldInfo };
  /**
   * A sent hold is older than `overdueAfterMs`, and its outcome could not be learned. Emitted at each reconciliation.
   */
  overdue: { readonly hold: HoldInfo; readonly ageMs: number; readonly outcome: PayoutVerdict };
  /** An overdue payout that the provider has no record of. Emitted at each reconciliation. */
  neverSeen: { readonly hold: HoldInfo; readonly ageMs: number };
  /** The provider had no record of this many payouts in a row: its look-up probably does not work. */
  lookupFindsNothing: { readonly wallet: string; readonly inARow: number };
  /** The store has undecided payouts of a wallet that no process serves. */
  orphanWallet: { readonly wallet: string };
  /**
   * Sent holds that no other process looks at were looked up, by timer or `reconcile()`. `overdue` of them are reported
   * as such, and are `open` too.
   */
  reconciled: Reconciliation & { readonly overdue: number };
  /**
   * The outcome of a payout is known, and the store did not respond: its money stays held. `retried`: the guard tries
   * again until the store responds.
   */
  settlementFailed: {
    readonly reference: string;
    readonly wallet: string;
    readonly error: PayoutGuardError;
    readonly retried: boolean;
  };
  /** The outcome of a payout is known, and the store knows another one. An operator has to decide. */
  contradiction: {
    readonly reference: string;
    readonly wallet: string;
    readonly attempt: string;
    /** The state that the outcome asks for. */
    readonly wanted: 'captured' | 'released';
    /** The state that the store has. */
    readonly found: HoldState | 'unknown';
  };
  /** The guard was closed and leaves a payout open. */
  leftOpen: LeftOpen;
  /** A balance was read. */
  snapshot: {
    readonly wallet: string;
    readonly available: string;
    readonly currency: string;
    /** Time at which the balance was requested. */
    readonly asOf: Date;
    /** Time at which the answer arrived. */
    readonly receivedAt: Date;
    /** The store's captured amount just before the balance was asked for. */
    readonly capturedMark: string;
    /** The epoch of the store that `capturedMark` belongs to. */
    readonly epoch: string;
  };
  /** A balance or a payout could not be read from the provider. */
  providerFailure: { readonly wallet: string; readonly error: PayoutGuardError };
  /**
   * The store of holds did not answer, or refused an operation. Counted, because a database that is away fails every
   * payout: the first failure of an operation and code is emitted at once, and those that follow once every 10 seconds
   * with their number, and when the guard closes. The sum of `count` is the number of failures. Holds no secret.
   * Failures inside a transaction of your own (`prepared.hold`) are thrown to you alone.
   */
  storeFailure: {
    /** The name of the store: `memory`, `sqlite`, `redis`, `postgres`. */
    readonly store: string;
    readonly operation: StoreOperation;
    /** The wallet of the last of them, where the operation names one. */
    readonly wallet?: string | undefined;
    readonly cause: StoreFailureCause;
    /** The code of the database or of Node.js, such as `ECONNREFUSED`, `READONLY` or `40001`, or one of the store. */
    readonly code: string;
    /** The failure, as a sentence without its full stop. */
    readonly what: string;
    /** Advice for the operator, in sentences. */
    readonly advice: string;
    /** Number of failures of the operation and code since the last event. */
    readonly count: number;
  };
}

/** Adds a listener. Returns a function that removes it. */
export type Listen = <Name extends keyof GuardEvents>(
  name: Name,
  listener: (event: GuardEvents[Name]) => unknown,
) => () => void;

export class Events {
  readonly #emitter = new EventEmitter().setMaxListeners(0);
  /** Names with a listener; asked on every check, and several times as quick as the emitter. */
  readonly #heard = new Set<keyof GuardEvents>();
  /** Listeners that handle an event, by its name. */
  readonly #handlers = new Map<keyof GuardEvents, number>();

  on<Name extends keyof GuardEvents>(name: Name, listener: (event: GuardEvents[Name]) => unknown): () => void {
    const stop = this.tap(name, listener);
    this.#count(name, 1);
    let isOn = true;
    return () => {
      if (!isOn) return;
      isOn = false;
      stop();
      this.#count(name, -1);
    };
  }

  /** Listens without handling: an event that only taps receive is still a process warning. For metrics and records. */
  tap<Name extends keyof GuardEvents>(name: Name, listener: (event: GuardEvents[Name]) => unknown): () => void {
    const problem = `A listener of the event ${name} threw.`;
    const safely = (event: GuardEvents[Name]) => callListener(listener, event, problem);
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

  /** Returns true if a listener other than a tap receives the event. */
  isHandled(name: keyof GuardEvents): boolean {
    return (this.#handlers.get(name) ?? 0) > 0;
  }

  emit<Name extends keyof GuardEvents>(name: Name, makeEvent: () => GuardEvents[Name]): void {
    if (this.hasListener(name)) this.#emitter.emit(name, makeEvent());
  }

  /** Emits an event that must not go unnoticed: unless a listener handles it, it is a process warning. */
  alert<Name extends keyof GuardEvents>(name: Name, makeEvent: () => GuardEvents[Name], warning: Warning): void {
    this.emit(name, makeEvent);
    if (!this.isHandled(name)) warn(warning.code, warning.message, warning.error);
  }

  /** Reports an error that refuses a payout, unless it is emitted as `insufficient` anyway. */
  checkFailed(
    error: unknown,
    about: { wallet?: string | undefined; reference?: string | undefined; payouts?: number },
  ): void {
    if (!this.hasListener('checkFailed') || !isPayoutGuardError(error) || error.code === 'insufficient_funds') return;
    const { wallet, reference, payouts } = about;
    this.emit('checkFailed', () => ({ error, wallet, reference, ...(payouts !== undefined && { payouts }) }));
  }

  #count(name: keyof GuardEvents, change: 1 | -1): void {
    this.#handlers.set(name, (this.#handlers.get(name) ?? 0) + change);
  }
}

/** The process warning for an event without a listener. */
export interface Warning {
  readonly code: string;
  readonly message: string;
  readonly error?: unknown;
}
