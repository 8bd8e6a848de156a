// One run: a bank, processes that pay out of it and share a store, the network between them and the engine, and what is known of all
// that by the one who judges.
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../simulation/random.js';
import { Bank } from './bank.js';
import type { Engine } from './engines.js';
import { Link } from './link.js';
import {
  type End,
  type FromPayer,
  monotonicMs,
  type Payment,
  type Permission,
  type Quiet,
  type Wallet,
  wallets,
} from './messages.js';
import type { Crew, PayerProcess } from './process.js';
import type { OpenStore } from './store.js';

/** Processes that pay at the same time. */
const places = 3;
const floorMinor = 500n;
const openingMinor = 6_000n;
/** How long until a webhook is sent again, in milliseconds, and for how long. */
const webhookEveryMs = 150;
const webhooksForMs = 30_000;

/** A moment in which the engine forgot. */
export interface Loss {
  /** It knew what happened before. */
  readonly fromMs: number;
  /** It knows what happened after. */
  readonly toMs: number;
}

/** A place in which one process after the other runs. */
export interface Place {
  readonly link: Link;
  payer: PayerProcess;
  /** What the references of its process begin with. */
  name: string;
  /** When the hold of the last thing that it was permitted was asked for. */
  lastPermittedMs: number;
}

export interface WorldOptions {
  readonly engine: Engine;
  readonly space: string;
  readonly recoveryMs: number;
  readonly witness: OpenStore;
  /** What the faults, and what processes choose, follow from. When they meet is up to the machine. */
  readonly seed: number;
  readonly crew: Crew;
  /** Losses that nobody can survive are only to be noticed. */
  readonly mayOverspend: boolean;
}

export class World {
  /** For the faults alone: nothing that depends on the time draws from it. */
  readonly random: Random;
  readonly #chance: Random;
  readonly engine: Engine;
  readonly space: string;
  readonly recoveryMs: number;
  readonly witness: OpenStore;
  readonly mayOverspend: boolean;
  readonly places: Place[] = [];
  readonly faults: string[] = [];
  readonly losses: Loss[] = [];
  /** The store was put back to an earlier time, and may know as open what has ended since. */
  isOlder = false;
  readonly problems: string[] = [];
  readonly warnings: string[] = [];
  /** When somebody first asked the store to end a hold. */
  readonly ending: Map<string, number> = new Map();
  /** Ends of holds that somebody was told of. */
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
  #races = 0;
  #isOver = false;

