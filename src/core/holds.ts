// The lifecycle of holds: taking one, moving it on, and finding it again.
import { randomUUID } from 'node:crypto';
import type { Currency } from './currency.js';
import type { CheckOptions, Decider } from './decider.js';
import { type Decision, decide, type Requirement, type Snapshot } from './decision.js';
import {
  ConfigurationError,
  DuplicateReferenceError,
  HoldConflictError,
  HoldStateError,
  InsufficientFundsError,
  WalletFrozenError,
} from './errors.js';
import type { Events } from './events.js';
import type { HoldRecord, HoldState } from './hold.js';
import { type HoldInfo, holdInfo } from './hold-info.js';
import { type AmountInput, formatMinorUnits, parseAmount } from './money.js';
import type { ResolvedOptions } from './options.js';
import { parseReference } from './reference.js';
import {
  askStore,
  type HoldOutcome,
  type HoldStore,
  isPromise,
  type MaybePromise,
  type SettleOutcome,
  type SettleRequest,
  storeIsRecovering,
} from './store.js';

/** A payout that money is to be held for. */
export interface HoldOptions extends CheckOptions {
  /** What is to be paid, in major units. */
  amount: AmountInput;
  /** Your unique id of the payout: 1 to 128 visible ASCII characters. One reference is one payout, for ever. */
  reference: string;
  /**
   * `sent` for a payout that starts at once. A `reserved` hold expires unless `sent()` is called before the payout starts.
   * @defaultValue `'reserved'`
   */
  state?: 'reserved' | 'sent' | undefined;
  /**
   * How long a `reserved` hold lives, in milliseconds on the store's clock; 1 to 86,400,000.
   * @defaultValue the `holdExpiresInMs` of the guard
   */
  expiresInMs?: number | undefined;
  /** Up to 16 short texts for operators, kept with the hold. Not for secrets. */
  metadata?: Readonly<Record<string, string>> | undefined;
}

/** Money promised to one payout. No method needs `this`. */
export interface Hold {
  readonly reference: string;
  readonly wallet: string;
  /** What is promised, fee included, in major units. */
  readonly amount: string;
  readonly currency: string;
  /** The state as this object last saw it; another process may have moved it on. */
  readonly state: HoldState;
  /** The decision that granted the hold. */
  readonly decision: Decision;
  /**
   * Marks the payout as about to be sent; call it before the first byte leaves. From then on only its outcome ends the hold.
   * @throws `HoldStateError` when the reservation has expired or was sent before: do not send.
   */
  readonly sent: () => Promise<HoldInfo>;
  /**
   * The payout was made. May be repeated.
   * @param actual - What was really debited, fee included, if it differs from what was held. May be more.
   * @throws `HoldStateError` after a release. `HoldConflictError` when it was captured with another amount.
   */
  readonly capture: (actual?: AmountInput) => Promise<HoldInfo>;
  /** The payout was not made. May be repeated. @throws `HoldStateError` after a capture. */
  readonly release: () => Promise<HoldInfo>;
}

/** Which holds to list. */
export interface ListOptions {
  /** @defaultValue all wallets */
  wallet?: string | undefined;
  /** @defaultValue all states */
  state?: HoldState | undefined;
  /** Created at least this many milliseconds ago. */
  olderThanMs?: number | undefined;
  /**
   * How many at most; 1 to 1,000.
   * @defaultValue 100
   */
  limit?: number | undefined;
  /** The `next` of the page before. */
  after?: string | undefined;
}

/** A page of holds, oldest first. */
export interface HoldList {
  readonly holds: readonly HoldInfo[];
  /** Pass it as `after` for the next page; undefined on the last one. */
  readonly next?: string | undefined;
}

export class Holds {
  readonly #options: ResolvedOptions;
  readonly #decider: Decider;
  readonly #events: Events;
  /** Makes attempts unique: random for this guard, then counted. */
  readonly #taker = `${randomUUID()}/`;
  #taken = 0;

  constructor(options: ResolvedOptions, decider: Decider, events: Events) {
    this.#options = options;
    this.#decider = decider;
    this.#events = events;
  }

