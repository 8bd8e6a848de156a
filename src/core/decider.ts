// Decides a payout: on the remembered snapshot if it can, otherwise on a new one. A snapshot is one reading of the
// balance; an attempt applies the rule to it (`decision.ts`), for advice here or for a hold in `hold-attempt.ts`.
import { andThen, askStore, storeIsRecovering, storeLostData } from './ask-store.js';
import type { CheckOptions, FundsOptions, WalletOptions } from './calls.js';
import { elapsedMs } from './clock.js';
import { untilAborted } from './deadline.js';
import { Decision, decide, type Requirement, type Snapshot } from './decision.js';
import { BalanceUnavailableError, ConfigurationError, CurrencyMismatchError, InvalidArgumentError } from './errors.js';
import type { Events } from './events.js';
import { WalletFrozenError } from './hold-errors.js';
import type { Identities } from './identities.js';
import { addMinorUnits, amountWithFee, parseAmount, parseNonNegative } from './money.js';
import type { ResolvedOptions } from './options.js';
import type { AmountInput } from './payout-guard.js';
import { assertFitsAlone } from './payout-limits.js';
import { type Reading, Snapshots } from './snapshots.js';
import type { MaybePromise, WalletTotals } from './store.js';
import type { Wallet } from './wallet.js';
import type { Wallets } from './wallets.js';

/** A requirement whose wallet can be asked about. */
export interface PayoutRequirement extends Requirement {
  readonly wallet: Wallet;
}

/**
 * Tries to decide on a snapshot. Undefined: the store has begun another epoch, because it lost data, so the snapshot is
 * stale.
 */
export type Attempt = (snapshot: Snapshot) => MaybePromise<Decision | undefined>;

export class Decider {
  readonly #options: ResolvedOptions;
  readonly #wallets: Wallets;
  /**
   * Readings of balances: `remembered` returns one that is young enough, `read` the same or a new one, and `confirm`
   * the newest one that a refusal may rest on.
   */
  readonly #snapshots: Snapshots;
  readonly #events: Events;
  #isClosed = false;

  constructor(options: ResolvedOptions, wallets: Wallets, identities: Identities, events: Events) {
    this.#options = options;
    this.#wallets = wallets;
    this.#snapshots = new Snapshots(options, wallets, identities, events);
    this.#events = events;
  }

