// Takes holds, finds them again, and ends them by their reference. A `HoldAttempt` asks the store for one.
import { randomUUID } from 'node:crypto';
import { andThen, askStore, isPromise, isSilence, storeIsRecovering, storeLostData } from './ask-store.js';
import { assertOptions } from './call-options.js';
import type { HoldList, HoldOptions, ListOptions, ReleaseOptions, SettleOptions } from './calls.js';
import { elapsedMs } from './clock.js';
import type { Decider, PayoutRequirement } from './decider.js';
import type { Decision, Snapshot } from './decision.js';
import { digestOf } from './digest.js';
import { BalanceUnavailableError, InvalidArgumentError } from './errors.js';
import type { Events } from './events.js';
import { type HoldRecord, mayBeHeldAgain } from './hold.js';
import { type AttemptOptions, HoldAttempt } from './hold-attempt.js';
import { ForeignWalletError, HoldStateError } from './hold-errors.js';
import { type HandleParts, HoldHandle } from './hold-handle.js';
import { type HoldInfo, holdInfo } from './hold-info.js';
import { assertReason, assertReferenceForm, noMetadata, readRequest } from './hold-request.js';
import type { Identities } from './identities.js';
import { InsufficientFundsError } from './insufficient-funds.js';
import type { LimitExceededError } from './limit-errors.js';
import { parseAmount } from './money.js';
import { type ResolvedOptions, sendingGraceMs } from './options.js';
import type { AmountInput, PreparedHold } from './payout-guard.js';
import { assertFitsAlone, type GuardLimits, limitAlone } from './payout-limits.js';
import { parseReference } from './reference.js';
import type { Reservations } from './reservations.js';
import { asSettleFailure, type VerdictRequest } from './settler.js';
import type { HoldStore, MaybePromise } from './store.js';
import type { UnderWay } from './under-way.js';
import type { KnownVerdict } from './verdict-outbox.js';
import type { Wallet } from './wallet.js';
import type { Wallets } from './wallets.js';

/** Limit of repeated reads when another request takes the reference at the same time. */
const tries = 3;
/** Time for which a check is valid for a hold that is taken later, in milliseconds. */
const preparedForMs = 60_000;

export class Holds {
  readonly #parts: HandleParts;
  readonly #options: ResolvedOptions;
  readonly #wallets: Wallets;
  readonly #identities: Identities;
  readonly #decider: Decider;
  readonly #events: Events;
  readonly #reservations: Reservations;
  readonly #limits: GuardLimits;
  /** Counts holds that are being taken, or settled by their reference. */
  readonly #underWay: UnderWay;
  /** Makes attempts unique: random for this guard, then counted. */
  readonly #attemptPrefix = `${randomUUID()}/`;
  #attempts = 0;

  constructor(
    parts: HandleParts & {
      wallets: Wallets;
      identities: Identities;
      decider: Decider;
      events: Events;
      reservations: Reservations;
      underWay: UnderWay;
      limits: GuardLimits;
    },
  ) {
    this.#parts = parts;
    this.#options = parts.options;
    this.#wallets = parts.wallets;
    this.#identities = parts.identities;
    this.#decider = parts.decider;
    this.#events = parts.events;
    this.#reservations = parts.reservations;
    this.#limits = parts.limits;
    this.#underWay = parts.underWay;
  }

  /** Checks and holds in one step of the store. */
  async take(given: HoldOptions | (() => HoldOptions)): Promise<HoldHandle> {
    const { trace } = this.#options;
    let options: HoldOptions | undefined;
    this.#underWay.begin();
    try {
      options = typeof given === 'function' ? given() : given;
      const request = readRequest(options);
      // One promise, and nothing made for a tracer, where there is none: every payout comes this way.
      const taken = trace
        ? trace({ name: 'hold', wallet: request.wallet, reference: request.reference }, () => this.#take(request))
        : this.#take(request);
      return isPromise(taken) ? await taken : taken;
    } catch (error) {
      this.#events.checkFailed(error, options ?? {});
      throw error;
    } finally {
      this.#underWay.end();
    }
  }

  #take(options: HoldOptions): MaybePromise<HoldHandle> {
    return andThen(this.#decider.requirement(options.amount, options), (requirement) =>
      this.#takeFrom(requirement, options),
    );
  }

