// One history: all events that follow from a seed, and the checks at its end.
import type { MaybePromise } from 'payout-guard';
import { isPromise, whenAnswered } from './answers.js';
import type { Coverage } from './event-log.js';
import { checkFinally } from './final-checks.js';
import { Invariants } from './invariants.js';
import { acceptAtStart, planAcceptances, topUpLimited } from './limits/operators.js';
import { noteWarning } from './listeners.js';
import { drawPayout, drawRepetition } from './payouts.js';
import { drawPayrolls, type PayrollPlan } from './payrolls.js';
import type { Process } from './process.js';
import { drawImpostor, drawRole, type Needs } from './roles.js';
import { eventLoopTurn, quiet } from './scheduler.js';
import type { Payout } from './truth.js';
import type { Violation } from './violation.js';
import { collectWarnings } from './warnings.js';
import { crowd, freeze, impersonate, look, reconcile } from './workload/background.js';
import { requestPayroll, resumeOne } from './workload/payroll.js';
import { requestPayout, requestUnknownWallet } from './workload/request.js';
import { World, type WorldOptions } from './world.js';

export interface HistoryResult {
  readonly steps: number;
  /** A hash of all events. */
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

/** A violation, and the events that led to it. */
export class HistoryFailure extends Error {
  override readonly name = 'HistoryFailure';
  readonly violation: Violation;

  constructor(violation: Violation, seed: number, step: number, { limits, log, settings }: World) {
    const { wallets, ...rest } = settings;
    const plans = [...(limits?.plans ?? [])];
    super(
      [
        violation.message,
        `seed ${seed}, step ${step}; the last events:`,
        ...log.lastEvents.map((event) => `  ${event}`),
        `drawn: ${shown(rest)}`,
        ...wallets.map((plan) => `wallet: ${shown(plan)}`),
        ...plans.map(([key, plan]) => `limits of ${key}: ${shown(plan)}`),
      ].join('\n'),
      { cause: violation.cause },
    );
    this.violation = violation;
  }
}

function shown(drawn: object): string {
  return Object.entries(drawn)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}

const mostSteps = 5_000;

class History {
  readonly #seed: number;
  readonly #world: World;
  readonly #invariants: Invariants;
  readonly #stopWarnings: () => void;
  #steps = 0;

  constructor(options: WorldOptions) {
    this.#seed = options.seed;
    this.#world = new World(options);
    this.#invariants = new Invariants(this.#world);
    this.#stopWarnings = collectWarnings((code, message) => noteWarning(this.#world, code, message));
  }

