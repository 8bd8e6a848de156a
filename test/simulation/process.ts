// One process: its own guard, and the calls under way in it. After a crash, none of them continues.
import { type CloseReport, createPayoutGuard, type HoldInfo, type HoldStore, type PayoutGuard } from 'payout-guard';
import { assertCovered, assertInTime } from './close-checks.js';
import { isExplained, kindOfError } from './explained-errors.js';
import { guardOptions } from './guard-setup.js';
import { watchingLimits } from './limits/watch.js';
import { listen } from './listeners.js';
import type { Role } from './roles.js';
import { eventLoopTurn } from './scheduler.js';
import { notingBatches } from './wire.js';
import type { World } from './world.js';

export class Process {
  readonly name: string;
  readonly role: Role;
  readonly guard: PayoutGuard;
  /** False after a crash or an end. */
  isAlive = true;
  hasCrashed = false;
  /** False once it begins to close. Work under way continues. */
  isOpen = true;
  /** The payouts that its guard left open when it closed; undefined before. */
  closeReport: CloseReport | undefined;
  /** Calls that have not ended. */
  readonly underWay: Map<number, string> = new Map();
  /** The report of `close` was compared with the open payouts. */
  isChecked = false;
  /** All references that it was asked to pay. */
  readonly asked: Set<string> = new Set();
  /** The error of its clock. */
  clockErrorMs = 0;
  readonly #world: World;
  readonly #store: HoldStore;
  #calls = 0;

  constructor(world: World, name: string, role: Role) {
    this.name = name;
    this.role = role;
    this.#world = world;
    this.#store = watchingLimits(world, this, notingBatches(world, world.memory.storeOf(this)));
    const guard = createPayoutGuard(guardOptions(world, this, this.#store));
    this.guard = world.mutant?.guard?.(guard, world, this) ?? guard;
    listen(world, this, guard);
    const { wallets, does, hasLookup } = role;
    world.log.count('started', `${name} to ${does} ${wallets}${hasLookup ? '' : ' without look-up'}`);
  }

  /** It can be given new work. */
  get takesWork(): boolean {
    return this.isAlive && this.isOpen;
  }

  get hasPayoutUnderWay(): boolean {
    return this.requested.length > 0;
  }

  /** The references that it was asked to pay and has not answered. */
  get requested(): readonly string[] {
    return [...this.underWay.values()].flatMap(requestedBy);
  }

  /** Runs a function in the process after a delay, if it is still alive then. Returns a function that cancels it. */
  after(delayMs: number, run: () => void): () => void {
    return this.#world.scheduler.after(delayMs, () => {
      if (this.isAlive) run();
    });
  }

  /** The same for a recurring task: a history does not wait for it. */
  inBackground(delayMs: number, run: () => void): () => void {
    const { scheduler } = this.#world;
    return scheduler.inBackground(delayMs, () => {
      if (this.isAlive && !this.#world.isCalm && scheduler.elapsedMs < this.#world.lastTimerMs) run();
    });
  }

  /** The process does other work for a while. */
  pause(): Promise<void> {
    const { random, settings, isCalm } = this.#world;
    const mostMs = isCalm ? 1 : settings.slowestClientMs;
    return new Promise((resolve) => void this.after(random.upTo(mostMs), resolve));
  }

  /** Runs a promise to its end, which must come. */
  async track<T>(what: string, work: Promise<T>): Promise<T> {
    const id = ++this.#calls;
    this.underWay.set(id, what);
    try {
      return await work;
    } finally {
      this.underWay.delete(id);
    }
  }

  /** Runs a call to its end. Counts expected failures. Anything else is a violation. */
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
    // It then waits for turns of the event loop, which no step of a history provides: one for its work, and one for
    // holds that are given back.
    if (waitMs === 0) scheduler.waitFor(eventLoopTurn().then(eventLoopTurn));
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

  /** Ends the process after the history. It has no effect any more. */
  end(): void {
    this.isAlive = false;
  }

  /** Asserts that a hold shown by the guard belongs to one of its wallets. */
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

/** The maximum time that `close` may take beyond `waitMs`, in milliseconds. */
const latestMs = 1_000;

/** The references of a request, if the call is a request. */
function requestedBy(what: string): string[] {
  return what.startsWith('request ') ? what.slice('request '.length).split(',') : [];
}
