// One run: a bank, processes that pay from it and share a store, the network between them and the engine, and
// all records of them for the checker.
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../processes/child.js';
import { Random } from '../simulation/random.js';
import { Bank } from './bank.js';
import type { Backend } from './engines.js';
import {
  type ClientName,
  type End,
  type FromPayer,
  type Payment,
  type Permission,
  type Quiet,
  type Wallet,
  wallets,
} from './messages.js';
import type { PayerProcess, ProcessPool } from './process.js';
import { EngineProxy } from './proxy.js';
import type { OpenStore } from './store.js';

/** Processes that pay at the same time. */
const places = 3;
const floorMinor = 500n;
const openingMinor = 6_000n;
/** Interval in which a webhook is sent again, in milliseconds, and the time for which it is. */
const webhookEveryMs = 150;
const webhooksForMs = 90_000;

/** A moment in which the engine forgot. */
export interface Loss {
  /** It had everything before. */
  readonly fromMs: number;
  /** It has everything after. */
  readonly toMs: number;
}

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

/** Pause of approvals, in milliseconds from the fault. */
export interface Outage {
  /** Until the first process was permitted something again. */
  readonly firstMs: number;
  /** Until every process was that lived through it. */
  readonly allMs: number;
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
  readonly #webhooks = new Map<string, { payment: Payment; sinceMs: number; error: string | undefined }>();
  #bank: Bank | undefined;
  #processes = 0;
  readonly #races: Race[] = [];
  readonly #approvals: { readonly name: string; readonly atMs: number }[] = [];
  #fault: { readonly atMs: number; readonly names: readonly string[] } | undefined;
  #isOver = false;

  static async begin(options: WorldOptions): Promise<World> {
    const world = new World(options);
    world.#bank = await Bank.open({
      openingMinor,
      floorMinor,
      random: world.#chance,
      mayOverspend: options.mayOverspend,
      mayPayTwice: options.mayPayTwice,
      onWebhook: (payment) => void world.#deliver(payment),
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
    this.#fault ??= { atMs: monotonicMs(), names: this.places.map(({ name }) => name) };
  }

  /** The longest pause between approvals that ended after the fault; undefined without a fault. */
  get outage(): Outage | undefined {
    const fault = this.#fault;
    if (!fault) return undefined;
    const until = (approvals: readonly { readonly atMs: number }[]) => {
      const times = approvals.map(({ atMs }) => atMs).sort((a, b) => a - b);
      return Math.round(endOfLongestPause(times, fault.atMs) - fault.atMs);
    };
    const survivors = fault.names.filter((name) => !this.killed.has(name));
    const each = survivors.map((name) => until(this.#approvals.filter((approval) => approval.name === name)));
    return { firstMs: until(this.#approvals), allMs: Math.max(...each) };
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

  /** Makes two processes send one payout. */
  race(): void {
    const race = {
      reference: `race-${this.#races.length + 1}`,
      wallet: this.#chance.pick(wallets) as Wallet,
      amount: BigInt(this.#chance.between(100, 1_000)),
    };
    this.#races.push(race);
    const first = this.#chance.between(0, places - 1);
    for (const index of [first, (first + 1) % places]) this.places[index]?.payer.send({ kind: 'race', ...race });
  }

  /** Makes a process send one of the last payouts again, as a client does that has no answer. */
  repeat(): void {
    const race = this.#chance.pick(this.#races.slice(-30));
    if (race) this.#chance.pick(this.places)?.payer.send({ kind: 'race', ...race });
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
    while (this.#webhooks.size > 0) await sleep(20);
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
    this.#isOver = true;
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
        this.#delivered(message.reference, message.error);
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
    this.#approvals.push({ name: place.name, atMs: permission.answeredAt });
    place.lastPermittedMs = Math.max(place.lastPermittedMs, permission.heldFrom);
    this.bank.permit(permission);
    const { reference, heldFrom, heldAt, askedAt, answeredAt } = permission;
    // An end before that belongs to an earlier attempt with the reference, for which nothing was sent.
    if ((this.ending.get(reference) ?? Number.POSITIVE_INFINITY) < heldFrom) {
      this.ending.delete(reference);
      this.ended.delete(reference);
    }
    const isRemote = this.engine.path !== undefined;
    if (isRemote && (!isAnswered(place.proxy, heldFrom, heldAt) || !isAnswered(place.proxy, askedAt, answeredAt))) {
      this.problem(`${reference} was approved in ${place.name} without an answer of the engine`);
    }
    for (const { fromMs, toMs } of this.losses) {
      // Answers are late by some milliseconds at most where they were not held up on purpose.
      if (heldFrom > toMs && heldAt < fromMs + this.recoveryMs - 5) {
        this.problem(`${reference} was approved ${Math.round(heldAt - fromMs)} ms after the engine lost data`);
      }
    }
  }

  /** The bank posts to one of the processes that a payout was made, and to another one until it is processed. */
  async #deliver(payment: Payment): Promise<void> {
    const { reference } = payment;
    const webhook = { payment, sinceMs: monotonicMs(), error: undefined };
    this.#webhooks.set(reference, webhook);
    while (this.#webhooks.has(reference) && !this.#isOver) {
      // A hold that was lost with its process cannot be settled by any other, nor one that ended before the store lost
      // data.
      const mayBeGone = this.mayOverspend || this.mayHaveEnded(reference);
      const sinceMs = Math.max(webhook.sinceMs, this.mayOverspend ? 0 : this.lostUntilMs + this.recoveryMs);
      if (monotonicMs() > sinceMs + (mayBeGone ? 1_500 : webhooksForMs)) {
        this.#webhooks.delete(reference);
        if (!mayBeGone) this.problem(`the webhook of ${reference} was not processed: ${webhook.error}`);
        return;
      }
      const { payer } = this.#chance.pick(this.places) as Place;
      payer.send({ kind: 'webhook', ...payment });
      await sleep(webhookEveryMs);
    }
  }

  #delivered(reference: string, error: string | undefined): void {
    const webhook = this.#webhooks.get(reference);
    if (error === undefined) this.#webhooks.delete(reference);
    else if (webhook) webhook.error = error;
  }
}

interface Race {
  readonly reference: string;
  readonly wallet: Wallet;
  readonly amount: bigint;
}

/** @param times - In order. */
function endOfLongestPause(times: readonly number[], afterMs: number): number {
  let [longest, end] = [0, Number.POSITIVE_INFINITY];
  for (const [index, time] of times.entries()) {
    const pause = time - (times[index - 1] ?? time);
    if (time > afterMs && pause > longest) [longest, end] = [pause, time];
  }
  return end;
}

/** Returns true if an answer of the engine reached the process in that time. */
function isAnswered({ answeredAt }: EngineProxy, fromMs: number, toMs: number): boolean {
  for (let index = answeredAt.length - 1; index >= 0; index--) {
    const atMs = answeredAt[index] as number;
    if (atMs < fromMs) return false;
    if (atMs <= toMs) return true;
  }
  return false;
}