  get result(): HistoryResult {
    const { hash, coverage } = this.#world.log;
    return { steps: this.#steps, hash, coverage };
  }

  async run(): Promise<void> {
    await this.#world.memory.begin();
    await acceptAtStart(this.#world);
    this.#plan();
    await this.#play();
    await checkFinally(this.#world, () => this.#play());
  }

  async end(): Promise<void> {
    for (const process of this.#world.processes) process.end();
    // Work queued for a turn of the event loop also belongs to this history.
    await eventLoopTurn();
    this.#stopWarnings();
    await this.#world.memory.end();
  }

  /** Schedules the events of the outside world. The work of the guards follows from them. */
  #plan(): void {
    const { random, settings, scheduler, payouts } = this.#world;
    const within = (act: () => void) => void scheduler.after(random.spread(settings.arrivalsWithinMs), act);
    const times = (most: number, act: () => void) => {
      const count = random.between(0, most);
      for (let time = 0; time < count; time++) within(act);
    };
    for (let process = 0; process < settings.processes; process++) this.#world.start(drawRole(this.#world));
    for (let index = 1; index <= settings.payouts; index++) {
      const payout = drawPayout(this.#world, `r${index}`);
      payouts.push(payout);
      const requests = random.between(1, settings.requestsPerPayout);
      for (let request = 1; request <= requests; request++) within(() => this.#request(payout, request > 1));
    }
    times(2, () => this.#call('look', {}, look));
    times(3, () => {
      const olderThanMs = random.pick([0, 100, 1_000, undefined]);
      scheduler.after(random.upTo(settings.slowestPayoutMs), () =>
        this.#call('reconcile', {}, (world, process) => reconcile(world, process, olderThanMs)),
      );
    });
    for (let topUp = 0; topUp < settings.topUps; topUp++) within(() => this.#topUp());
    if (settings.storeOutages > 0) within(() => this.#world.silenceStore(0.5));
    if (settings.crowd > 0) within(() => this.#call('crowd', { does: 'pay' }, crowd));
    if (settings.freezes) within(() => this.#call('freeze', {}, freeze));
    if (settings.hasImpostor) this.#planImpostor(within);
    for (const payroll of drawPayrolls(this.#world)) this.#planPayroll(payroll, within);
    topUpLimited(this.#world);
    planAcceptances(this.#world);
  }

  /** It is requested more than once, by any process, and its payouts singly as well. */
  #planPayroll(payroll: PayrollPlan, within: (act: () => void) => void): void {
    const { log, random, scheduler, settings } = this.#world;
    const { name, wallet, payouts } = payroll;
    const references = payouts.map(({ reference }) => reference);
    const requests = random.between(1, 3);
    for (let request = 1; request <= requests; request++) {
      within(() => {
        log.count('payroll requested', name);
        this.#call(`request ${references}`, { wallet, does: 'pay' }, (world, process) =>
          requestPayroll(world, process, payroll),
        );
        // Another process finds one of its holds, perhaps while the payroll is held.
        const payout = random.chance(0.5) ? random.pick(payouts) : undefined;
        if (!payout) return;
        scheduler.after(random.upTo(settings.slowestClientMs + 10), () =>
          this.#call(`request ${payout.reference}`, { wallet, does: 'pay' }, (world, process) =>
            resumeOne(world, process, payout),
          ),
        );
      });
    }
    const single = random.chance(0.3) ? random.pick(payouts) : undefined;
    if (single) within(() => this.#request(single, true));
  }

  #planImpostor(within: (act: () => void) => void): void {
    const { payouts } = this.#world;
    const process = this.#world.start(drawImpostor(this.#world));
    for (const payout of payouts.filter(({ wallet }) => process.role.wallets.includes(wallet))) {
      within(() => {
        if (!process.takesWork) return;
        void process.run(`request ${payout.reference}.x`, () => impersonate(this.#world, process, payout));
      });
    }
  }

  #topUp(): void {
    const { random, providers } = this.#world;
    random.pick([...providers.values()])?.topUp(BigInt(random.between(1, 9)));
  }

  #request(payout: Payout, isRepeated: boolean): void {
    const { log, random, truth } = this.#world;
    const { reference } = payout;
    // A store that lost its data cannot recognise paid payouts, so clients that repeat requests must.
    if (this.#world.hasLostMemory && truth.isPaid(reference)) return;
    const asked = isRepeated ? drawRepetition(this.#world, payout) : { kind: 'request' as const, payout };
    const { wallet } = asked.payout;
    log.count(asked.kind, reference);
    if (random.chance(0.03)) {
      log.count('request of an unknown wallet', reference);
      this.#call(`request ${reference}.u`, { wallet, does: 'pay' }, (world, process) =>
        requestUnknownWallet(world, process, asked.payout),
      );
    }
    this.#call(`request ${reference}`, { wallet, does: 'pay' }, (world, process) =>
      requestPayout(world, process, asked.payout),
    );
  }

  #call(what: string, needs: Needs, flow: (world: World, process: Process) => Promise<void>): void {
    const process = this.#world.anyProcess(needs);
    void process.run(what, () => flow(this.#world, process));
  }

  /** Continues until nothing is left to do. */
  async #play(): Promise<void> {
    // By then, work that began outside of a step has sent its messages.
    await quiet();
    do {
      const disturbed = this.#disturb();
      if (isPromise(disturbed)) await disturbed;
      const checked = this.#check();
      if (isPromise(checked)) await checked;
      this.#steps += 1;
      if (this.#steps > mostSteps) {
        this.#world.report('stuck', `there is no end after ${mostSteps} steps`);
        // A mutant that should break another rule.
        this.#throwViolation();
        return;
      }
    } while (await this.#world.scheduler.step());
    const stuck = this.#world.processes.flatMap(({ isAlive, underWay }) => (isAlive ? [...underWay.values()] : []));
    if (stuck.length > 0) this.#world.report('stuck', `${stuck} will never end`);
    await this.#check();
  }

  /** Between two steps, a process may crash or close, its clock may be set, or the store may lose its data. */
  #disturb(): MaybePromise<void> {
    const { random, settings, isCalm, memory } = this.#world;
    if (isCalm) return;
    // A process that crashes before it has restored its holds takes them along.
    const isEnding = !memory.isRecovering && random.chance(settings.crashes);
    if (isEnding) this.#endOne();
    if (settings.clocksMove && random.chance(0.05)) this.#moveClock();
    if (!random.chance(settings.memoryLosses)) return isEnding ? quiet() : undefined;
    return whenAnswered(this.#world.loseMemory(), (isLost) => {
      if (!isLost) return;
      this.#askAgain();
      planAcceptances(this.#world);
    });
  }

  /** Crashes or closes a process, and replaces it. */
  #endOne(): void {
    const { random, settings, scheduler, processes, mutant } = this.#world;
    const process = random.pick(processes.filter(({ isAlive }) => isAlive));
    if (process && random.chance(0.5)) {
      process.crash();
      mutant?.afterCrash?.(this.#world, process);
    } else if (process?.isOpen) void process.close(random.upTo(settings.closeWaitMs + 1) - 1);
    scheduler.after(random.upTo(settings.arrivalsWithinMs), () => this.#world.start(drawRole(this.#world)));
  }

  #moveClock(): void {
    const { random, processes, log, memory, engine } = this.#world;
    const process = random.pick(processes);
    if (process) process.clockErrorMs = random.between(-200_000, 200_000);
    log.count('clock moved');
    if (!engine || random.chance(0.5)) return;
    memory.setClockBack(random.between(1, 100_000));
    log.count('clock of the store set back');
  }

  /** Refused clients retry while balances with marks from the lost memory are still cached. */
  #askAgain(): void {
    const { random, settings, scheduler, payouts } = this.#world;
    for (const payout of payouts) scheduler.after(random.upTo(settings.maxAgeMs), () => this.#request(payout, true));
  }

  #check(): MaybePromise<void> {
    if (!this.#world.hasChanged) return this.#throwViolation();
    this.#world.hasChanged = false;
    return whenAnswered(this.#world.memory.contents(), (contents) => {
      this.#invariants.check(contents);
      this.#throwViolation();
    });
  }

  #throwViolation(): void {
    const { violation } = this.#world;
    if (violation) throw new HistoryFailure(violation, this.#seed, this.#steps, this.#world);
  }
}
