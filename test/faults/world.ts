// One run: a bank, processes that pay from it and share a store, the network between them and the engine, and
// all records of them for the checker.
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../processes/child.js';
import { Random } from '../simulation/random.js';
import { type Loss, problemsOfApproval } from './approvals.js';
import { Bank } from './bank.js';
import type { Backend } from './engines.js';
import type { ClientName, End, FromPayer, Permission, Quiet } from './messages.js';
import { type Outage, OutageMeter } from './outages.js';
import type { PayerProcess, ProcessPool } from './process.js';
import { EngineProxy } from './proxy.js';
import { Races } from './races.js';
import type { OpenStore } from './store.js';
import { Webhooks } from './webhooks.js';

/** Processes that pay at the same time. */
const places = 3;
const floorMinor = 500n;
const openingMinor = 6_000n;

/** A place in which one process after the other runs. */
export interface Place {
  readonly proxy: EngineProxy;
  payer: PayerProcess;
  /** The first part of the references of its process. */
  name: string;
  /** Time of the request for the last hold that it was permitted to send. */
  lastPermittedMs: number;
}

export interface WorldOptions {
  readonly engine: Backend;
  readonly space: string;
  readonly recoveryMs: number;
  readonly witness: OpenStore;
  /** Decides the faults, and the choices of processes. When they meet is up to the machine. */
  readonly seed: number;
  readonly pool: ProcessPool;
  /** The engine loses data: what it no longer has may contradict the outcome of a payout. */
  readonly forgets: boolean;
  /** A loss that cannot be survived has to be reported, no more. */
  readonly mayOverspend: boolean;
  /** The same for payouts that are repeated after the engine forgot them. */
  readonly mayPayTwice: boolean;
}

export class World {
  /** For the faults alone: nothing that depends on the time draws from it. */
  readonly random: Random;
  readonly #chance: Random;
  readonly engine: Backend;
  readonly space: string;
  readonly recoveryMs: number;
  readonly witness: OpenStore;
  readonly mayOverspend: boolean;
  readonly races: Races;
  readonly places: Place[] = [];
  readonly faults: string[] = [];
  readonly losses: Loss[] = [];
  /** Time until which answered changes may be lost. */
  lostUntilMs = 0;
  /** The store was set back to an earlier time, and may have holds as open that have ended since. */
  isOlder = false;
  readonly problems: string[] = [];
  /** Number of warnings of processes, by code. */
  readonly warnings: Record<string, number> = {};
  /** Time at which a process first asked the store to end a hold. */
  readonly ending: Map<string, number> = new Map();
  /** Ends of holds, as the store answered them. */
  readonly ended: Map<string, End> = new Map();
  /** Processes that were killed, by name, and when. */
  readonly killed: Map<string, number> = new Map();
  approvals = 0;
  refusals = 0;
  unavailable = 0;
  readonly #options: WorldOptions;
  #bank: Bank | undefined;
  #processes = 0;
  readonly #webhooks: Webhooks;
  readonly #outages = new OutageMeter();