  /**
   * Returns the amount that a payout needs, and its wallet.
   *
   * @throws an error of this library for input that cannot be decided on.
   */
  requirement(amount: AmountInput, options: CheckOptions): MaybePromise<PayoutRequirement> {
    return andThen(this.#wallets.named(options.wallet), (wallet) => requirementOf(amount, options, wallet));
  }

  /** Decides without taking a hold. */
  advise(amount: AmountInput, options: CheckOptions): MaybePromise<Decision> {
    return andThen(this.requirement(amount, options), (requirement) => {
      assertFitsAlone(requirement);
      return this.decide(requirement, options, (snapshot) => this.adviseOn(snapshot, requirement), aCheck);
    });
  }

  /** An attempt that takes nothing. */
  adviseOn(snapshot: Snapshot, requirement: PayoutRequirement): MaybePromise<Decision | undefined> {
    return andThen(this.#totals(requirement.wallet), (totals) => decideInEpoch(snapshot, totals, requirement));
  }

  /** Decides on the remembered snapshot, without a turn of the event loop if it can; otherwise asks the provider. */
  decide(
    requirement: PayoutRequirement,
    options: WalletOptions,
    attempt: Attempt,
    about: AboutDecision,
  ): MaybePromise<Decision> {
    this.assertOpen();
    options.signal?.throwIfAborted();
    const { wallet, requiredMinor } = requirement;
    const nowMs = elapsedMs(this.#options.clock);
    const limit = wallet.alwaysRefreshAboveMinor;
    const refresh = options.refresh === true || (limit !== undefined && requiredMinor > limit);
    const remembered = refresh ? undefined : this.#snapshots.remembered(wallet, nowMs);
    const decision = remembered && attempt(remembered);
    return decision instanceof Decision && decision.sufficient
      ? this.#announced(decision, about)
      : this.#decideAsking(requirement, { ...options, refresh }, attempt, { nowMs, remembered, decision, about });
  }

  /** A wallet as it is now: a reading, and totals of the same epoch. */
  async position(wallet: Wallet, options: FundsOptions): Promise<{ reading: Reading; totals: WalletTotals }> {
    this.assertOpen();
    const { signal, staleForDisplayMs: maxAgeMs } = options;
    for (const refresh of [options.refresh === true, true]) {
      const reading = await untilAborted(this.#snapshots.read(wallet, { refresh, maxAgeMs }), signal);
      const totals = await this.#totals(wallet);
      if (totals.epoch === reading.snapshot.epoch) return { reading, totals };
    }
    throw storeLostData();
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  assertOpen(): void {
    if (this.#isClosed) throw new BalanceUnavailableError('closed');
  }

  close(): void {
    this.#isClosed = true;
    this.#snapshots.close();
  }

  /**
   * A refusal never rests on a remembered snapshot alone, nor on a mark of another epoch: the provider is asked again.
   */
  async #decideAsking(
    { wallet }: PayoutRequirement,
    options: WalletOptions,
    attempt: Attempt,
    cached: CachedAttempt,
  ): Promise<Decision> {
    const snapshot = cached.remembered ?? (await this.#read(wallet, options)).snapshot;
    const decision = cached.remembered ? await cached.decision : await attempt(snapshot);
    // Requested since this call began: a newer one would not be a better reason.
    const isNewest = snapshot.requestedElapsedMs >= cached.nowMs;
    if (decision && (decision.sufficient || isNewest)) return this.#announced(decision, cached.about);

    // A refusal is confirmed; a snapshot of an epoch that is over is replaced.
    const newer = decision ? this.#snapshots.confirm(wallet) : this.#snapshots.read(wallet, { refresh: true });
    const last = await attempt((await untilAborted(newer, options.signal)).snapshot);
    if (!last) throw storeLostData();
    return this.#announced(last, cached.about);
  }

  #announced(decision: Decision, about: AboutDecision): Decision {
    this.#events.emit(decision.sufficient ? 'approved' : 'insufficient', () => eventOf(decision, about));
    return decision;
  }

  #read(wallet: Wallet, options: WalletOptions): Promise<Reading> {
    return untilAborted(this.#snapshots.read(wallet, { refresh: options.refresh === true }), options.signal);
  }

  #totals({ key }: Wallet): MaybePromise<WalletTotals> {
    return askStore(this.#options.store, (store) => store.totals(key));
  }
}

const aCheck: AboutDecision = {};

function eventOf(decision: Decision, { reference, payouts }: AboutDecision) {
  return payouts === undefined ? { decision, reference } : { decision, payouts };
}

/** The subject of a decision: the reference of a hold, the number of payouts of a batch, or neither for a check. */
export interface AboutDecision {
  readonly reference?: string | undefined;
  readonly payouts?: number | undefined;
}

/** The attempt on the remembered snapshot, before the provider was asked. */
interface CachedAttempt {
  /** The start of the call, on the monotonic clock. */
  readonly nowMs: number;
  readonly remembered: Snapshot | undefined;
  readonly decision: MaybePromise<Decision | undefined>;
  readonly about: AboutDecision;
}

export function requirementOf(amount: AmountInput, options: CheckOptions, wallet: Wallet): PayoutRequirement {
  const { currency } = wallet;
  assertPays(wallet, options.currency);
  const amountMinor = parseAmount(amount, currency);
  if (options.fee === undefined) return { wallet, requiredMinor: amountMinor };
  const feeMinor = parseNonNegative(options.fee, currency);
  return { wallet, requiredMinor: addMinorUnits(amountMinor, feeMinor, amountWithFee) };
}

/**
 * @throws `ConfigurationError` for a wallet that is settled only, and an error for a currency that is none or another
 *   one than that of the wallet.
 */
export function assertPays({ key, provider, currency }: Wallet, given: string | undefined): void {
  if (provider === undefined) {
    throw new ConfigurationError([`wallets.${key}: it is settled only (\`settleOnly\`) and has no provider`]);
  }
  if (given === undefined || given === currency.code) return;
  if (typeof given !== 'string') throw new InvalidArgumentError('currency', 'must be an ISO 4217 code');
  throw new CurrencyMismatchError(currency.code, given, 'caller');
}

function decideInEpoch(snapshot: Snapshot, totals: WalletTotals, requirement: PayoutRequirement): Decision | undefined {
  const { epoch, recoveringForMs = 0, frozen } = totals;
  if (frozen) throw new WalletFrozenError(requirement.wallet.key, frozen);
  if (recoveringForMs > 0) throw storeIsRecovering(recoveringForMs);
  return snapshot.epoch === epoch ? decide(snapshot, totals, requirement) : undefined;
}
