// The state of one history.
import { fromMinorUnits, type HoldRecord, type HoldStore, type MaybePromise } from 'payout-guard';
import { whenAnswered } from './answers.js';
import type { RealEngine } from './engines/engine.js';
import { EngineMemory } from './engines/memory.js';
import { EventLog } from './event-log.js';
import { Limits } from './limits/limits.js';
import { drawLimits } from './limits/plan.js';
import { LocalMemory, type Memory } from './memory.js';
import type { Mutant } from './mutants/mutant.js';
import { payrollsOf } from './payrolls.js';
import { Process } from './process.js';
import { FakeProvider } from './provider.js';
import { Random } from './random.js';
import { drawRole, type Needs, type Role, suits } from './roles.js';
import { Scheduler } from './scheduler.js';
import { drawSettings, type Settings } from './settings.js';
import { type Attempt, type Payout, Truth } from './truth.js';
import { type Report, type Rule, Violation } from './violation.js';
import type { WalletPlan } from './wallet-plan.js';
import { receiveWebhook } from './workload/webhooks.js';

export interface WorldOptions {
  readonly seed: number;
  readonly watch: ReadonlySet<Rule>;
  readonly mutant?: Mutant | undefined;
  readonly hazards?: ReadonlySet<Hazard> | undefined;
  /** The engine that stores the holds. @defaultValue the memory of this process */
  readonly engine?: RealEngine | undefined;
}

/**
 * Hazards that the library does not withstand. The histories leave them out unless requested:
 *
 * - `failedAgain`: a provider accepts a payout under a reference that it reported as failed, after the code that sends
 *   has ended.
 */
export type Hazard = (typeof hazards)[number];

export const hazards = ['failedAgain'] as const;

export class World {
  readonly random: Random;
  readonly settings: Settings;
  readonly scheduler: Scheduler;
  readonly log: EventLog;
  readonly truth: Truth;
  readonly mutant: Mutant | undefined;
  readonly hazards: ReadonlySet<Hazard>;
  readonly payouts: Payout[] = [];
  /** Number of payrolls. */
  readonly payrolls: number;
  /** The limits of its wallets; undefined in most histories. */
  readonly limits: Limits | undefined;
  /** References of each batch that must be held whole, by its attempt and its first reference. */
  readonly batches: Map<string, { readonly attempt: string; readonly references: readonly string[] }> = new Map();
  readonly processes: Process[] = [];
  readonly memory: Memory;
  readonly engine: RealEngine | undefined;
  readonly providers: ReadonlyMap<string, FakeProvider>;
  /** The wallet of every reference that was ever held. */
  readonly wallets: Map<string, string> = new Map();
  /** Wallets whose balance a guard has read. From then on the store has their accounts. */
  readonly claimed: Set<string> = new Set();
  /** Attempts of holds that a guard has granted to its application. */
  readonly granted: Set<string> = new Set();
  /** The guards' reports about a reference: events, warnings, and the report of `close`. */
  readonly reported: Map<string, Set<string>> = new Map();
  /** From now on no message is lost, no call fails and every payout is accepted. */
  isCalm = false;
  /** The store or a provider has changed since the last check of the invariants. */
  hasChanged = true;
  /** The store does not respond before this time. */
  silentUntilMs = 0;
  violation: Violation | undefined;
  readonly #watch: ReadonlySet<Rule>;

  constructor({ seed, watch, mutant, hazards = new Set(), engine }: WorldOptions) {
    this.random = new Random(seed);
    this.payrolls = payrollsOf(seed);
    this.settings = drawSettings(this.random);
    const drawnLimits = drawLimits(seed, this.settings, this.payrolls);
    this.scheduler = new Scheduler(this.random, drawnLimits?.startMs);
    this.log = new EventLog(() => this.scheduler.elapsedMs);
    this.truth = new Truth(this.report);
    this.providers = new Map(this.settings.wallets.map((plan) => [plan.key, new FakeProvider(this, plan)]));
    this.limits = drawnLimits && new Limits(this, drawnLimits);
    this.mutant = mutant;
    this.hazards = hazards;
    this.engine = engine;
    this.#watch = watch;
    this.memory = engine ? new EngineMemory(this, engine) : new LocalMemory(this);
  }

  /** The state that all processes share, without a network. */
  get store(): HoldStore {
    return this.memory.store;
  }

  /** Records a violation. The first one ends the history after this step. */
  readonly report: Report = (rule, explanation, cause) => {
    if (this.#watch.has(rule)) this.violation ??= new Violation(rule, explanation, { cause });
  };

  /** The time of the last firing of recurring timers. */
  get lastTimerMs(): number {
    const { arrivalsWithinMs, slowestPayoutMs } = this.settings;
    return arrivalsWithinMs + slowestPayoutMs + 60_000;
  }

  get hasLostMemory(): boolean {
    return this.log.coverage.has('store lost its data');
  }

  providerOf(wallet: string): FakeProvider {
    const provider = this.providers.get(wallet);
    if (!provider) throw new TypeError(`There is no wallet ${wallet}.`);
    return provider;
  }

  planOf(wallet: string): WalletPlan {
    return this.providerOf(wallet).plan;
  }

  walletOf(reference: string): string | undefined {
    return this.wallets.get(reference);
  }

  /** Records that a guard has reported a payout, so that it does not count as silent. */
  noteReport(reference: string, what: string): void {
    const reports = this.reported.get(reference) ?? new Set();
    this.reported.set(reference, reports.add(what));
  }

  start(role: Role): Process {
    const process = new Process(this, `p${this.processes.length + 1}`, role);
    this.processes.push(process);
    return process;
  }

  /** Returns a process that takes work of this kind, or a new one. */
  anyProcess(needs: Needs = {}): Process {
    const fitting = this.processes.filter(({ takesWork, role }) => takesWork && suits(role, needs));
    return this.random.pick(fitting) ?? this.start(drawRole(this, needs));
  }

  /** Stops the store from responding for a while, once in a history of this kind. */
  silenceStore(probability: number): void {
    if (this.isCalm || this.silentUntilMs > 0 || !this.random.chance(probability)) return;
    this.log.count('store was silent for a while');
    this.silentUntilMs = this.scheduler.now() + this.random.upTo(10_000);
  }

  sendWebhook(attempt: Attempt): void {
    this.scheduler.after(this.random.upTo(this.settings.slowestPayoutMs), () => {
      const isLost = !this.isCalm && this.random.chance(this.settings.providerLoss);
      this.log.count(isLost ? 'webhook lost' : 'webhook', attempt.reference);
      if (!isLost) receiveWebhook(this, attempt);
    });
  }

  /** Returns the store's hold with this reference. A step waits for the answer. */
  async holdOf(reference: string): Promise<HoldRecord | undefined> {
    const reading = Promise.resolve(this.store.get(reference));
    this.scheduler.waitFor(reading.catch(() => {}));
    return (await reading).hold;
  }

  /** Makes the store forget everything, if the library withstands it now. Resolves to true if it did. */
  loseMemory(): MaybePromise<boolean> {
    return whenAnswered(this.memory.lose(), (isLost) => {
      if (!isLost) return false;
      this.hasChanged = true;
      this.log.count('store lost its data');
      this.limits?.lose();
      return true;
    });
  }
}

/** Converts minor units to the text that the library accepts. */
export function text(minor: bigint, { currency }: Pick<WalletPlan, 'currency'>): string {
  return minor < 0n ? `-${fromMinorUnits(-minor, currency)}` : fromMinorUnits(minor, currency);
}

/** Converts text back to minor units. */
export function minorOf(amount: string): bigint {
  return BigInt(amount.replace('.', ''));
}
