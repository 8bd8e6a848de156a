// A guard that only observes: it refuses nothing and delays nothing, and reports what the real one would have refused.
import { Decision } from './decision.js';
import {
  type BalanceUnavailableReason,
  InvalidArgumentError,
  isPayoutGuardError,
  type PayoutGuardErrorCode,
} from './errors.js';
import type { HoldState } from './hold.js';
import type { HoldInfo } from './hold-info.js';
import { type InsufficientFundsError, isInsufficientFunds } from './insufficient-funds.js';
import { formatMinorUnits } from './money.js';
import { PayPromise } from './pay-promise.js';
import type { AmountInput, CheckOptions, Hold, HoldOptions, PayOptions, PayoutGuard } from './payout-guard.js';
import { warn } from './warn.js';

/** A payout that would have been refused. Contains balances: for operators. */
export interface ObservedRefusal {
  readonly at: Date;
  readonly code: PayoutGuardErrorCode;
  /** The reason why the balance was unavailable, if it was. */
  readonly reason?: BalanceUnavailableReason;
  readonly wallet?: string;
  readonly reference?: string;
  /** Amount plus fee, decimal text; of insufficient funds. */
  readonly required?: string;
  /** The amount that could have been spent, decimal text; of insufficient funds. */
  readonly spendable?: string;
}

/** Results of an observing guard since it was made. Contains balances: for operators. */
export interface ObserveReport {
  readonly since: Date;
  /** Checks and holds that would have been approved. */
  readonly approved: number;
  /** Checks and holds that would have been refused. */
  readonly refused: number;
  /** The same by code. */
  readonly refusedBy: Readonly<Partial<Record<PayoutGuardErrorCode, number>>>;
  /** The last 1,000 of them, oldest first. */
  readonly refusals: readonly ObservedRefusal[];
  /**
   * By wallet, the sum of payouts that the wallet did not cover and that were not proved to have failed: at most so
   * much was overspent. Decimal text.
   */
  readonly overspent: Readonly<Record<string, string>>;
}

/** A guard that refuses nothing, and its report. */
export interface ObservingGuard extends PayoutGuard {
  readonly report: () => ObserveReport;
}

/**
 * Wraps a guard so that every check and hold is approved at once, whatever the real one says; the report shows what it
 * would have refused. For the time before you rely on it: a process warning says so at start, and every metric does.
 *
 * The real guard takes and settles real holds, in the background. Decisions have the real numbers when they are there
 * at once, and zeros otherwise.
 *
 * @example
 * ```ts
 * const guard = observing(createPayoutGuard(options));
 * ```
 */
