// Holds in a real engine. Each process has its own store object with its own client. Messages between that client and
// the engine get lost or delayed. The store's reaction is part of the history: its deadlines, the undoing of refused
// requests, and the restoring of lost holds.
//
// The engine is real and answers in real time, while the clock of the history stands still: a message arrives, the
// engine is called, the step waits for its answer, and the answer starts its way back. So the same seed gives the same
// history on an engine too. Its random values, epochs and attempts, decide nothing.
//
// Not covered: two concurrent calls inside PostgreSQL, engines that go back in time or stop, and losses while a process
// cannot reach the store. The tests of the stores cover those.
// while a process cannot reach the store: the tests of the stores have those.
import type { Clock, HoldRecord, HoldStore, WalletTotals } from 'payout-guard';
import { type Contents, isOpen, type Memory, rowsOf } from '../memory.js';
import type { Process } from '../process.js';
import { Random } from '../random.js';
import { isReliable } from '../settings.js';
import { type Attempt, mayBePaid } from '../truth.js';
import { described, noteAnswer, overWire, ownOnly } from '../wire.js';
import type { World } from '../world.js';
import { directLine, type Line, type RealEngine, type StoreOptions } from './engine.js';
import { type Machine, outside, within } from './machine.js';
import { drawOptions } from './store-options.js';

/** Longer than a store takes to undo refused requests. A late request may arrive after that. */
const longestQueueMs = 10_000;

/** The time between the first epoch and the history. */
const beforeMs = 100_000;

/** The share of losses that happen, of the steps at which the settings choose one and the library withstands it. */
const lossesThatHappen = 0.1;

/** The same share where captures are not visible yet, which is rare. */
const lateLossesThatHappen = 0.5;

/** The share of losses during which the server's clock steps forward, by more than the recovery window. */
const stepsThatHappen = 0.8;

/** The most losses in one history. After each, all payouts are requested again. */
const mostLosses = 3;

interface Look {
  readonly everyMs: number;
  readonly look: () => void;
}

interface Store {
  readonly process: Process;
  readonly looks: Look[];
  /** Asks whether the store is ready, as the platform does. */
  probe: () => void;
}

