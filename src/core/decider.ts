// Decides a payout: on the remembered snapshot if it can, otherwise on a new one.
import { abandonable } from './deadline.js';
import { Decision, decide, type Requirement, type Snapshot } from './decision.js';
import { BalanceUnavailableError, ConfigurationError, CurrencyMismatchError, WalletFrozenError } from './errors.js';
import type { Events } from './events.js';
import { type AmountInput, addMinorUnits, parseAmount, parseNonNegative } from './money.js';
import type { ResolvedOptions } from './options.js';
import { type Reading, Snapshots } from './snapshots.js';
import { askStore, isPromise, type MaybePromise, storeIsRecovering, type WalletTotals } from './store.js';

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

/** Tries to decide on a snapshot. Undefined: its mark belongs to another epoch of the store and is void. */
export type Attempt = (snapshot: Snapshot, requirement: Requirement) => MaybePromise<Decision | undefined>;

export class Decider {
  readonly #options: ResolvedOptions;
  readonly #snapshots: Snapshots;
  readonly #events: Events;
  #closed = false;

  constructor(options: ResolvedOptions, events: Events) {
    this.#options = options;
    this.#snapshots = new Snapshots(options, events);
    this.#events = events;
  }

  /** What a payout needs of which wallet. @throws an error of this library for input that cannot be decided on. */
  requirement(amount: AmountInput, options: CheckOptions): Requirement {
    const { currency, floorMinor } = this.#options;
    if (options.currency !== undefined && options.currency !== currency.code) {
      throw new CurrencyMismatchError(currency.code, String(options.currency), 'caller');
    }
    const amountMinor = parseAmount(amount, currency);
    const feeMinor = options.fee === undefined ? 0n : parseNonNegative(options.fee, currency);
    const requiredMinor = addMinorUnits(amountMinor, feeMinor);
    return { wallet: this.wallet(options.wallet), currency, requiredMinor, floorMinor };
  }

  /** The key of the wallet that is meant. @throws {@link ConfigurationError} when the guard was not told of it. */
  wallet(key: string | undefined): string {
    const { wallet, isWallet } = this.#options;
    if (key === undefined || key === wallet) return wallet;
    if (typeof key === 'string' && isWallet(key)) return key;
    throw new ConfigurationError([
      'wallet: this guard was not told of a wallet of that key; name it in the option wallets',
    ]);
  }

  /** Decides without taking a hold. */
  advise(amount: AmountInput, options: CheckOptions): MaybePromise<Decision> {
    return this.decide(this.requirement(amount, options), options, this.#adviseOn, undefined);
  }

  readonly #adviseOn: Attempt = (snapshot, requirement) => {
    const totals = this.#totals(requirement.wallet);
    return isPromise(totals)
      ? totals.then((later) => decideWithin(snapshot, later, requirement))
      : decideWithin(snapshot, totals, requirement);
  };

  /** Decides on the remembered snapshot, without a turn of the event loop if it can; otherwise asks the provider. */
  decide(
    requirement: Requirement,
    options: WalletOptions,
    attempt: Attempt,
    reference: string | undefined,
  ): MaybePromise<Decision> {
    this.assertOpen();
    const { clock, alwaysRefreshAboveMinor: limit } = this.#options;
    const nowMs = clock.now();
    const refresh = options.refresh === true || (limit !== undefined && requirement.requiredMinor > limit);
    const remembered = refresh ? undefined : this.#snapshots.remembered(requirement.wallet, nowMs);
    const decision = remembered && attempt(remembered, requirement);
    return decision instanceof Decision && decision.sufficient
      ? this.#announced(decision, reference)
      : this.#decideAsking(requirement, { ...options, refresh }, attempt, { nowMs, remembered, decision, reference });
  }

  /** A wallet as it is now: a reading, and totals of the same epoch. */
  async position(wallet: string, options: WalletOptions): Promise<{ reading: Reading; totals: WalletTotals }> {
    this.assertOpen();
    for (const refresh of [options.refresh === true, true]) {
      const reading = await this.#read(wallet, { ...options, refresh });
      const totals = await this.#totals(wallet);
      if (totals.epoch === reading.snapshot.epoch) return { reading, totals };
    }
    throw storeLostItsMemory();
  }

  /** Freezes a wallet; without a reason, unfreezes it. */
  async freeze(wallet: string, reason: string | undefined): Promise<void> {
    this.assertOpen();
    const key = this.wallet(wallet);
    await askStore(this.#options.store, (store) => store.freeze(key, reason));
    this.#events.emit('frozen', () => ({ wallet: key, reason }));
  }

  assertOpen(): void {
    if (this.#closed) throw new BalanceUnavailableError('closed');
  }

  close(): void {
    this.#closed = true;
    this.#snapshots.close();
  }

  /** A refusal never rests on a remembered snapshot alone, nor on a mark of another epoch: the provider is asked again. */
  async #decideAsking(
    requirement: Requirement,
    options: WalletOptions,
    attempt: Attempt,
    before: FirstLook,
  ): Promise<Decision> {
    const { wallet } = requirement;
    const snapshot = before.remembered ?? (await this.#read(wallet, options)).snapshot;
    const decision = before.remembered ? await before.decision : await attempt(snapshot, requirement);
    const isNewest = snapshot.requestedAtMs >= before.nowMs;
    if (decision && (decision.sufficient || isNewest)) return this.#announced(decision, before.reference);

    const newer = decision ? this.#snapshots.confirm(wallet) : this.#snapshots.read(wallet, { refresh: true });
    const last = await attempt((await abandonable(newer, options.signal)).snapshot, requirement);
    if (!last) throw storeLostItsMemory();
    return this.#announced(last, before.reference);
  }

  #announced(decision: Decision, reference: string | undefined): Decision {
    this.#events.emit(decision.sufficient ? 'approved' : 'refused', () => ({ decision, reference }));
    return decision;
  }

  #read(wallet: string, options: WalletOptions): Promise<Reading> {
    return abandonable(this.#snapshots.read(wallet, { refresh: options.refresh === true }), options.signal);
  }

  #totals(wallet: string): MaybePromise<WalletTotals> {
    return askStore(this.#options.store, (store) => store.totals(wallet));
  }
}

/** What was seen before the provider was asked. */
interface FirstLook {
  readonly nowMs: number;
  readonly remembered: Snapshot | undefined;
  readonly decision: MaybePromise<Decision | undefined>;
  readonly reference: string | undefined;
}

function decideWithin(snapshot: Snapshot, totals: WalletTotals, requirement: Requirement): Decision | undefined {
  const { epoch, recoveringForMs = 0, frozen } = totals;
  if (frozen) throw new WalletFrozenError(requirement.wallet, frozen);
  if (recoveringForMs > 0) throw storeIsRecovering(recoveringForMs);
  return snapshot.epoch === epoch ? decide(snapshot, totals, requirement) : undefined;
}

function storeLostItsMemory(): BalanceUnavailableError {
  return new BalanceUnavailableError('store', { detail: 'it lost its memory while the balance was read' });
}
