// One process: a guard of its own, and the calls that are under way in it. When it crashes, none of them ever
// continues.
import { type CloseReport, createPayoutGuard, type HoldInfo, type HoldStore, type PayoutGuard } from 'payout-guard';
import { assertCovered, assertInTime } from './close-checks.js';
import { isExplained, kindOfError } from './explained-errors.js';
import { guardOptions } from './guard-setup.js';
import { listen } from './listeners.js';
import type { Role } from './roles.js';
import { eventLoopTurn } from './scheduler.js';
import type { World } from './world.js';

export class Process {
  readonly name: string;
  readonly role: Role;
  readonly guard: PayoutGuard;
  /** False after a crash, and after it ended. */
  isAlive = true;
  hasCrashed = false;
  /** False from the moment when it begins to close: what is under way continues. */
  isOpen = true;
  /** What its guard left open when it closed; undefined before. */
  closeReport: CloseReport | undefined;
  /** Calls that have not ended. */
  readonly underWay: Map<number, string> = new Map();
  /** What it leaves open was compared with its report. */
  isChecked = false;
  /** The references that it was ever asked to pay. */
  readonly asked: Set<string> = new Set();
  /** How far its clock is off. */
  clockErrorMs = 0;
  readonly #world: World;
  readonly #store: HoldStore;
  #calls = 0;

  constructor(world: World, name: string, role: Role) {
    this.name = name;
    this.role = role;
    this.#world = world;
    this.#store = world.memory.storeOf(this);
    const guard = createPayoutGuard(guardOptions(world, this, this.#store));
    this.guard = world.mutant?.guard?.(guard, world, this) ?? guard;
    listen(world, this, guard);
    const { wallets, does, hasLookup } = role;
    world.log.count('started', `${name} to ${does} ${wallets}${hasLookup ? '' : ' without look-up'}`);
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

  /** Something happens in the process so much later, if it is still alive then. Returns a function that cancels it. */
  after(delayMs: number, run: () => void): () => void {
    return this.#world.scheduler.after(delayMs, () => {
      if (this.isAlive) run();
    });
  }

  /** The same for what recurs: a history does not wait for it. */
  inBackground(delayMs: number, run: () => void): () => void {
    const { scheduler } = this.#world;
    return scheduler.inBackground(delayMs, () => {
      if (this.isAlive && !this.#world.isCalm && scheduler.elapsedMs < this.#world.lastTimerMs) run();
    });
  }

  /** The process does something else for a while. */
  pause(): Promise<void> {
    const { random, settings, isCalm } = this.#world;
    const mostMs = isCalm ? 1 : settings.slowestClientMs;
    return new Promise((resolve) => void this.after(random.upTo(mostMs), resolve));
  }

  /** Runs something to its end, which must come. */
  async track<T>(what: string, work: Promise<T>): Promise<T> {
    const id = ++this.#calls;
    this.underWay.set(id, what);
    try {
      return await work;
    } finally {
      this.underWay.delete(id);
    }
  }

  /** Runs a call to its end. What may go wrong in it is counted; anything else is a violation. */
  async run(what: string, call: () => Promise<unknown>): Promise<void> {
    try {
      await this.track(what, call());
    } catch (error) {
      this.noteError(what, error);
    }
  }

  noteError(what: string, error: unknown): void {
    if (!this.isAlive) return;
    const { log } = this.#world;
    const kind = kindOfError(error);
    if (kind) log.count(kind, what);
    else log.trace(`${what}: ${error instanceof Error ? error.message : error}`);
    if (!isExplained(this.#world, this, error))
      this.#world.report('unexpected', `${what} of ${this.name} ended so`, error);
  }

  crash(): void {
    this.#world.log.count('crash', this.name);
    this.hasCrashed = true;
    this.#stop();
  }

  /** Closes the guard, and then often ends the process, as an application does on SIGTERM. */
  async close(waitMs: number): Promise<void> {
    const { log, scheduler, random } = this.#world;
    log.count('closed', `${this.name}, waiting ${waitMs} ms at most`);
    this.isOpen = false;
    const startedAtMs = scheduler.now();
    const closing = this.guard.close({ waitMs });
    // It waits for a turn of the event loop then, which no step of a history does by itself.
    if (waitMs === 0) scheduler.waitFor(eventLoopTurn());
    scheduler.after(waitMs + latestMs + 1, () => assertInTime(this.#world, this));
    const report = await closing;
    if (!this.isAlive) return;
    this.closeReport = report;
    this.#world.hasChanged = true;
    for (const { reference, pending } of report.open) {
      log.count('left open', `${reference}, ${pending}`);
      this.#world.noteReport(reference, 'left open');
    }
    log.trace(`${this.name} was closed after ${scheduler.now() - startedAtMs} ms`);
    assertCovered(this.#world, this, report);
    if (!random.chance(0.5)) return;
    if (random.chance(0.5)) await this.#store.close();
    if (this.isAlive) this.#end();
  }

  /** After the history: nothing of it counts any more. */
  end(): void {
    this.isAlive = false;
  }

  /** Asserts that what the guard shows of a hold is of its own wallet. */
  assertOwn({ reference, wallet, currency }: Pick<HoldInfo, 'reference' | 'wallet' | 'currency'>): void {
    if (!this.role.wallets.includes(wallet) || this.role.impostor) {
      this.#world.report('foreign', `${this.name} showed ${reference}, which is of ${wallet}`);
    } else if (this.#world.planOf(wallet).currency !== currency) {
      this.#world.report('foreign', `${this.name} showed ${reference} of ${wallet} in ${currency}`);
    }
  }

  #end(): void {
    this.#world.log.count('ended after close', this.name);
    this.#stop();
  }

  #stop(): void {
    this.isAlive = false;
    this.underWay.clear();
    this.#world.truth.crash(this.name);
  }
}

/** The most that `close` may take beyond `waitMs`, in milliseconds. */
const latestMs = 1_000;

/** The reference of a request, if the call is one. */
function requestedBy(what: string): string[] {
  return what.startsWith('request ') ? [what.slice('request '.length)] : [];
}
