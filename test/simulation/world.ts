// Everything in one history.
import { fromMinorUnits, type HoldStore, type MaybePromise } from 'payout-guard';
import { whenAnswered } from './answers.js';
import type { RealEngine } from './engines/engine.js';
import { EngineMemory } from './engines/memory.js';
import { hearWebhook } from './flows.js';
import { Journal } from './journal.js';
import { LocalMemory, type Memory } from './memory.js';
import type { Mistake } from './mistakes.js';
import { Process } from './process.js';
import { FakeProvider } from './provider.js';
import { Random } from './random.js';
import { Scheduler } from './scheduler.js';
import { drawSettings, type Settings } from './settings.js';
import { type Attempt, type Payout, Truth } from './truth.js';
import { type Report, type Rule, Violation } from './violation.js';

export interface WorldOptions {
  readonly seed: number;
  readonly watch: ReadonlySet<Rule>;
  readonly mistake?: Mistake | undefined;
  readonly hazards?: ReadonlySet<Hazard> | undefined;
  /** What keeps the holds. @defaultValue the memory of this process */
  readonly engine?: RealEngine | undefined;
}

/**
 * What the library does not withstand, and the histories leave out unless they are told otherwise:
 *
 * - `failedAgain`: a provider makes a payout under a reference that it had reported as failed. A webhook about the first
 *   attempt, late or repeated, then releases the hold of the second.
 */
export type Hazard = (typeof hazards)[number];

export const hazards = ['failedAgain'] as const;

export class World {
  readonly random: Random;
  readonly settings: Settings;
  readonly scheduler: Scheduler;
  readonly journal: Journal;
  readonly truth: Truth;
  readonly provider: FakeProvider;
  readonly mistake: Mistake | undefined;
  readonly hazards: ReadonlySet<Hazard>;
  readonly payouts: Payout[] = [];
  readonly processes: Process[] = [];
  readonly memory: Memory;
  /** From now on nothing is lost, nothing fails and everything is accepted. */
  isCalm = false;
  violation: Violation | undefined;
  readonly #watch: ReadonlySet<Rule>;

  constructor({ seed, watch, mistake, hazards = new Set(), engine }: WorldOptions) {
    this.random = new Random(seed);
    this.settings = drawSettings(this.random);
    this.scheduler = new Scheduler(this.random);
    this.journal = new Journal(() => this.scheduler.elapsedMs);
    this.truth = new Truth(this.report);
    this.provider = new FakeProvider(this);
    this.mistake = mistake;
    this.hazards = hazards;
    this.#watch = watch;
    this.memory = engine ? new EngineMemory(this, engine) : new LocalMemory(this);
  }

  /** What all processes share, as it is. */
  get store(): HoldStore {
    return this.memory.store;
  }

  /** Reports a violation. The first one ends the history after this step. */
  readonly report: Report = (rule, explanation, cause) => {
    if (this.#watch.has(rule)) this.violation ??= new Violation(rule, explanation, { cause });
  };

  get hasLostMemory(): boolean {
    return this.journal.coverage.has('store lost its memory');
  }

  start(): Process {
    const process = new Process(this, `p${this.processes.length + 1}`);
    this.processes.push(process);
    return process;
  }

  /** A process that takes work; a new one if there is none. */
  anyProcess(): Process {
    return this.random.pick(this.processes.filter(({ takesWork }) => takesWork)) ?? this.start();
  }

  sendWebhook(attempt: Attempt): void {
    this.scheduler.after(this.random.upTo(this.settings.slowestPayoutMs), () => {
      const isLost = !this.isCalm && this.random.chance(this.settings.providerLoss);
      this.journal.note(isLost ? 'webhook lost' : 'webhook', attempt.reference);
      if (isLost) return;
      const process = this.anyProcess();
      void process.run(`webhook ${attempt.reference}`, () => hearWebhook(this, process, attempt));
    });
  }

  /** Makes the store forget everything, if the library withstands it now. Says whether it did. */
  loseMemory(): MaybePromise<boolean> {
    return whenAnswered(this.memory.lose(), (isLost) => {
      if (isLost) this.journal.note('store lost its memory');
      return isLost;
    });
  }
}

/** Minor units as the library takes amounts. */
export function text(minor: bigint): string {
  return fromMinorUnits(minor, 'KES');
}