  static async begin(options: WorldOptions): Promise<World> {
    const world = new World(options);
    world.#bank = await Bank.open({
      openingMinor,
      floorMinor,
      random: world.#chance,
      mayOverspend: options.mayOverspend,
      onWebhook: (payment) => void world.#passOn(payment),
      onProblem: (problem) => world.problem(problem),
    });
    await Promise.all(Array.from({ length: places }, () => world.#open()));
    for (const place of world.places) await world.employ(place, place.payer);
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

  problem(problem: string): void {
    this.problems.push(problem);
  }

  /** Some time goes by, in milliseconds. */
  async pass(least: number, most: number): Promise<void> {
    await sleep(this.random.between(least, most));
  }

  /** Does something after which the engine knows nothing, or less, of what was before. */
  async lose(forget: () => Promise<void>): Promise<void> {
    const fromMs = monotonicMs();
    await forget();
    this.losses.push({ fromMs, toMs: monotonicMs() });
  }

  async kill(place: Place): Promise<void> {
    await place.payer.kill();
    this.killed.set(place.name, monotonicMs());
  }

  /** A new process begins to pay there. */
  async employ(place: Place, hired?: PayerProcess): Promise<void> {
    const { engine, space, recoveryMs } = this;
    const payer = hired ?? (await this.#options.crew.hire());
    this.#processes += 1;
    const number = this.#processes;
    place.payer = payer;
    place.name = `p${number}`;
    place.lastPermittedMs = 0;
    payer.onMessage = (message) => this.#hear(place, message);
    const begun = payer.hear('begun');
    payer.tell({
      kind: 'begin',
      assignment: {
        engine: engine.name,
        space,
        port: place.link.port,
        bankUrl: this.bank.url,
        recoveryMs,
        floorMinor,
        seed: this.#options.seed * 100 + number,
        name: place.name,
        client: number % 2 === 0 ? 'node-redis' : 'ioredis',
      },
    });
    await begun;
  }

  /** Two processes are told to make one payout. */
  race(): void {
    this.#races += 1;
    const reference = `race-${this.#races}`;
    const wallet = this.#chance.pick(wallets) as Wallet;
    const amount = BigInt(this.#chance.between(100, 1_000));
    const first = this.#chance.between(0, places - 1);
    for (const index of [first, (first + 1) % places]) {
      this.places[index]?.payer.tell({ kind: 'race', reference, wallet, amount });
    }
  }

  /** Waits until every process was permitted something that it asked for after this moment. */
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

  /** Nothing new begins, and what is under way comes to its end. */
  async quiet(): Promise<Quiet[]> {
    const quiet = await Promise.all(this.places.map(({ payer }) => payer.pause()));
    while (this.#webhooks.size > 0) await sleep(20);
    return quiet;
  }

  /** What every process that lives knows of the references that the first problems are about. */
  async trails(): Promise<string[]> {
    const named = this.problems.map((problem) => /\b(?:p\d+|race)-\d+\b/.exec(problem)?.[0]);
    const references = [...new Set(named)].filter((reference) => reference !== undefined).slice(0, 3);
    const trails: string[] = [];
    for (const reference of references) {
      for (const { payer, name } of this.places.filter((place) => place.payer.isAlive)) {
        for (const line of await payer.trailOf(reference)) trails.push(`${reference} in ${name}: ${line}`);
      }
    }
    return trails;
  }

  /** Lets go of everything. The processes that live may be given other work. */
  async end(): Promise<void> {
    this.#isOver = true;
    const living = this.places.map(({ payer }) => payer).filter(({ isAlive }) => isAlive);
    await Promise.all(living.map((payer) => payer.end()));
    for (const payer of living) {
      payer.onMessage = () => {};
      this.#options.crew.giveBack(payer);
    }
    await Promise.all([this.bank.close(), ...this.places.map(({ link }) => link.close()), this.witness.close()]);
  }

  async #open(): Promise<void> {
    const [link, payer] = await Promise.all([Link.open(this.engine.path), this.#options.crew.hire()]);
    this.places.push({ link, payer, name: '', lastPermittedMs: 0 });
  }

  #hear(place: Place, message: FromPayer): void {
    if (message.kind === 'permitted') this.#permit(place, message);
    else if (message.kind === 'ending') {
      this.ending.set(
        message.reference,
        Math.min(message.fromMs, this.ending.get(message.reference) ?? message.fromMs),
      );
    } else if (message.kind === 'ended') {
      this.ended.set(message.reference, message);
    } else if (message.kind === 'webhook done') this.#heardWebhook(message.reference, message.error);
    else if (message.kind === 'refused') this.refusals += 1;
    else if (message.kind === 'unavailable') this.unavailable += 1;
    else if (message.kind === 'warning') this.warnings.push(message.code);
    else if (message.kind === 'problem') this.problem(`${place.name}: ${message.problem}`);
  }

  #permit(place: Place, permission: Permission): void {
    this.approvals += 1;
    place.lastPermittedMs = Math.max(place.lastPermittedMs, permission.heldFrom);
    this.bank.permit(permission);
    const { reference, heldFrom, heldAt, askedAt, answeredAt } = permission;
    if (!isAnswered(place.link, heldFrom, heldAt) || !isAnswered(place.link, askedAt, answeredAt)) {
      this.problem(`${reference} was approved in ${place.name} without an answer of the engine`);
    }
    for (const { fromMs, toMs } of this.losses) {
      // Answers are late by some milliseconds at most where they were not held up on purpose.
      if (heldFrom > toMs && heldAt < fromMs + this.recoveryMs - 5) {
        this.problem(`${reference} was approved ${Math.round(heldAt - fromMs)} ms after the engine had forgotten`);
      }
    }
  }

  /** The bank tells one of the processes that a payout was made, and tells another one until it has been heard. */
  async #passOn(payment: Payment): Promise<void> {
    const { reference } = payment;
    const webhook = { payment, sinceMs: monotonicMs(), error: undefined };
    this.#webhooks.set(reference, webhook);
    while (this.#webhooks.has(reference) && !this.#isOver) {
      // What was lost with its process, nobody will ever know.
      if (monotonicMs() > webhook.sinceMs + (this.mayOverspend ? 1_500 : webhooksForMs)) {
        this.#webhooks.delete(reference);
        if (!this.mayOverspend) this.problem(`the webhook of ${reference} was not heard: ${webhook.error}`);
        return;
      }
      const { payer } = this.#chance.pick(this.places) as Place;
      payer.tell({ kind: 'webhook', ...payment });
      await sleep(webhookEveryMs);
    }
  }

  #heardWebhook(reference: string, error: string | undefined): void {
    const webhook = this.#webhooks.get(reference);
    if (error === undefined) this.#webhooks.delete(reference);
    else if (webhook) webhook.error = error;
  }
}

/** Whether something of the engine reached the process in that time. */
function isAnswered({ answeredAt }: Link, fromMs: number, toMs: number): boolean {
  for (let index = answeredAt.length - 1; index >= 0; index--) {
    const atMs = answeredAt[index] as number;
    if (atMs < fromMs) return false;
    if (atMs <= toMs) return true;
  }
  return false;
}