  /** Checks and holds in one step of the store. */
  async take(options: HoldOptions): Promise<Hold> {
    const { trace } = this.#options;
    try {
      // One promise, and nothing made for a tracer, where there is none: every payout comes this way.
      const taken = trace
        ? trace({ name: 'hold', wallet: options.wallet, reference: options.reference }, () => this.#take(options))
        : this.#take(options);
      return isPromise(taken) ? await taken : taken;
    } catch (error) {
      this.#events.rejected(error, options);
      throw error;
    }
  }

  #take(options: HoldOptions): MaybePromise<Hold> {
    const reference = parseReference(options.reference);
    const requirement = this.#decider.requirement(options.amount, options);
    const { state = 'reserved', expiresInMs = this.#options.holdExpiresInMs } = options;
    assertExpiry(expiresInMs);
    const metadata = readMetadata(options.metadata);

    this.#taken += 1;
    const attempt = `${this.#taker}${this.#taken}`;
    let hold: HoldRecord | undefined;
    const read = (snapshot: Snapshot, answer: HoldOutcome): Decision | undefined => {
      if (answer.outcome === 'exists') throw takenReference(answer.hold, requirement);
      if (answer.outcome === 'frozen') throw new WalletFrozenError(requirement.wallet, answer.frozen);
      if (answer.outcome === 'recovering') throw storeIsRecovering(answer.forMs);
      if (answer.outcome === 'void') return undefined;
      if (answer.outcome === 'held') hold = answer.hold;
      return decide(snapshot, answer.totals, requirement);
    };
    const decided = this.#decider.decide(
      requirement,
      options,
      (snapshot) => {
        const { wallet, requiredMinor: amountMinor, floorMinor } = requirement;
        const { epoch, availableMinor, capturedMarkMinor } = snapshot;
        const limitMinor = availableMinor - floorMinor + capturedMarkMinor;
        const request = { wallet, reference, attempt, amountMinor, state, expiresInMs, epoch, limitMinor, metadata };
        const answer = this.#ask((store) => store.hold(request));
        return isPromise(answer) ? answer.then((later) => read(snapshot, later)) : read(snapshot, answer);
      },
      reference,
    );
    const granted = (decision: Decision): Hold => {
      const { currency, insufficientFundsStatus } = this.#options;
      if (!hold) throw new InsufficientFundsError(decision, insufficientFundsStatus);
      const held = hold;
      this.#events.emit('held', () => ({ hold: this.info(held) }));
      return new HeldHold(this, held, currency, decision);
    };
    return isPromise(decided) ? decided.then(granted) : granted(decided);
  }

  /** @throws `HoldStateError` unless the hold is reserved and has not expired. */
  sent(reference: string, attempt: string): MaybePromise<HoldRecord> {
    return this.#settle({ reference, attempt, to: 'sent' });
  }

  /** @throws `HoldStateError` after a release, `HoldConflictError` when it was captured with another amount. */
  capture(reference: string, actual: AmountInput | undefined, attempt?: string): MaybePromise<HoldRecord> {
    const { currency, visibilityLagMs: visibleInMs } = this.#options;
    const actualMinor = actual === undefined ? undefined : parseAmount(actual, currency);
    const sameAmount = (hold: HoldRecord) => {
      if (actualMinor === undefined || hold.capturedMinor === actualMinor) return hold;
      throw new HoldConflictError(reference, 'amount');
    };
    const request = {
      reference: parseReference(reference),
      attempt,
      to: 'captured',
      actualMinor,
      visibleInMs,
    } as const;
    const settled = this.#settle(request);
    return isPromise(settled) ? settled.then(sameAmount) : sameAmount(settled);
  }

  /** @throws `HoldStateError` after a capture. */
  release(reference: string, attempt?: string): MaybePromise<HoldRecord> {
    return this.#settle({ reference: parseReference(reference), attempt, to: 'released' });
  }

  /** Captures or releases a hold that is held; what it is then is not asked for, and not made. */
  end(hold: Hold, to: 'captured' | 'released'): MaybePromise<unknown> {
    if (hold instanceof HeldHold) return hold.end(to);
    return to === 'captured' ? hold.capture() : hold.release();
  }

  async get(reference: string): Promise<HoldInfo | undefined> {
    const hold = await this.#ask((store) => store.get(parseReference(reference)));
    return hold && this.info(hold);
  }

  async list(options: ListOptions): Promise<HoldList> {
    const { limit = 100, ...filter } = options;
    if (!Number.isInteger(limit) || limit < 1 || limit > 1_000) {
      throw new ConfigurationError(['limit: must be a whole number of 1 to 1,000']);
    }
    const { holds, next } = await this.#ask((store) => store.list({ ...filter, limit }));
    return { holds: holds.map((hold) => this.info(hold)), next };
  }