export function observing(guard: PayoutGuard): ObservingGuard {
  warn('PAYOUT_GUARD_OBSERVE', 'This guard only observes: it refuses no payout.');
  const log = new ObserveLog(guard);

  const checkFunds = (amount: AmountInput, options: CheckOptions = {}): Promise<Decision> => {
    const real = guard.checkFunds(amount, options).then(
      (decision) => (decision.sufficient ? log.approved(decision) : log.insufficient(decision, options)),
      (error) => log.refused(error, options),
    );
    return atOnce(real, () => undecided(options.wallet));
  };

  const hold = (given: HoldOptions | (() => HoldOptions)): Promise<Hold> => {
    let options: Partial<HoldOptions> = {};
    const read = (): HoldOptions => {
      const request = typeof given === 'function' ? given() : given;
      options = request;
      return request;
    };
    const taking = guard.hold(read);
    const real = taking.then(
      (taken) => {
        if (taken.decision) log.approved(taken.decision);
        return taken;
      },
      (error): undefined => {
        log.refused(error, options);
        return undefined;
      },
    );
    return atOnce<Hold>(
      real.then((taken) => new ObservedHold(log, options, Promise.resolve(taken), taken)),
      () => new ObservedHold(log, options, real, undefined),
    );
  };

  const refuse = (error: unknown): void => {
    try {
      guard.internals.refuse(error);
    } catch (refusal) {
      log.refused(refusal, {});
    }
  };

  return {
    ...methodsOf(guard),
    assertSufficientFunds: checkFunds,
    checkFunds,
    hold,
    prepare: async (options) => {
      const observed = () => new ObservedHold(log, options, Promise.resolve(undefined), undefined);
      const refused = (error: unknown) => {
        log.refused(error, options);
        return observed();
      };
      try {
        const prepared = await guard.prepare(options);
        return { ...prepared, hold: (store) => prepared.hold(store).catch(refused) };
      } catch (error) {
        log.refused(error, options);
        return { reference: options.reference, decision: undecided(options.wallet), hold: async () => observed() };
      }
    },
    resume: async (reference) => {
      try {
        return await guard.resume(reference);
      } catch (error) {
        log.refused(error, { reference });
        return new ObservedHold(log, { reference }, Promise.resolve(undefined), undefined);
      }
    },
    withHold: (options, fn) => {
      if (typeof fn !== 'function') return rejectedCall('withHold', options?.reference);
      const { settles, returns, ...request } = options ?? {};
      return PayPromise.of(
        request.reference,
        hold({ ...request, state: 'sent' }).then((taken) => taken.pay(fn, { settles, returns })),
      );
    },
    // The real hold first; that it does not exist because it was refused is no reason to refuse the call.
    capture: (reference, ...more) =>
      guard.capture(reference, ...more).catch((error) => log.unsettled(error, reference, 'captured')),
    release: (reference, options) =>
      guard.release(reference, options).catch((error) => log.unsettled(error, reference, 'released')),
    internals: { ...guard.internals, observes: true, refuse },
    report: () => log.report(),
  };
}

/** A wrong call that nothing can be paid by: it is no refusal of a payout. */
function rejectedCall(argument: string, reference: unknown): Promise<never> {
  const error = new InvalidArgumentError(argument, 'takes the function that makes the payment');
  return PayPromise.of(reference, Promise.reject(error));
}

/** The unchanged methods. The methods of a guard need no `this`. */
function methodsOf(guard: PayoutGuard): PayoutGuard {
  const { assertSufficientFunds, checkFunds, funds, hold, prepare, resume, withHold, capture, release, internals } =
    guard;
  const { getHold, listHolds, reconcile, freeze, unfreeze, on, close } = guard;
  const calls = {
    assertSufficientFunds,
    checkFunds,
    funds,
    hold,
    prepare,
    resume,
    withHold,
    capture,
    release,
    internals,
  };
  const more = { getHold, listHolds, reconcile, freeze, unfreeze, on, close };
  return { ...calls, ...more, [Symbol.asyncDispose]: async () => void (await close()) };
}

/** The answer if it is there within this turn of the event loop, else another one: nothing is waited for. */
function atOnce<T>(real: Promise<T>, otherwise: () => T): Promise<T> {
  const turn = new Promise<T>((resolve) => setImmediate(() => resolve(otherwise())));
  return Promise.race([real, turn]);
}

/** An approval without numbers. */
function undecided(wallet: unknown): Decision {
  const snapshot = {
    availableMinor: 0n,
    capturedMarkMinor: 0n,
    epoch: '',
    requestedAtMs: 0,
    requestedElapsedMs: 0,
    receivedAtMs: 0,
  };
  const requirement = {
    wallet: {
      key: typeof wallet === 'string' ? wallet : 'default',
      currency: { code: 'XXX', exponent: 0 },
      floorMinor: 0n,
    },
    requiredMinor: 0n,
  };
  return new Decision(snapshot, { epoch: '', active: 0n, captured: 0n }, requirement, 0n);
}

type About = { readonly wallet?: unknown; readonly reference?: unknown };

const mostRefusals = 1_000;

class ObserveLog {
  readonly #guard: PayoutGuard;
  readonly #sinceMs: number;
  readonly #refusals: ObservedRefusal[] = [];
  readonly #refusedBy = new Map<PayoutGuardErrorCode, number>();
  readonly #overspentMinor = new Map<string, bigint>();
  /** Amounts that were not covered, by reference: what turns out not to be paid is taken back. */
  readonly #uncovered = new Map<string, Decision>();
  #approved = 0;
  #refused = 0;

