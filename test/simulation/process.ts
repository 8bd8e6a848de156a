// One process: a guard of its own, and the calls that are under way in it. When it crashes, none of them ever goes on.
import {
  BalanceUnavailableError,
  createPayoutGuard,
  DuplicateReferenceError,
  type GuardEvents,
  HoldConflictError,
  type HoldStore,
  InsufficientFundsError,
  isPayoutGuardError,
  type PayoutGuard,
  type PayoutGuardError,
  type PayoutGuardErrorCode,
  type PayoutGuardOptions,
} from 'payout-guard';
import type { Kind } from './journal.js';
import { isReliable } from './settings.js';
import { ExpectedError } from './violation.js';
import { text, type World } from './world.js';

export class Process {
  readonly name: string;
  readonly guard: PayoutGuard;
  /** False after a crash. */
  isAlive = true;
  /** False after it was closed in good order: what is under way goes on, without the guard. */
  isOpen = true;
  /** Calls that have not ended. */
  readonly underWay: Map<number, string> = new Map();
  /** The references that it was ever asked to pay. */
  readonly asked: Set<string> = new Set();
  /** How far its clock is off. */
  clockErrorMs = 0;
  readonly #world: World;
  readonly #store: HoldStore;
  #calls = 0;

  constructor(world: World, name: string) {
    this.name = name;
    this.#world = world;
    this.#store = world.memory.storeOf(this);
    const { settings, scheduler, mistake } = world;
    const options: PayoutGuardOptions = {
      provider: world.provider.adapter(this),
      currency: 'KES',
      floor: text(settings.floorMinor),
      store: this.#store,
      clock: { now: () => scheduler.now() + this.clockErrorMs },
      // One wallet: room for more would cost more than the history.
      cache: { maxAgeMs: settings.maxAgeMs, maxWallets: 1 },
      minRefreshMs: settings.minRefreshMs,
      alwaysRefreshAbove:
        settings.alwaysRefreshAboveMinor === undefined ? undefined : text(settings.alwaysRefreshAboveMinor),
      holdExpiresInMs: settings.holdExpiresInMs,
      visibilityLagMs: settings.lagMs,
      overdueAfterMs: settings.overdueAfterMs,
      // A minute of real time, which no history takes: within one, only the scheduler lets time pass.
      fetchTimeoutMs: 60_000,
      reconcileEveryMs: 0,
    };
    this.guard = createPayoutGuard(mistake?.options?.(options, world, this) ?? options);
    this.#listen();
    world.journal.note('started', name);
  }

  /** Whether new work may be given to it. */
  get takesWork(): boolean {
    return this.isAlive && this.isOpen;
  }

  get hasPayoutUnderWay(): boolean {
    return this.requested.length > 0;
  }

  /** The references that it is asked to pay and has not answered. */
  get requested(): readonly string[] {
    return [...this.underWay.values()].flatMap(requestedBy);
  }

  /** Something reaches the process, if it still lives then. */
  hears(delayMs: number, act: () => void): void {
    this.#world.scheduler.after(delayMs, () => {
      if (this.isAlive) act();
    });
  }

  /** The process does something else for a while. */
  pause(): Promise<void> {
    const { random, settings } = this.#world;
    return new Promise((resolve) => this.hears(random.upTo(settings.slowestClientMs), resolve));
  }

  /** Runs a call to its end. What may go wrong in it is noted; anything else is a violation. */
  async run(what: string, call: () => Promise<void>): Promise<void> {
    const id = ++this.#calls;
    this.underWay.set(id, what);
    for (const reference of requestedBy(what)) this.asked.add(reference);
    try {
      await call();
    } catch (error) {
      if (this.isAlive) this.#noteError(what, error);
    } finally {
      this.underWay.delete(id);
    }
  }

  crash(): void {
    this.#world.journal.note('crash', this.name);
    this.isAlive = false;
    this.underWay.clear();
    this.#world.truth.crash(this.name);
  }

  close(): void {
    this.#world.journal.note('closed', this.name);
    this.isOpen = false;
    void this.guard.close().then(() => this.#store.close());
  }

  /** After the history: lets go of the timers of the machine. Nothing of it counts any more. */
  end(): void {
    this.isAlive = false;
    void this.guard.close();
  }

  #listen(): void {
    const { journal, truth } = this.#world;
    const by = ({ hold: { reference } }: GuardEvents['captured']) =>
      truth.of(reference).some(({ sender }) => sender === this.name) ? 'its sender' : 'another process';
    this.guard.on('captured', (event) => journal.note(`captured by ${by(event)}`, event.hold.reference));
    this.guard.on('released', (event) => journal.note(`released by ${by(event)}`, event.hold.reference));
    this.guard.on('unsettled', ({ reference }) => journal.note('unsettled', reference));
    // Somebody listens, so that the guard need not warn on the console.
    this.guard.on('overdue', () => {});
  }

  #noteError(what: string, error: unknown): void {
    const { journal } = this.#world;
    const kind = isPayoutGuardError(error) ? kindOf(error) : undefined;
    if (kind) journal.note(kind, `${what}`);
    else journal.tell(`${what}: ${error instanceof Error ? error.message : error}`);
    if (!this.#isExplained(error)) this.#world.report('unexpected', `${what} of ${this.name} ended so`, error);
  }

  /** Whether something in the history accounts for the error. */
  #isExplained(error: unknown): boolean {
    if (error instanceof ExpectedError) return true;
    if (!isPayoutGuardError(error)) return false;
    if (!(error instanceof BalanceUnavailableError)) return explainedCodes.has(error.code);
    if (!this.isOpen || !isReliable(this.#world.settings)) return true;
    // An answer that took more than two minutes is too old, and a mark may be void, however reliable everybody is.
    return error.reason === 'stale' || (error.reason === 'store' && this.#world.hasLostMemory);
  }
}

const explainedCodes: ReadonlySet<string> = new Set<PayoutGuardErrorCode>([
  'insufficient_funds',
  'duplicate_reference',
  'hold_conflict',
  'hold_state',
  'payout_rejected',
]);

/** The reference of a request, if the call is one. */
function requestedBy(what: string): string[] {
  return what.startsWith('request ') ? [what.slice('request '.length)] : [];
}

function kindOf(error: PayoutGuardError): Kind | undefined {
  if (error instanceof InsufficientFundsError) return error.temporary ? 'refused for now' : 'refused';
  if (error instanceof BalanceUnavailableError) return error.reason === 'stale' ? 'balance too old' : 'unavailable';
  if (error instanceof DuplicateReferenceError) return 'taken reference refused';
  if (error instanceof HoldConflictError) return 'conflict refused';
  return undefined;
}