  #settle(request: SettleRequest): MaybePromise<HoldRecord> {
    const { trace } = this.#options;
    if (!trace) return this.#settled(request);
    return trace({ name: stepOf[request.to], reference: request.reference }, () => this.#settled(request));
  }

  #settled(request: SettleRequest): MaybePromise<HoldRecord> {
    const read = (answer: SettleOutcome): HoldRecord => {
      if (answer.outcome === 'unknown') throw new HoldStateError(request.reference, 'unknown', request.to);
      const { outcome, hold } = answer;
      // A hold that was taken over by a later attempt had been released before.
      const state = request.attempt === undefined || request.attempt === hold.attempt ? hold.state : 'released';
      if (outcome === 'illegal') throw new HoldStateError(request.reference, state, request.to);
      if (outcome === 'done' && request.to !== 'sent') this.#events.emit(request.to, () => ({ hold: this.info(hold) }));
      return hold;
    };
    const answer = this.#ask((store) => store.settle(request));
    return isPromise(answer) ? answer.then(read) : read(answer);
  }

  #ask<T>(ask: (store: HoldStore) => MaybePromise<T>): MaybePromise<T> {
    this.#decider.assertOpen();
    return askStore(this.#options.store, ask);
  }

  info(hold: HoldRecord): HoldInfo {
    return holdInfo(hold, this.#options.currency);
  }
}

/** What the holder of a hold gets. Its methods are made when they are asked for: a payout needs one or two of them. */
class HeldHold implements Hold {
  readonly reference: string;
  readonly wallet: string;
  readonly amount: string;
  readonly currency: string;
  readonly decision: Decision;
  readonly #holds: Holds;
  readonly #attempt: string;
  #state: HoldState;

  constructor(holds: Holds, hold: HoldRecord, currency: Currency, decision: Decision) {
    this.reference = hold.reference;
    this.wallet = hold.wallet;
    this.amount = formatMinorUnits(hold.amountMinor, currency);
    this.currency = currency.code;
    this.decision = decision;
    this.#holds = holds;
    this.#attempt = hold.attempt;
    this.#state = hold.state;
  }

  get state(): HoldState {
    return this.#state;
  }
  get sent(): Hold['sent'] {
    return async () => this.#see(await this.#holds.sent(this.reference, this.#attempt));
  }
  get capture(): Hold['capture'] {
    return async (actual) => this.#see(await this.#holds.capture(this.reference, actual, this.#attempt));
  }
  get release(): Hold['release'] {
    return async () => this.#see(await this.#holds.release(this.reference, this.#attempt));
  }

  end(to: 'captured' | 'released'): MaybePromise<void> {
    const see = (hold: HoldRecord) => {
      this.#state = hold.state;
    };
    const settled =
      to === 'captured'
        ? this.#holds.capture(this.reference, undefined, this.#attempt)
        : this.#holds.release(this.reference, this.#attempt);
    return isPromise(settled) ? settled.then(see) : see(settled);
  }

  #see(hold: HoldRecord): HoldInfo {
    this.#state = hold.state;
    return this.#holds.info(hold);
  }
}

const stepOf = { sent: 'sent', captured: 'capture', released: 'release' } as const;

function takenReference(hold: HoldRecord, requirement: Requirement): HoldConflictError | DuplicateReferenceError {
  if (hold.wallet !== requirement.wallet) return new HoldConflictError(hold.reference, 'wallet');
  if (hold.amountMinor !== requirement.requiredMinor) return new HoldConflictError(hold.reference, 'amount');
  return new DuplicateReferenceError(hold.reference, hold.state);
}

function assertExpiry(expiresInMs: number): void {
  if (Number.isInteger(expiresInMs) && expiresInMs >= 1 && expiresInMs <= 86_400_000) return;
  throw new ConfigurationError(['expiresInMs: must be a whole number of 1 to 86,400,000 milliseconds']);
}

const noMetadata = Object.freeze({});

function readMetadata(metadata: unknown): Readonly<Record<string, string>> {
  if (metadata === undefined) return noMetadata;
  const entries = typeof metadata === 'object' && metadata !== null ? Object.entries(metadata) : undefined;
  const fits = entries?.every(([key, text]) => key.length <= 64 && typeof text === 'string' && text.length <= 256);
  if (!entries || !fits || entries.length > 16) {
    throw new ConfigurationError([
      'metadata: must be at most 16 texts of at most 256 characters, with keys of at most 64',
    ]);
  }
  return Object.freeze(Object.fromEntries(entries));
}
