// The lifecycle of holds: taking one, moving it on, and finding it again.
import type { CheckOptions, Decider } from './decider.js';
import { type Decision, decide, type Requirement, type Snapshot } from './decision.js';
import {
  ConfigurationError,
  DuplicateReferenceError,
  HoldConflictError,
  HoldStateError,
  InsufficientFundsError,
} from './errors.js';
import type { Events } from './events.js';
import type { HoldRecord, HoldState } from './hold.js';
import { type HoldInfo, holdInfo } from './hold-info.js';
import { type AmountInput, formatMinorUnits, parseAmount } from './money.js';
import type { ResolvedOptions } from './options.js';
import { parseReference } from './reference.js';
import { askStore, type HoldOutcome, type MaybePromise, type SettleRequest, storeIsRecovering } from './store.js';

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

  constructor(options: ResolvedOptions, decider: Decider, events: Events) {
    this.#options = options;
    this.#decider = decider;
    this.#events = events;
  }

  /** Checks and holds in one step of the store. */
  async take(options: HoldOptions): Promise<Hold> {
    const reference = parseReference(options.reference);
    const requirement = this.#decider.requirement(options.amount, options);
    const { state = 'reserved', expiresInMs = this.#options.holdExpiresInMs } = options;
    assertExpiry(expiresInMs);
    const metadata = readMetadata(options.metadata);

    let hold: HoldRecord | undefined;
    const conclude = (snapshot: Snapshot, answer: HoldOutcome): Decision | undefined => {
      if (answer.outcome === 'exists') throw takenReference(answer.hold, requirement);
      if (answer.outcome === 'void') return undefined;
      if (answer.outcome === 'recovering') throw storeIsRecovering(answer.forMs);
      if (answer.outcome === 'held') hold = answer.hold;
      return decide(snapshot, answer.totals, requirement);
    };
    const decision = await this.#decider.decide(requirement, options, async (snapshot) => {
      const limitMinor = snapshot.availableMinor - requirement.floorMinor + snapshot.capturedMarkMinor;
      const { wallet, requiredMinor: amountMinor } = requirement;
      const request = {
        wallet,
        reference,
        amountMinor,
        state,
        expiresInMs,
        epoch: snapshot.epoch,
        limitMinor,
        metadata,
      };
      return conclude(snapshot, await this.#ask((store) => store.hold(request)));
    });
    if (!hold) throw new InsufficientFundsError(decision, this.#options.insufficientFundsStatus);

    const held = hold;
    this.#events.emit('held', () => ({ hold: this.#info(held) }));
    return this.#handle(held, decision);
  }

  async capture(reference: string, actual?: AmountInput): Promise<HoldInfo> {
    const { currency, visibilityLagMs: visibleInMs } = this.#options;
    const actualMinor = actual === undefined ? undefined : parseAmount(actual, currency);
    const hold = await this.#settle({ reference: parseReference(reference), to: 'captured', actualMinor, visibleInMs });
    if (actualMinor !== undefined && hold.capturedMinor !== actualMinor)
      throw new HoldConflictError(reference, 'amount');
    return this.#info(hold);
  }

  async release(reference: string): Promise<HoldInfo> {
    return this.#info(await this.#settle({ reference: parseReference(reference), to: 'released' }));
  }

  async get(reference: string): Promise<HoldInfo | undefined> {
    const hold = await this.#ask((store) => store.get(parseReference(reference)));
    return hold && this.#info(hold);
  }

  async list(options: ListOptions): Promise<HoldList> {
    const { limit = 100, ...filter } = options;
    if (!Number.isInteger(limit) || limit < 1 || limit > 1_000) {
      throw new ConfigurationError(['limit: must be a whole number of 1 to 1,000']);
    }
    const { holds, next } = await this.#ask((store) => store.list({ ...filter, limit }));
    return { holds: holds.map((hold) => this.#info(hold)), next };
  }

  async #sent(reference: string): Promise<HoldInfo> {
    return this.#info(await this.#settle({ reference, to: 'sent' }));
  }

  async #settle(request: SettleRequest): Promise<HoldRecord> {
    const answer = await this.#ask((store) => store.settle(request));
    if (answer.outcome === 'unknown') throw new HoldStateError(request.reference, 'unknown', request.to);
    const { outcome, hold } = answer;
    if (outcome === 'illegal') throw new HoldStateError(request.reference, hold.state, request.to);
    if (outcome === 'done' && request.to !== 'sent') this.#events.emit(request.to, () => ({ hold: this.#info(hold) }));
    return hold;
  }

  #handle(record: HoldRecord, decision: Decision): Hold {
    const { reference, wallet, amountMinor } = record;
    const { currency } = this.#options;
    let state = record.state;
    const seen = async (settling: Promise<HoldInfo>) => {
      const info = await settling;
      state = info.state;
      return info;
    };
    return {
      reference,
      wallet,
      amount: formatMinorUnits(amountMinor, currency),
      currency: currency.code,
      decision,
      get state() {
        return state;
      },
      sent: () => seen(this.#sent(reference)),
      capture: (actual) => seen(this.capture(reference, actual)),
      release: () => seen(this.release(reference)),
    };
  }

  #ask<T>(ask: (store: ResolvedOptions['store']) => MaybePromise<T>): MaybePromise<T> {
    this.#decider.assertOpen();
    return askStore(() => ask(this.#options.store));
  }

  #info(hold: HoldRecord): HoldInfo {
    return holdInfo(hold, this.#options.currency);
  }
}

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