  #takeFrom(requirement: PayoutRequirement, options: HoldOptions): MaybePromise<HoldHandle> {
    assertReferenceForm(requirement.wallet, options);
    const attempt = this.#attempt(this.#options.store, requirement, options);
    const tooLarge = limitAlone(requirement);
    if (tooLarge) return this.#refuseTooLarge(tooLarge, attempt, options);
    const decided = this.#decider.decide(requirement, options, (snapshot) => attempt.on(snapshot), options);
    return andThen(decided, (decision) => {
      const handle = this.#handle(attempt, requirement, decision);
      if (options.signal?.aborted) return this.#giveUp(handle, options.signal.reason);
      return this.#decider.isClosed ? this.#giveUp(handle, new BalanceUnavailableError('closed')) : handle;
    });
  }

  /**
   * Refuses a payout that no day has room for, without a question to the provider. First by its reference, as ever: it
   * may be that of a payout that was made before the limit was set.
   */
  async #refuseTooLarge(
    tooLarge: LimitExceededError,
    attempt: HoldAttempt,
    { reference }: HoldOptions,
  ): Promise<never> {
    this.#decider.assertOpen();
    const { hold, recoveringForMs = 0 } = await this.#ask((store) => store.get(reference));
    if (!hold && recoveringForMs > 0) throw storeIsRecovering(recoveringForMs);
    if (hold && !mayBeHeldAgain(hold)) throw attempt.referenceConflict(hold);
    throw tooLarge;
  }

  #attempt(store: Pick<HoldStore, 'hold'>, requirement: PayoutRequirement, options: HoldOptions): HoldAttempt {
    const { holdExpiresInMs, payWithinMs } = this.#options;
    this.#attempts += 1;
    const attempt: AttemptOptions = {
      reference: options.reference,
      attempt: `${this.#attemptPrefix}${this.#attempts}`,
      state: options.state ?? 'reserved',
      expiresInMs: options.expiresInMs ?? holdExpiresInMs,
      sendsForMs: payWithinMs + sendingGraceMs,
      fingerprint: options.fingerprint === undefined ? undefined : digestOf(options.fingerprint),
      metadata: options.metadata ?? noMetadata,
    };
    return new HoldAttempt(store, requirement, attempt, this.#limits.of(requirement, options));
  }

  /** @throws `InsufficientFundsError` the attempt was not granted. */
  #handle({ held: hold }: HoldAttempt, { wallet }: PayoutRequirement, decision: Decision): HoldHandle {
    if (!hold) throw new InsufficientFundsError(decision, this.#options.insufficientFundsStatus);
    this.#events.emit('held', () => ({ hold: holdInfo(hold) }));
    const handle = new HoldHandle(this.#parts, { wallet, hold, readAtMs: hold.createdAtMs, decision });
    handle.onceNotReserved(this.#reservations.watch(handle));
    return handle;
  }

  /**
   * The caller has gone, or the guard began to close, while the hold was taken: nothing is sent, so the hold is
   * released.
   */
  async #giveUp(handle: HoldHandle, reason: unknown): Promise<never> {
    const { reference, attempt, wallet, sender } = handle;
    const request = { reference, attempt, to: 'released', notSent: true, sender } as const;
    await this.#parts.outbox.record({ wallet, attempt, request });
    throw reason;
  }

  /** Checks now, so that the hold itself needs nothing but the store: no provider is asked in a transaction. */
  async prepare(given: HoldOptions): Promise<PreparedHold> {
    try {
      const options = readRequest(given);
      const requirement = await this.#decider.requirement(options.amount, options);
      assertReferenceForm(requirement.wallet, options);
      assertFitsAlone(requirement);
      // Names the payee if it must: not only in the transaction.
      this.#limits.of(requirement, options);
      let decidedOn: Snapshot | undefined;
      const check = (snapshot: Snapshot) => {
        decidedOn = snapshot;
        return this.#decider.adviseOn(snapshot, requirement);
      };
      const decision = await this.#decider.decide(requirement, options, check, options);
      if (!decision.sufficient) throw new InsufficientFundsError(decision, this.#options.insufficientFundsStatus);
      const hold: PreparedHold['hold'] = (store) => this.#takeIn(store, requirement, options, decidedOn as Snapshot);
      return { reference: options.reference, decision, hold };
    } catch (error) {
      this.#events.checkFailed(error, given ?? {});
      throw error;
    }
  }

  async #takeIn(
    store: Pick<HoldStore, 'hold'>,
    requirement: PayoutRequirement,
    options: HoldOptions,
    snapshot: Snapshot,
  ): Promise<HoldHandle> {
    try {
      this.#decider.assertOpen();
      options.signal?.throwIfAborted();
      const ageMs = elapsedMs(this.#options.clock) - snapshot.requestedElapsedMs;
      if (ageMs > preparedForMs) throw new BalanceUnavailableError('stale');
      const attempt = this.#attempt(store, requirement, options);
      const decision = await attempt.on(snapshot);
      if (!decision) throw storeLostData();
      return this.#handle(attempt, requirement, decision);
    } catch (error) {
      this.#events.checkFailed(error, options);
      throw error;
    }
  }

  /** The handle of a reserved hold. */
  async resume(reference: string): Promise<HoldHandle> {
    const { hold, nowMs, wallet } = await this.#find(parseReference(reference));
    if (!hold || !wallet) throw new HoldStateError(reference, 'unknown', 'resumed');
    if (hold.state !== 'reserved') throw new HoldStateError(reference, hold.state, 'resumed');
    // A sender of its own: of several handles of one attempt, one is given `sent`.
    return new HoldHandle(this.#parts, { wallet, hold, sender: randomUUID(), readAtMs: nowMs });
  }

  async capture(reference: string, actual: AmountInput | undefined, options: SettleOptions): Promise<HoldInfo> {
    assertOptions('capture', options);
    const settle = ({ attempt }: HoldRecord, wallet: Wallet): VerdictRequest => {
      const { currency, visibilityLagMs: visibleInMs } = wallet;
      const actualMinor = actual === undefined ? undefined : parseAmount(actual, currency);
      return { reference, attempt: options.attempt ?? attempt, to: 'captured', actualMinor, visibleInMs };
    };
    return this.#settle(parseReference(reference), 'captured', settle, {});
  }

  async release(reference: string, options: ReleaseOptions): Promise<HoldInfo> {
    assertOptions('release', options);
    assertReason(options.reason);
    const settle = ({ attempt }: HoldRecord): VerdictRequest => ({
      reference,
      attempt: options.attempt ?? attempt,
      to: 'released',
    });
    return this.#settle(parseReference(reference), 'released', settle, options);
  }

  async get(reference: string): Promise<HoldInfo | undefined> {
    const { hold } = await this.#find(parseReference(reference));
    return hold && holdInfo(hold);
  }

  async list(options: ListOptions): Promise<HoldList> {
    assertOptions('listHolds', options);
    const { wallet: key, limit = 100, ...filter } = options;
    if (!Number.isInteger(limit) || limit < 1 || limit > 1_000) {
      throw new InvalidArgumentError('limit', 'must be a whole number of 1 to 1,000');
    }
    const named = key === undefined ? undefined : await this.#wallets.named(key);
    const own = named ? [named] : this.#wallets.isDynamic ? undefined : this.#wallets.known();
    for (const wallet of own ?? []) await this.#identities.checkOnce(wallet);
    const wallets = own?.map((wallet) => wallet.key);
    const page = await this.#ask((store) => store.list({ ...filter, wallets, limit }));
    // Wallets that are found by a function have no list: the key is in the hold.
    const served = own
      ? page.holds.map(() => true)
      : await Promise.all(page.holds.map(async (hold) => (await this.#wallets.served(hold.wallet)) !== undefined));
    const holds = page.holds.filter((_, index) => served[index]).map(holdInfo);
    return page.next === undefined ? { holds } : { holds, next: page.next };
  }

  /** The wallet of a hold. @throws `ForeignWalletError` when this guard does not serve it. */
  readonly walletOf = async (hold: HoldRecord): Promise<Wallet> => {
    const wallet = await this.#wallets.served(hold.wallet);
    if (!wallet) throw new ForeignWalletError(hold.reference, hold.wallet);
    await this.#identities.checkOnce(wallet);
    return wallet;
  };

  async #find(reference: string): Promise<{ hold?: HoldRecord; wallet?: Wallet; nowMs: number }> {
    const { hold, nowMs, recoveringForMs = 0 } = await this.#ask((store) => store.get(reference));
    if (!hold && recoveringForMs > 0) throw storeIsRecovering(recoveringForMs);
    return hold ? { hold, wallet: await this.walletOf(hold), nowMs } : { nowMs };
  }

  /** Reads the hold first: a request that came late, or names no attempt, must not end the hold of a later one. */
  async #settle(
    reference: string,
    wanted: 'captured' | 'released',
    requestFor: (hold: HoldRecord, wallet: Wallet) => VerdictRequest,
    { reason }: ReleaseOptions,
  ): Promise<HoldInfo> {
    // Counted before the hold is read: until then a guard that closes has nothing to report, so it waits.
    this.#underWay.begin();
    try {
      for (let round = 1; ; round++) {
        const { hold, wallet } = await this.#find(reference);
        if (!hold || !wallet) throw new HoldStateError(reference, 'unknown', wanted);
        const request = requestFor(hold, wallet);
        const verdict = { wallet: wallet.key, attempt: request.attempt ?? hold.attempt, request };
        const settling = this.#settleFound(hold, verdict, reason, round < tries);
        const settled = await this.#parts.outbox.watch(verdict, settling);
        if (settled) return settled;
      }
    } finally {
      this.#underWay.end();
    }
  }

  /** Undefined: another request has taken the reference since the hold was read, so it must be read again. */
  async #settleFound(
    hold: HoldRecord,
    verdict: KnownVerdict,
    reason: string | undefined,
    mayReadAgain: boolean,
  ): Promise<HoldInfo | undefined> {
    const { settler, outbox } = this.#parts;
    const { request } = verdict;
    try {
      return holdInfo(await settler.move(request, reason));
    } catch (error) {
      const isOvertaken = request.attempt === hold.attempt && (await this.#isOvertaken(hold));
      if (mayReadAgain && isOvertaken) return undefined;
      if (!isSilence(error) || request.to !== 'captured') throw asSettleFailure(error, 'Repeat the call.');
      outbox.keep(verdict, error);
      throw asSettleFailure(error, 'The capture is kept, and recorded when the store responds.');
    }
  }

  async #isOvertaken({ reference, attempt }: HoldRecord): Promise<boolean> {
    try {
      const { hold } = await this.#ask((store) => store.get(reference));
      return hold !== undefined && hold.attempt !== attempt;
    } catch {
      // The error of the settlement itself is the one to report.
      return false;
    }
  }

  #ask<T>(ask: Parameters<typeof askStore<T>>[1]): MaybePromise<T> {
    return askStore(this.#options.store, ask);
  }
}
