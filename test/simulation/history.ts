// One history: everything that a seed makes happen, and the reckoning when it is over.

import { isPromise } from './answers.js';
import { look, reconcile, requestPayout } from './flows.js';
import { Invariants } from './invariants.js';
import type { Coverage } from './journal.js';
import type { Process } from './process.js';
import { reckon } from './reckoning.js';
import { quiet } from './scheduler.js';
import type { Payout } from './truth.js';
import type { Violation } from './violation.js';
import { World, type WorldOptions } from './world.js';

export interface HistoryResult {
  readonly steps: number;
  /** Of everything that happened. */
  readonly hash: string;
  readonly coverage: Coverage;
}

/** @throws {@link HistoryFailure} on the first violation. */
export async function runHistory(options: WorldOptions): Promise<HistoryResult> {
  const history = new History(options);
  try {
    await history.run();
  } finally {
    await history.end();
  }
  return history.result;
}

/** A violation, and what led to it. */
export class HistoryFailure extends Error {
  override readonly name = 'HistoryFailure';
  readonly violation: Violation;

  constructor(violation: Violation, seed: number, step: number, { journal, settings }: World) {
    const drawn = Object.entries(settings).map(([name, value]) => `${name} ${value}`);
    super(
      [
        violation.message,
        `seed ${seed}, step ${step}; the last events:`,
        ...journal.lastEvents.map((event) => `  ${event}`),
        `drawn: ${drawn.join(', ')}`,
      ].join('\n'),
      { cause: violation.cause },
    );
    this.violation = violation;
  }
}

const mostSteps = 5_000;

class History {
  readonly #seed: number;
  readonly #world: World;
  readonly #invariants: Invariants;
  #steps = 0;

  constructor(options: WorldOptions) {
    this.#seed = options.seed;
    this.#world = new World(options);
    this.#invariants = new Invariants(this.#world);
  }

  get result(): HistoryResult {
    const { hash, coverage } = this.#world.journal;
    return { steps: this.#steps, hash, coverage };
  }

  async run(): Promise<void> {
    await this.#world.memory.begin();
    this.#plan();
    await this.#play();
    await reckon(this.#world, () => this.#play());
  }

  async end(): Promise<void> {
    for (const process of this.#world.processes) process.end();
    await quiet();
    await this.#world.memory.end();
  }

  /** Puts on the agenda what the outside world will do. What the guards do follows from it. */
  #plan(): void {
    const { random, settings, scheduler, provider, payouts } = this.#world;
    const within = (act: () => void) => scheduler.after(random.upTo(settings.arrivalsWithinMs), act);
    const times = (most: number, act: () => void) => {
      const count = random.between(0, most);
      for (let time = 0; time < count; time++) within(act);
    };
    for (let process = 0; process < settings.processes; process++) this.#world.start();
    for (let index = 1; index <= settings.payouts; index++) {
      const payout = this.#drawPayout(`r${index}`);
      payouts.push(payout);
      const requests = random.between(1, settings.requestsPerPayout);
      for (let request = 1; request <= requests; request++) within(() => this.#request(payout, request > 1));
    }
    times(2, () => this.#call('look', look));
    times(3, () => {
      const olderThanMs = random.pick([0, 100, 1_000, undefined]);
      scheduler.after(random.upTo(settings.slowestPayoutMs), () =>
        this.#call('reconcile', (world, process) => reconcile(world, process, olderThanMs)),
      );
    });
    for (let topUp = 0; topUp < settings.topUps; topUp++) within(() => provider.topUp(BigInt(random.between(1, 9))));
  }

  #drawPayout(reference: string): Payout {
    const { random, settings } = this.#world;
    return {
      reference,
      amountMinor: BigInt(random.between(1, settings.largestAmountMinor)),
      feeMinor: BigInt(random.between(0, settings.largestFeeMinor)),
      flow: random.pick(['withHold', 'conclude', 'reserve']),
      settles: random.chance(0.8) ? settings.settles : random.pick(['onReturn', 'later']),
      debitAt: settings.debitAt === 'either' ? random.pick(['acceptance', 'completion']) : settings.debitAt,
    };
  }

  #request(payout: Payout, isRepeated: boolean): void {
    const { journal, random, truth } = this.#world;
    const { reference } = payout;
    // A store that lost its memory does not know what was paid before; whoever asks is told to know it himself.
    if (this.#world.hasLostMemory && truth.isPaid(reference)) return;
    const isAltered = isRepeated && random.chance(0.15);
    journal.note(isAltered ? 'request of another amount' : isRepeated ? 'duplicate request' : 'request', reference);
    const amountMinor = isAltered ? payout.amountMinor + 1n : payout.amountMinor;
    this.#call(`request ${reference}`, (world, process) => requestPayout(world, process, payout, amountMinor));
  }

  #call(what: string, flow: (world: World, process: Process) => Promise<void>): void {
    const process = this.#world.anyProcess();
    void process.run(what, () => flow(this.#world, process));
  }

  /** Goes on until nothing is left to do. */
  async #play(): Promise<void> {
    do {
      await this.#disturb();
      await this.#assertSound();
    } while (await this.#step());
    const stuck = this.#world.processes.flatMap(({ isAlive, underWay }) => (isAlive ? [...underWay.values()] : []));
    if (stuck.length > 0) this.#world.report('stuck', `${stuck} will never end`);
    await this.#assertSound();
  }

  async #step(): Promise<boolean> {
    if (!(await this.#world.scheduler.step())) return false;
    this.#steps += 1;
    if (this.#steps > mostSteps) this.#world.report('stuck', `there is no end after ${mostSteps} steps`);
    return true;
  }

  /** Between any two steps, a process may crash or be closed, its clock be set, or the store lose its memory. */
  async #disturb(): Promise<void> {
    const { random, settings, scheduler, isCalm, memory, payouts, processes } = this.#world;
    if (isCalm) return;
    // Who crashes before it has put its holds back, takes them along.
    if (!memory.isRecovering && random.chance(settings.crashes)) {
      const process = random.pick(processes.filter(({ isAlive }) => isAlive));
      if (process && random.chance(0.7)) this.#crash(process);
      else if (process?.isOpen) process.close();
      scheduler.after(random.upTo(settings.arrivalsWithinMs), () => this.#world.start());
    }
    if (random.chance(settings.memoryLosses) && (await this.#world.loseMemory())) {
      // Whoever was refused tries again, while balances are remembered whose marks are of the memory that was lost.
      for (const payout of payouts) scheduler.after(random.upTo(settings.maxAgeMs), () => this.#request(payout, true));
    }
    if (settings.clocksMove && random.chance(0.05)) {
      const process = random.pick(processes);
      if (process) process.clockErrorMs = random.between(-200_000, 200_000);
      this.#world.journal.note('clock moved');
    }
  }

  #crash(process: Process): void {
    process.crash();
    this.#world.mistake?.afterCrash?.(this.#world, process);
  }

  async #assertSound(): Promise<void> {
    const contents = this.#world.memory.contents();
    this.#invariants.check(isPromise(contents) ? await contents : contents);
    const { violation } = this.#world;
    if (violation) throw new HistoryFailure(violation, this.#seed, this.#steps, this.#world);
  }
}
