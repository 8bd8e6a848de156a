// Takes holds. A `HoldAttempt` asks the store for one; `known-holds.ts` finds them again and ends them.
import { randomUUID } from 'node:crypto';
import { andThen, isPromise, readHold, storeLostData } from './ask-store.js';
import type { HoldOptions } from './calls.js';
import { elapsedMs } from './clock.js';
import type { Decider, PayoutRequirement } from './decider.js';
import type { Decision, Snapshot } from './decision.js';
import { digestOf } from './digest.js';
import { BalanceUnavailableError } from './errors.js';
import type { Events } from './events.js';
import { type GrantParts, grantedHandle } from './granted-handle.js';
import { mayBeHeldAgain } from './hold.js';
import { type AttemptOptions, HoldAttempt } from './hold-attempt.js';
import type { HoldHandle } from './hold-handle.js';
import { assertReferenceForm, noMetadata, readRequest } from './hold-request.js';
import { InsufficientFundsError } from './insufficient-funds.js';
import type { LimitExceededError } from './limit-errors.js';
import { type ResolvedOptions, sendingGraceMs } from './options.js';
import type { PreparedHold } from './payout-guard.js';
import { assertFitsAlone, type GuardLimits, limitAlone } from './payout-limits.js';
import type { HoldStore, MaybePromise } from './store.js';
import type { UnderWay } from './under-way.js';

/** Time for which a check is valid for a hold that is taken later, in milliseconds. */
const preparedForMs = 60_000;

export class Holds {
  readonly #parts: GrantParts;
  readonly #options: ResolvedOptions;
  readonly #decider: Decider;
  readonly #events: Events;
  readonly #limits: GuardLimits;
  /** Counts holds that are being taken. */
  readonly #underWay: UnderWay;
  /** Makes attempts unique: random for this guard, then counted. */
  readonly #attemptPrefix = `${randomUUID()}/`;
  #attempts = 0;

  constructor(
    parts: GrantParts & {
      decider: Decider;
      underWay: UnderWay;
      limits: GuardLimits;
    },
  ) {
    this.#parts = parts;
    this.#options = parts.options;
    this.#decider = parts.decider;
    this.#events = parts.events;
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
    const { hold } = await readHold(this.#options.store, reference);
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
    return grantedHandle(this.#parts, { wallet, hold, decision });
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
}
