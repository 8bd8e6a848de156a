// Read this first: what a guard does, top-down.
import { abandonable } from './deadline.js';
import { Decision, decide, type Requirement, type Snapshot, spendableMinor } from './decision.js';
import {
  BalanceUnavailableError,
  ConfigurationError,
  CurrencyMismatchError,
  InsufficientFundsError,
} from './errors.js';
import { type AmountInput, addMinorUnits, formatMinorUnits, parseAmount, parseNonNegative } from './money.js';
import { type PayoutGuardOptions, type ResolvedOptions, resolveOptions } from './options.js';
import { type Reading, Snapshots } from './snapshots.js';
import { isPromise, type MaybePromise, readTotals, type WalletTotals } from './store.js';

/** Which wallet, and how long to wait. */
export interface WalletOptions {
  /**
   * Key of the wallet. Comes from your configuration, never from the body of a request.
   * @defaultValue the `wallet` of the guard
   */
  wallet?: string | undefined;
  /**
   * Ask the provider even if a young balance is remembered.
   * @defaultValue false
   */
  refresh?: boolean | undefined;
  /** Stops the wait of this call, which then rejects with the reason of the signal. A shared request goes on. */
  signal?: AbortSignal | undefined;
}

/** What else a check may be told. */
export interface CheckOptions extends WalletOptions {
  /**
   * What the provider will charge on top, in major units; counted as part of the payout.
   * @defaultValue `'0'`
   */
  fee?: AmountInput | undefined;
  /** The currency the caller believes the amount is in. Another one than the guard's is refused. */
  currency?: string | undefined;
}

/** A wallet for display: contains balances. Amounts are decimal text in major units. */
export interface Funds {
  readonly wallet: string;
  readonly currency: string;
  /** What the provider says can be spent. */
  readonly available: string;
  /** Sum of the open holds. */
  readonly held: string;
  /** What may still be paid out: `available - floor - held - captured since`. May be negative. */
  readonly spendable: string;
  /** The minimum balance that is never spent. */
  readonly floor: string;
  /** When the balance was asked for. */
  readonly asOf: Date;
  /** How long ago that was, in milliseconds. */
  readonly ageMs: number;
  /** Other figures the provider sent, such as a ledger balance. Never part of a decision. */
  readonly details: Readonly<Record<string, string>>;
}

/** Stands between a payment API and a payout. No method needs `this`: they are safe to destructure. */
export interface PayoutGuard {
  /**
   * Resolves when the wallet covers the amount (plus fee, above floor and open holds), rejects otherwise. Advice only: it
   * takes no hold, so two checks at the same time may both be told yes.
   *
   * @throws {@link InsufficientFundsError} not enough.
   * @throws {@link BalanceUnavailableError} cannot tell: no balance, an odd or old one, no store.
   * @throws {@link CurrencyMismatchError} the provider's or the caller's currency is another one.
   * @throws {@link InvalidAmountError} the amount or fee is not exact money.
   * @throws {@link ConfigurationError} the wallet is not one of this guard.
   */
  readonly assertSufficientFunds: (amount: AmountInput, options?: CheckOptions) => Promise<Decision>;
  /** As `assertSufficientFunds`, but "not enough" is an answer: `decision.sufficient`. "Cannot tell" still rejects. */
  readonly checkFunds: (amount: AmountInput, options?: CheckOptions) => Promise<Decision>;
  /** The wallet for display. @throws {@link BalanceUnavailableError} {@link CurrencyMismatchError} {@link ConfigurationError} */
  readonly funds: (options?: WalletOptions) => Promise<Funds>;
  /** Ends requests under way and lets go of all timers. Later calls reject. Does not close a store that was passed in. */
  readonly close: () => Promise<void>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}

/**
 * Makes a guard.
 *
 * @throws {@link ConfigurationError} naming every problem of the options.
 * @example
 * ```ts
 * const guard = createPayoutGuard({ provider: jpay({ baseUrl, appKey, appSecret }), currency: 'KES' });
 * await guard.assertSufficientFunds('1500.00');
 * ```
 */
export function createPayoutGuard(options: PayoutGuardOptions): PayoutGuard {
  return new Guard(resolveOptions(options), options.store === undefined);
}

class Guard implements PayoutGuard {
  readonly #options: ResolvedOptions;
  readonly #snapshots: Snapshots;
  readonly #ownsStore: boolean;
  #closed = false;

  constructor(options: ResolvedOptions, ownsStore: boolean) {
    this.#options = options;
    this.#snapshots = new Snapshots(options);
    this.#ownsStore = ownsStore;
  }