  constructor(guard: PayoutGuard) {
    this.#guard = guard;
    this.#sinceMs = guard.internals.clock.now();
  }

  approved(decision: Decision): Decision {
    this.#approved += 1;
    return decision;
  }

  insufficient(decision: Decision, about: About): Decision {
    this.#note('insufficient_funds', about, { required: decision.required, spendable: decision.spendable });
    this.#overspend(decision, 1n);
    return undecided(decision.wallet);
  }

  /** Anything that is no error of this library is a mistake in it, and is reported. */
  refused(error: unknown, about: About): Decision {
    if (!isPayoutGuardError(error)) {
      warn('PAYOUT_GUARD_OBSERVE', 'The observed guard failed.', error);
      return undecided(about.wallet);
    }
    if (isInsufficientFunds(error)) {
      const { decision } = error as InsufficientFundsError;
      if (typeof about.reference === 'string') this.#remember(about.reference, decision);
      return this.insufficient(decision, about);
    }
    const { reason } = error as { reason?: BalanceUnavailableReason };
    this.#note(error.code, about, error.code === 'balance_unavailable' && reason ? { reason } : {});
    return undecided(about.wallet);
  }

  /** A call that would have been refused; its answer is made up. */
  unsettled(error: unknown, reference: string, state: HoldState): HoldInfo {
    if (state === 'released') this.notPaid(reference);
    else this.#uncovered.delete(reference);
    if (!isPayoutGuardError(error)) warn('PAYOUT_GUARD_OBSERVE', 'The observed guard failed.', error);
    return imaginedInfo({ reference }, state, this.#guard.internals.clock.now());
  }

  /** A payout that the wallet did not cover was not made. */
  notPaid(reference: string): void {
    const decision = this.#uncovered.get(reference);
    if (decision) this.#overspend(decision, -1n);
    this.#uncovered.delete(reference);
  }

  now(): number {
    return this.#guard.internals.clock.now();
  }

  report(): ObserveReport {
    const overspent = [...this.#overspentMinor].map(([wallet, minor]) => {
      const { currency } = this.#guard.internals.wallet(wallet);
      return [wallet, formatMinorUnits(minor, currency)];
    });
    return {
      since: new Date(this.#sinceMs),
      approved: this.#approved,
      refused: this.#refused,
      refusedBy: Object.fromEntries(this.#refusedBy),
      refusals: [...this.#refusals],
      overspent: Object.fromEntries(overspent),
    };
  }

  #note(code: PayoutGuardErrorCode, about: About, more: Partial<ObservedRefusal>): void {
    const { wallet, reference } = about;
    this.#refused += 1;
    this.#refusedBy.set(code, (this.#refusedBy.get(code) ?? 0) + 1);
    if (this.#refusals.length === mostRefusals) this.#refusals.shift();
    this.#refusals.push({
      at: new Date(this.now()),
      code,
      ...(typeof wallet === 'string' && { wallet }),
      ...(typeof reference === 'string' && { reference }),
      ...more,
    });
  }

  #remember(reference: string, decision: Decision): void {
    const [oldest] = this.#uncovered.keys();
    if (oldest !== undefined && this.#uncovered.size >= mostRefusals) this.#uncovered.delete(oldest);
    this.#uncovered.set(reference, decision);
  }

  #overspend(decision: Decision, sign: bigint): void {
    const { wallet } = decision;
    this.#overspentMinor.set(wallet, (this.#overspentMinor.get(wallet) ?? 0n) + sign * decision.requiredMinor());
  }
}

/** The hold of an observing guard. Behind it is a real one, or none that was granted; no caller waits for it. */
class ObservedHold implements Hold {
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

function imaginedInfo(
  about: { reference: string; wallet?: string; amount?: string; currency?: string; attempt?: string },
  state: HoldState,
  nowMs: number,
): HoldInfo {
  const { reference, wallet = 'default', amount = '0', currency = 'XXX', attempt = '' } = about;
  return { reference, wallet, state, attempt, amount, currency, createdAt: new Date(nowMs), metadata: {} };
}