  static async begin(options: WorldOptions): Promise<World> {
    const world = new World(options);
    world.#bank = await Bank.open({
      openingMinor,
      floorMinor,
      random: world.#chance,
      mayOverspend: options.mayOverspend,
      mayPayTwice: options.mayPayTwice,
      onWebhook: (payment) => void world.#webhooks.deliver(payment),
      onProblem: (problem) => world.problem(problem),
    });
    await Promise.all(Array.from({ length: places }, () => world.#open()));
    for (const place of world.places) await world.start(place, place.payer);
    return world;
  }

  private constructor(options: WorldOptions) {
    this.#options = options;
    this.random = new Random(options.seed);
    this.#chance = new Random(options.seed + 2 ** 40);
    this.#webhooks = new Webhooks(this, this.#chance);
    this.races = new Races(this.#chance);
    this.engine = options.engine;
    this.space = options.space;
    this.recoveryMs = options.recoveryMs;
    this.witness = options.witness;
    this.mayOverspend = options.mayOverspend;
  }

  get bank(): Bank {
    if (!this.#bank) throw new Error('the run has not begun');
    return this.#bank;
  }

  note(fault: string): void {
    this.faults.push(fault);
  }

  /** The fault whose outage is measured begins now. */
  fault(fault: string): void {
    this.note(fault);
    this.#outages.begin(this.places.map(({ name }) => name));
  }

  /** The longest pause between approvals that ended after the fault; undefined without a fault. */
  get outage(): Outage | undefined {
    return this.#outages.outage(this.killed);
  }

  problem(problem: string): void {
    this.problems.push(problem);
  }

  /** Lets some time pass, in milliseconds. */
  async pass(least: number, most: number): Promise<void> {
    await sleep(this.random.between(least, most));
  }

  /** Makes the engine forget everything, or the last of it. */
  async lose(forget: () => Promise<void>): Promise<void> {
    const fromMs = monotonicMs();
    await forget();
    this.losses.push({ fromMs, toMs: monotonicMs() });
    this.lostUntilMs = monotonicMs();
  }

  /** Records that changes answered until now may be lost, at an unknown time. */
  mayLoseUntilNow(): void {
    this.lostUntilMs = monotonicMs();
  }

  /**
   * Returns true if a process had asked the store to end the hold when it last lost data: it is gone then, as a capture
   * that the balance shows and a release are not restored.
   */
  mayHaveEnded(reference: string): boolean {
    return (this.ending.get(reference) ?? Number.POSITIVE_INFINITY) <= this.lostUntilMs;
  }

  async kill(place: Place): Promise<void> {
    await place.payer.kill();
    this.killed.set(place.name, monotonicMs());
  }

  /** Begins to pay there, in a new process. */
  async start(place: Place, waiting?: PayerProcess): Promise<void> {
    const { engine, space, recoveryMs } = this;
    const payer = waiting ?? (await this.#options.pool.take());
    this.#processes += 1;
    const number = this.#processes;
    place.payer = payer;
    place.name = `p${number}`;
    place.lastPermittedMs = 0;
    payer.onMessage = (message) => this.#receive(place, message);
    const assignment = {
      engine: engine.engine,
      space,
      address: engine.address(place.proxy.port),
      waitReplicas: engine.waitReplicas,
      bankUrl: this.bank.url,
      recoveryMs,
      floorMinor,
      seed: this.#options.seed * 100 + number,
      name: place.name,
      client: engine.clients[(number - 1) % engine.clients.length] as ClientName,
      guards: number % 4 < 2 ? 'one' : 'per wallet',
    } as const;
    await payer.ask({ kind: 'begin', assignment }, 'begun');
  }

  /** Waits until every process was permitted something that it requested after this moment. */
  async untilAllArePermitted(fromMs: number, limitMs: number): Promise<void> {
    const late = () => this.places.filter(({ lastPermittedMs }) => lastPermittedMs < fromMs);
    while (late().length > 0) {
      if (monotonicMs() > fromMs + limitMs) {
        const names = late().map(({ name }) => name);
        return this.problem(`${names.join(', ')} got no approval within ${limitMs} ms after the faults were over`);
      }
      await sleep(10);
    }
  }

  /** Begins nothing new, and waits for what is under way. */
  async quiet(): Promise<Quiet[]> {
    const quiet = await Promise.all(this.places.map(({ payer }) => payer.pause()));
    await this.#webhooks.settled();
    return quiet;
  }

  /** The store logs of every living process, of the references that the first problems are about. */
  async logs(): Promise<string[]> {
    const named = this.problems.map((problem) => /\b(?:p\d+|race)-\d+\b/.exec(problem)?.[0]);
    const references = [...new Set(named)].filter((reference) => reference !== undefined).slice(0, 3);
    const logs: string[] = [];
    for (const reference of references) {
      for (const { payer, name } of this.places.filter((place) => place.payer.isAlive)) {
        for (const line of await payer.logOf(reference)) logs.push(`${reference} in ${name}: ${line}`);
      }
    }
    return logs;
  }

  /** Closes everything. The processes that live may be used again. */
  async end(): Promise<void> {
    this.#webhooks.stop();
    const living = this.places.map(({ payer }) => payer).filter(({ isAlive }) => isAlive);
    await Promise.all(living.map((payer) => payer.finish()));
    for (const payer of living) {
      payer.onMessage = () => {};
      this.#options.pool.giveBack(payer);
    }
    await Promise.all([this.bank.close(), ...this.places.map(({ proxy }) => proxy.close()), this.witness.close()]);
  }

  async #open(): Promise<void> {
    const [proxy, payer] = await Promise.all([EngineProxy.open(this.engine.path), this.#options.pool.take()]);
    this.places.push({ proxy, payer, name: '', lastPermittedMs: 0 });
  }

  #receive(place: Place, message: FromPayer): void {
    switch (message.kind) {
      case 'permitted':
        this.#permit(place, message);
        break;
      case 'ending':
        if (!this.ending.has(message.reference)) this.ending.set(message.reference, message.fromMs);
        break;
      case 'ended':
        this.ended.set(message.reference, message);
        break;
      case 'webhook done':
        this.#webhooks.delivered(message.reference, message.error);
        break;
      case 'refused':
        this.refusals += 1;
        break;
      case 'unavailable':
        this.unavailable += 1;
        break;
      case 'warning':
        this.warnings[message.code] = (this.warnings[message.code] ?? 0) + 1;
        break;
      case 'alert':
        // A store that has everything agrees with every outcome.
        if (this.#options.forgets) this.note(`${place.name}: ${message.alert}`);
        else this.problem(`${place.name}: ${message.alert}`);
        break;
      case 'problem':
        this.problem(`${place.name}: ${message.problem}`);
    }
  }

  #permit(place: Place, permission: Permission): void {
    this.approvals += 1;
    this.#outages.approved(place.name, permission.answeredAt);
    place.lastPermittedMs = Math.max(place.lastPermittedMs, permission.heldFrom);
    this.bank.permit(permission);
    const { reference, heldFrom } = permission;
    // An end before that belongs to an earlier attempt with the reference, for which nothing was sent.
    if ((this.ending.get(reference) ?? Number.POSITIVE_INFINITY) < heldFrom) {
      this.ending.delete(reference);
      this.ended.delete(reference);
    }
    const { engine, losses, recoveryMs } = this;
    const proxy = engine.path === undefined ? undefined : place.proxy;
    const circumstances = { name: place.name, proxy, losses, recoveryMs };
    for (const problem of problemsOfApproval(permission, circumstances)) this.problem(problem);
  }
}