  readonly assertSufficientFunds = async (amount: AmountInput, options: CheckOptions = {}): Promise<Decision> => {
    const decided = this.#check(amount, options);
    const decision = isPromise(decided) ? await decided : decided;
    if (!decision.sufficient) throw new InsufficientFundsError(decision, this.#options.insufficientFundsStatus);
    return decision;
  };

  readonly checkFunds = async (amount: AmountInput, options: CheckOptions = {}): Promise<Decision> =>
    this.#check(amount, options);

  readonly funds = async (options: WalletOptions = {}): Promise<Funds> => {
    this.#assertOpen();
    const { currency, floorMinor, clock } = this.#options;
    const wallet = this.#wallet(options.wallet);
    let reading = await this.#read(wallet, options);
    let totals = await this.#totals(wallet);
    if (totals.epoch !== reading.snapshot.epoch) {
      reading = await this.#read(wallet, { ...options, refresh: true });
      totals = await this.#totals(wallet);
      if (totals.epoch !== reading.snapshot.epoch) throw storeLostItsMemory();
    }
    const { snapshot, details } = reading;
    const text = (minor: bigint) => formatMinorUnits(minor, currency);
    return {
      wallet,
      currency: currency.code,
      available: text(snapshot.availableMinor),
      held: text(totals.active),
      spendable: text(spendableMinor(snapshot, totals, floorMinor)),
      floor: text(floorMinor),
      asOf: new Date(snapshot.requestedAtMs),
      ageMs: clock.now() - snapshot.requestedAtMs,
      details,
    };
  };

  readonly close = async (): Promise<void> => {
    this.#closed = true;
    this.#snapshots.close();
    if (this.#ownsStore) await this.#options.store.close();
  };

  readonly [Symbol.asyncDispose] = (): Promise<void> => this.close();

  #check(amount: AmountInput, options: CheckOptions): MaybePromise<Decision> {
    this.#assertOpen();
    const requirement = this.#requirement(amount, options);
    return this.#decide(requirement, options, (snapshot) => this.#advise(snapshot, requirement));
  }

  /** One attempt that takes no hold. Undefined: the snapshot's mark belongs to another epoch of the store and is void. */
  #advise(snapshot: Snapshot, requirement: Requirement): MaybePromise<Decision | undefined> {
    const within = (totals: WalletTotals) =>
      snapshot.epoch === totals.epoch ? decide(snapshot, totals, requirement) : undefined;
    const totals = this.#totals(requirement.wallet);
    return isPromise(totals) ? totals.then(within) : within(totals);
  }

  /** Decides on the remembered snapshot, without a turn of the event loop if it can; otherwise asks the provider. */
  #decide(requirement: Requirement, options: WalletOptions, attempt: Attempt): MaybePromise<Decision> {
    const { clock, alwaysRefreshAboveMinor: limit } = this.#options;
    const nowMs = clock.now();
    const refresh = options.refresh === true || (limit !== undefined && requirement.requiredMinor > limit);
    const remembered = refresh ? undefined : this.#snapshots.remembered(requirement.wallet, nowMs);
    const decision = remembered && attempt(remembered);
    return decision instanceof Decision && decision.sufficient
      ? decision
      : this.#decideAsking(requirement.wallet, { ...options, refresh }, attempt, { nowMs, remembered, decision });
  }

  /** A refusal never rests on a remembered snapshot alone, nor on a mark of another epoch: the provider is asked again. */
  async #decideAsking(wallet: string, options: WalletOptions, attempt: Attempt, before: FirstLook): Promise<Decision> {
    const snapshot = before.remembered ?? (await this.#read(wallet, options)).snapshot;
    const decision = before.remembered ? await before.decision : await attempt(snapshot);
    const isNewest = snapshot.requestedAtMs >= before.nowMs;
    if (decision && (decision.sufficient || isNewest)) return decision;

    const newer = decision ? this.#snapshots.confirm(wallet) : this.#snapshots.read(wallet, { refresh: true });
    const last = await attempt((await abandonable(newer, options.signal)).snapshot);
    if (!last) throw storeLostItsMemory();
    return last;
  }

  #requirement(amount: AmountInput, options: CheckOptions): Requirement {
    const { currency, floorMinor } = this.#options;
    if (options.currency !== undefined && options.currency !== currency.code) {
      throw new CurrencyMismatchError(currency.code, String(options.currency), 'caller');
    }
    const amountMinor = parseAmount(amount, currency);
    const feeMinor = options.fee === undefined ? 0n : parseNonNegative(options.fee, currency);
    const requiredMinor = addMinorUnits(amountMinor, feeMinor);
    return { wallet: this.#wallet(options.wallet), currency, requiredMinor, floorMinor };
  }

  #wallet(key: string | undefined): string {
    const { wallet, isWallet } = this.#options;
    if (key === undefined || key === wallet) return wallet;
    if (typeof key === 'string' && isWallet(key)) return key;
    throw new ConfigurationError([
      'wallet: this guard was not told of a wallet of that key; name it in the option wallets',
    ]);
  }

  #read(wallet: string, options: WalletOptions): Promise<Reading> {
    return abandonable(this.#snapshots.read(wallet, { refresh: options.refresh === true }), options.signal);
  }

  #totals(wallet: string): MaybePromise<WalletTotals> {
    return readTotals(this.#options.store, wallet);
  }

  #assertOpen(): void {
    if (this.#closed) throw new BalanceUnavailableError('closed');
  }
}

/** Tries to decide on a snapshot; undefined when its mark is void. */
type Attempt = (snapshot: Snapshot) => MaybePromise<Decision | undefined>;

/** What was seen before the provider was asked. */
interface FirstLook {
  readonly nowMs: number;
  readonly remembered: Snapshot | undefined;
  readonly decision: MaybePromise<Decision | undefined>;
}

function storeLostItsMemory(): BalanceUnavailableError {
  return new BalanceUnavailableError('store', { detail: 'it lost its memory while the balance was read' });
}
