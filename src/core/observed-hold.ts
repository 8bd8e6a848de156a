// The hold of an observing guard.
import type { HoldOptions, PayOptions } from './calls.js';
import type { Decision } from './decision.js';
import { InvalidArgumentError, isPayoutGuardError } from './errors.js';
import type { HoldState } from './hold.js';
import type { HoldInfo } from './hold-info.js';
import { imaginedInfo, type ObserveLog, undecided } from './observe-log.js';
import { PayPromise } from './pay-promise.js';
import type { Hold } from './payout-guard.js';
import { warn } from './warn.js';

/** A wrong call that nothing can be paid by: it is no refusal of a payout. */
export function rejectedCall(argument: string, reference: unknown): Promise<never> {
  const error = new InvalidArgumentError(argument, 'takes the function that makes the payment');
  return PayPromise.of(reference, Promise.reject(error));
}

/** The answer if it is there within this turn of the event loop, else another one: nothing is waited for. */
export function atOnce<T>(real: Promise<T>, otherwise: () => T): Promise<T> {
  const turn = new Promise<T>((resolve) => setImmediate(() => resolve(otherwise())));
  return Promise.race([real, turn]);
}

/** The hold of an observing guard. Behind it is a real one, or none that was granted; no caller waits for it. */
export class ObservedHold implements Hold {
  readonly reference: string;
  readonly wallet: string;
  readonly decision: Decision;
  readonly #log: ObserveLog;
  readonly #options: Partial<HoldOptions>;
  readonly #real: Promise<Hold | undefined>;
  readonly #known: Hold | undefined;
  readonly #sending = new AbortController();
  #state: HoldState;
  #isPaying = false;

  constructor(
    log: ObserveLog,
    options: Partial<HoldOptions>,
    real: Promise<Hold | undefined>,
    known: Hold | undefined,
  ) {
    this.reference = String(options.reference);
    this.#log = log;
    this.#options = options;
    this.#real = real;
    this.#known = known;
    this.wallet = this.#known?.wallet ?? options.wallet ?? 'default';
    this.decision = this.#known?.decision ?? undecided(options.wallet);
    this.#state = options.state ?? 'reserved';
  }

  get attempt(): string {
    return this.#known?.attempt ?? '';
  }
  get amount(): string {
    return this.#known?.amount ?? String(this.#options.amount ?? '');
  }
  get currency(): string {
    return this.#known?.currency ?? this.decision.currency;
  }
  get state(): HoldState {
    return this.#known?.state ?? this.#state;
  }
  get signal(): AbortSignal {
    return this.#known?.signal ?? this.#sending.signal;
  }
  get isPaying(): boolean {
    // The real one begins a moment later.
    return this.#isPaying || this.#known?.isPaying === true;
  }

  get pay(): Hold['pay'] {
    return <T>(fn: (hold: Hold) => T | Promise<T>, options?: PayOptions): Promise<T> => {
      if (typeof fn !== 'function') return rejectedCall('pay', this.reference);
      this.#state = 'sent';
      this.#isPaying = true;
      const end = (async () => fn(this))();
      // The real hold is settled by the same end, when it is there.
      this.#behind(async (hold) => {
        if (hold) await hold.pay(() => end, options).catch(() => {});
        else await end.catch((error) => isRejection(error) && this.#log.notPaid(this.reference));
      });
      return PayPromise.of(this.reference, end);
    };
  }
  get sent(): Hold['sent'] {
    return async () => this.#move('sent', (hold) => hold.sent());
  }
  get extend(): Hold['extend'] {
    return async (ms) => this.#move(this.#state, (hold) => hold.extend(ms));
  }
  get capture(): Hold['capture'] {
    return async (actual) => this.#move('captured', (hold) => hold.capture(actual));
  }
  get release(): Hold['release'] {
    return async (options) => {
      this.#behind(async (hold) => void (hold ?? this.#log.notPaid(this.reference)));
      return this.#move('released', (hold) => hold.release(options));
    };
  }

  #move(state: HoldState, act: (hold: Hold) => Promise<HoldInfo>): Promise<HoldInfo> {
    this.#state = state;
    const imagined = () => imaginedInfo(this, state, this.#log.now());
    const real = this.#real.then((hold) => (hold ? act(hold) : imagined())).catch(() => imagined());
    return atOnce(real, imagined);
  }

  #behind(act: (hold: Hold | undefined) => Promise<unknown>): void {
    this.#real
      .then((hold) => act(hold))
      .catch((error) => warn('PAYOUT_GUARD_OBSERVE', 'An observed hold could not be settled.', error));
  }
}

function isRejection(error: unknown): boolean {
  return isPayoutGuardError(error) && error.code === 'payout_rejected';
}