export class EngineMemory implements Memory {
  readonly undoesRefused = true;
  readonly store: HoldStore;
  readonly #world: World;
  readonly #engine: RealEngine;
  readonly #options: StoreOptions;
  /** The server's clock. */
  readonly #clock: Clock = {
    now: () => this.#world.scheduler.now() + this.#aheadMs - this.#backMs - (this.#hasBegun ? 0 : beforeMs),
  };
  #aheadMs = 0;
  #backMs = 0;
  readonly #stores: Store[] = [];
  #hasBegun = false;
  /** The last contents read; undefined when they may have changed. */
  #contents: Contents | undefined;
  /** The time at which some of the contents change without a request. */
  #changesAtMs = Number.POSITIVE_INFINITY;
  #isLost = false;
  #losses = 0;
  /** The store as checks read it: no deadline passes, however busy the machine is, and no timer goes off. */
  readonly #checker: Machine = { now: () => this.#world.scheduler.now(), after: () => () => {}, every: () => () => {} };
  /** The attempts of the open holds that were lost last. */
  #lost = new Set<string>();
  #recoversAtMs = 0;
  #epoch: string | undefined;

  constructor(world: World, engine: RealEngine) {
    this.#world = world;
    this.#engine = engine;
    this.#options = drawOptions(world);
    const store = this.#openForChecks();
    this.store = described(async (_, act) => within(this.#checker, () => act(store)));
  }

  get isRecovering(): boolean {
    return this.#isLost || this.#world.scheduler.now() < this.#recoversAtMs;
  }

  /** The first epoch is long past its recovery window when the history begins. */
  async begin(): Promise<void> {
    const [wallet] = this.#world.settings.wallets;
    // Not through the store of the checks: it would count the window from here.
    await within(this.#checker, () => this.#openForChecks().totals(wallet?.key ?? ''));
    this.#hasBegun = true;
  }

  storeOf(process: Process): HoldStore {
    const { mutant, scheduler } = this.#world;
    const looks: Look[] = [];
    const own: Store = { process, looks, probe: () => {} };
    this.#stores.push(own);
    const place: Machine = {
      now: () => scheduler.now() + (mutant?.durationsStep ? this.#aheadMs : 0),
      after: (delayMs, run) => process.after(Math.ceil(delayMs), run),
      // A store checks for a new epoch from time to time. Between losses it finds none.
      every: (everyMs, look) => {
        const one = { everyMs, look };
        looks.push(one);
        return () => void looks.splice(looks.indexOf(one), 1);
      },
    };
    const line: Line = {
      send: (what, kind, act) => {
        const mayRepeat = this.#engine.resends && kind === 'batch that writes';
        const arrive = () => {
          if (kind !== 'other') this.#contents = undefined;
          return outside(act);
        };
        return overWire(this.#world, process, { what, mayRepeat }, arrive);
      },
      sendAtOnce: (act) => {
        this.#contents = undefined;
        this.#world.hasChanged = true;
        const answer = outside(act);
        scheduler.waitFor(answer.catch(() => {}));
        return answer;
      },
    };
    const options = mutant?.shared?.(this.#options) ?? this.#options;
    const store = within(place, () => this.#engine.open(this.#clock, options, line, mutant?.flaws));
    const [wallet] = this.#world.settings.wallets;
    own.probe = () => within(place, () => void Promise.resolve(store.totals(wallet?.key ?? '')).catch(() => {}));
    const asked = described(async (what, act) => {
      if (!process.isAlive) return new Promise(() => {});
      const answer = await within(place, () => act(store));
      noteAnswer(this.#world, process, what, answer);
      return answer;
    });
    const seen: HoldStore = {
      ...ownOnly(this.#world, process, asked),
      close: () => within(place, () => store.close()),
    };
    return mutant?.store?.(seen, this.#world) ?? seen;
  }

  async contents(): Promise<Contents> {
    const { log, scheduler } = this.#world;
    if (this.#contents && scheduler.now() < this.#changesAtMs) return this.#contents;
    const [totals, { holds, nowMs }] = await Promise.all([this.#totals(), this.store.list({ limit: 1_000 })]);
    const [{ epoch, recoveringForMs = 0 } = nothing] = totals.values();
    this.#isLost = false;
    this.#recoversAtMs = scheduler.now() + recoveringForMs;
    if (epoch !== this.#epoch) {
      log.trace('another epoch');
      // Its window has begun.
      if (this.#losses > 0) this.#stepForward();
    }
    this.#epoch = epoch;
    this.#contents = { rows: rowsOf(holds), totals, nowMs };
    this.#changesAtMs = this.#nextChangeMs(this.#contents);
    for (const { attempt, reference } of holds) {
      if (this.#lost.delete(attempt)) log.count('restored', reference);
    }
    return this.#contents;
  }

  /**
   * Loses the memory, unless no process could restore the loss: payouts of a process that has ended, its captures that
   * are not visible yet, captured references that are requested again, and reservations, over or not, under which a
   * payout may be made without being marked as sent.
   */
  async lose(): Promise<boolean> {
    const { processes, random, settings, truth } = this.#world;
    if (this.isRecovering || this.#losses === mostLosses) return false;
    const { rows, totals } = await this.contents();
    const open = [...rows.values()].filter(({ state }) => isOpen(state));
    const sent = open.filter(({ state }) => state === 'sent');
    const isSafe = ({ state }: HoldRecord) => state === 'sent' || state === 'captured';
    if (settings.isForgetful && ![...rows.values()].every(isSafe)) return false;
    const heldMinor = open.reduce((sum, { amountMinor }) => sum + amountMinor, 0n);
    const isAnyLate = [...totals.values()].reduce((sum, { active }) => sum + active, 0n) !== heldMinor;
    if (!random.chance(isAnyLate ? lateLossesThatHappen : lossesThatHappen)) return false;
    if (rows.size === 0 || (isAnyLate && !processes.every(({ takesWork }) => takesWork))) return false;
    const openReferences = new Set(open.map(({ reference }) => reference));
    const isHeld = (attempt: Attempt) => mayBePaid(attempt) || openReferences.has(attempt.reference);
    const working = new Set(processes.filter(({ takesWork }) => takesWork).map(({ name }) => name));
    if (!truth.attempts.filter(isHeld).every(({ sender }) => working.has(sender))) return false;
    const isCaptured = (reference: string) => rows.get(reference)?.state === 'captured';
    const isEnded = (reference: string) => ['', '.n', '.f'].some((more) => isCaptured(`${reference}${more}`));
    if (processes.some((process) => process.isAlive && process.requested.some(isEnded))) return false;

    truth.forget(isHeld);
    await this.#engine.forget();
    // The kept time is lost as well. Holds from a time ahead would be late, not wrong.
    this.#backMs = 0;
    this.#isLost = true;
    this.#losses += 1;
    this.#contents = { rows: new Map(), totals: new Map(), nowMs: this.#clock.now() };
    this.#changesAtMs = Number.POSITIVE_INFINITY;
    this.#lost = new Set(sent.map(({ attempt }) => attempt));
    if (open.length > 0) this.#world.log.count('store lost open holds', `${[...openReferences]}`);
    if (sent.length < open.length) this.#world.log.count('store lost reservations');
    if (isAnyLate) this.#world.log.count('store lost late captures');
    this.#lookSoon();
    return true;
  }

  /**
   * Perhaps sets the clock of the server forward before every process has restored its holds. Not where a capture
   * becomes visible by that clock: it would while the balance does not show it yet.
   */
  #stepForward(): void {
    const { log, scheduler, settings } = this.#world;
    // Of its own, so that histories without a step stay as they are.
    const random = new Random(scheduler.elapsedMs);
    const { recoveryMs } = this.#options;
    if (!random.chance(stepsThatHappen) || settings.wallets.some(({ lagMs }) => lagMs > 0)) return;
    // At once, because most clients ask again at once.
    scheduler.after(random.between(0, 3), () => {
      this.#aheadMs += 2 * recoveryMs;
      this.#contents = undefined;
      log.count('clock of the store set forward');
      // A process that notices the epoch later takes the step for a reason to wait once more.
      for (const { process, probe } of this.#stores) process.after(random.between(0, recoveryMs / 4), probe);
    });
  }

  #openForChecks(): HoldStore {
    const options = { ...this.#options, deadlineMs: 10_000, maxBatch: 512 };
    return within(this.#checker, () => this.#engine.open(this.#clock, options, directLine));
  }

  async end(): Promise<void> {
    await this.#engine.reset();
  }

  /**
   * A message may take longer than the store's deadline in histories with losses, but not when everything succeeds in
   * the end, and not while holds are restored: a process that cannot reach the store then loses its holds, as
   * documented.
   */
  slowestMs(): number {
    const { isCalm, settings } = this.#world;
    const { deadlineMs, recoveryMs } = this.#options;
    // Many calls may be queued before one, and each of them is two messages or four.
    const isGood = isCalm || isReliable(settings);
    const mostMs = this.isRecovering ? recoveryMs / 1_000 : isGood ? deadlineMs / 50 : deadlineMs;
    return Math.min(settings.slowestStoreMs, mostMs);
  }

  queuedMs(): number {
    return this.#world.random.upTo(longestQueueMs);
  }

  // Before or after the deadline, and soon enough that a process is not cut off for a whole recovery.
  unheardMs(): number {
    return this.#world.random.upTo(this.#options.recoveryMs / 4);
  }

  async #totals(): Promise<ReadonlyMap<string, WalletTotals>> {
    const keys = this.#world.settings.wallets.map(({ key }) => key);
    const totals = await Promise.all(keys.map((key) => this.store.totals(key)));
    return new Map(totals.map((one, index) => [keys[index] ?? '', one]));
  }

  /** Makes the open stores check at their own interval until the recovery is over. */
  #lookSoon(): void {
    const { mutant, random } = this.#world;
    if (mutant?.looksNever) return;
    for (const { process, looks } of this.#stores) {
      for (const { everyMs, look } of looks) {
        const firstMs = random.between(0, everyMs);
        for (let atMs = firstMs; atMs <= this.#options.recoveryMs; atMs += everyMs) process.after(atMs, look);
      }
    }
  }

  setClockBack(ms: number): void {
    // In PostgreSQL, reads see the clock unadjusted until the next write. Its own tests cover that.
    if (this.#engine.name === 'postgres' || this.#engine.name === 'pglite') return;
    this.#backMs += ms;
    this.#contents = undefined;
  }

  #nextChangeMs({ rows, nowMs }: Contents): number {
    const { scheduler } = this.#world;
    const times = [...rows.values()].flatMap(({ state, expiresAtMs, visibleAtMs }) =>
      state === 'reserved' ? (expiresAtMs ?? []) : (visibleAtMs ?? []),
    );
    const nextMs = Math.min(...times.filter((atMs) => atMs > nowMs), Number.POSITIVE_INFINITY);
    return scheduler.now() + nextMs - nowMs;
  }
}

const nothing: WalletTotals = { epoch: '', active: 0n, captured: 0n };
