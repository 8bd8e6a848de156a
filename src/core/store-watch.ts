// The store of a guard, watched: whatever it does not answer or refuses is emitted as `storeFailure`.
import { isPromise } from './ask-store.js';
import { type Clock, runAfter } from './clock.js';
import { type BalanceUnavailableError, isPayoutGuardError } from './errors.js';
import type { Events, GuardEvents } from './events.js';
import { redactedCause } from './redact.js';
import type { HoldStore, MaybePromise, StoreOperation } from './store.js';
import { isStoreFailure } from './store-failure.js';

type StoreFailureEvent = GuardEvents['storeFailure'];
type Why = Pick<StoreFailureEvent, 'cause' | 'code' | 'what' | 'advice'>;

/** Interval between two events of one operation and code, in milliseconds; failures in between are counted. */
const countForMs = 10_000;

/** The same store. Costs nothing while no listener receives `storeFailure`. */
export class WatchedStore implements HoldStore {
  readonly #store: HoldStore;
  readonly #events: Events;
  readonly #failures: StoreFailures;

  constructor(store: HoldStore, events: Events, clock: Clock) {
    this.#store = store;
    this.#events = events;
    this.#failures = new StoreFailures(store.name, events, clock);
  }

  get name(): string {
    return this.#store.name;
  }

  get limits(): HoldStore['limits'] {
    return this.#store.limits;
  }

  get maxPayouts(): HoldStore['maxPayouts'] {
    return this.#store.maxPayouts;
  }

  totals(wallet: string): ReturnType<HoldStore['totals']> {
    // Every check on a remembered balance comes here: nothing is made for a listener that is not there.
    if (!this.#isWatched) return this.#store.totals(wallet);
    return this.#watch('totals', wallet, () => this.#store.totals(wallet));
  }

  hold(request: Parameters<HoldStore['hold']>[0]): ReturnType<HoldStore['hold']> {
    return this.#watch('hold', request.wallet, () => this.#store.hold(request));
  }

  holdAll(request: Parameters<HoldStore['holdAll']>[0]): ReturnType<HoldStore['holdAll']> {
    return this.#watch('holdAll', request.wallet, () => this.#store.holdAll(request));
  }

  settle(request: Parameters<HoldStore['settle']>[0]): ReturnType<HoldStore['settle']> {
    return this.#watch('settle', undefined, () => this.#store.settle(request));
  }

  get(reference: string): ReturnType<HoldStore['get']> {
    return this.#watch('get', undefined, () => this.#store.get(reference));
  }

  list(filter: Parameters<HoldStore['list']>[0]): ReturnType<HoldStore['list']> {
    return this.#watch('list', undefined, () => this.#store.list(filter));
  }

  claim(request: Parameters<HoldStore['claim']>[0]): ReturnType<HoldStore['claim']> {
    return this.#watch('claim', undefined, () => this.#store.claim(request));
  }

  freeze(wallet: string, reason: string | undefined): MaybePromise<void> {
    return this.#watch('freeze', wallet, () => this.#store.freeze(wallet, reason));
  }

  acceptLimits(wallet: string): MaybePromise<void> {
    return this.#watch('acceptLimits', wallet, () => this.#store.acceptLimits?.(wallet));
  }

  note(key: string): ReturnType<HoldStore['note']> {
    return this.#watch('note', undefined, () => this.#store.note(key));
  }

  swapNote(key: string, expected: string | undefined, value: string | undefined): MaybePromise<boolean> {
    return this.#watch('swapNote', undefined, () => this.#store.swapNote(key, expected, value));
  }

  /** Closes the store, which the guard has made. */
  close(): Promise<void> {
    return this.#store.close();
  }

  /** Emits what was counted, and counts no more. */
  stopCounting(): void {
    this.#failures.stop();
  }

  get #isWatched(): boolean {
    return this.#events.hasListener('storeFailure');
  }

  #watch<T>(operation: StoreOperation, wallet: string | undefined, ask: () => MaybePromise<T>): MaybePromise<T> {
    if (!this.#isWatched) return ask();
    const failed = (error: unknown) => this.#failures.seen(operation, wallet, whyOf(error));
    const answered = (answer: T) => {
      if (isRecovering(answer)) this.#failures.seen(operation, wallet, recovering);
    };
    try {
      const answer = ask();
      // The caller gets the promise itself; the one derived from it here cannot reject.
      if (isPromise(answer)) answer.then(answered, failed);
      else answered(answer);
      return answer;
    } catch (error) {
      failed(error);
      throw error;
    }
  }
}

/** Returns true for an answer, or the answer about a batch, that the store is restoring open holds. */
function isRecovering(answer: unknown): boolean {
  const { outcome, refusals, holds } = (answer ?? {}) as Partial<Record<'outcome' | 'refusals' | 'holds', unknown>>;
  if (outcome === 'recovering') return true;
  const of = outcome === 'refused' ? refusals : outcome === 'done' ? holds : undefined;
  return Array.isArray(of) && of.some((one: { outcome: unknown }) => one.outcome === 'recovering');
}

/** Emits the first failure of an operation and code at once, and the number of those that follow every ten seconds. */
class StoreFailures {
  readonly #store: string;
  readonly #events: Events;
  readonly #clock: Clock;
  readonly #counted = new Map<string, Counted>();
  #isStopped = false;

  constructor(store: string, events: Events, clock: Clock) {
    this.#store = store;
    this.#events = events;
    this.#clock = clock;
  }

  seen(operation: StoreOperation, wallet: string | undefined, why: Why | undefined): void {
    if (!why) return;
    const event = { store: this.#store, operation, ...(wallet !== undefined && { wallet }), ...why };
    const key = `${operation} ${why.code}`;
    const counted = this.#counted.get(key);
    if (counted) {
      counted.event = event;
      counted.count += 1;
    } else this.#emit(key, event, 1);
  }

  stop(): void {
    this.#isStopped = true;
    for (const [key, { cancel }] of this.#counted) {
      cancel();
      this.#next(key);
    }
  }

  #emit(key: string, event: Omit<StoreFailureEvent, 'count'>, count: number): void {
    this.#events.emit('storeFailure', () => ({ ...event, count }));
    if (this.#isStopped) return;
    const cancel = runAfter(this.#clock, countForMs, () => this.#next(key));
    this.#counted.set(key, { event, count: 0, cancel });
  }

  #next(key: string): void {
    const counted = this.#counted.get(key);
    this.#counted.delete(key);
    if (counted && counted.count > 0) this.#emit(key, counted.event, counted.count);
  }
}

interface Counted {
  /** The last one. */
  event: Omit<StoreFailureEvent, 'count'>;
  count: number;
  readonly cancel: () => void;
}

const recovering: Why = {
  cause: 'recovering',
  code: 'RECOVERING',
  what: 'it is new or lost data, and gives every process time to restore its open holds',
  advice:
    'No action needed: it ends by itself. Holds of processes that have since exited must be checked with the provider.',
};

/** Undefined for what is no failure of the store: a wrong call, a store that was closed. */
function whyOf(error: unknown): Why | undefined {
  const isOurs = isPayoutGuardError(error);
  if (isOurs && (error as BalanceUnavailableError).reason !== 'store') return undefined;
  const failure = isOurs ? error.cause : error;
  if (isStoreFailure(failure)) {
    return { cause: failure.kind, code: failure.failure, what: failure.what, advice: failure.advice };
  }
  const { code, name } = redactedCause(failure ?? error) as NodeJS.ErrnoException;
  return {
    cause: 'other',
    code: code ?? name,
    what: 'the store threw an error',
    advice: 'See the log of the database.',
  };
}
