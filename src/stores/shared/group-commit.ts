// Operations of one process that are asked for at the same time travel together: while a round trip is under way the
// next ones queue, and go in one. A caller on an idle line waits for nothing.
//
// Operations queue in lanes. A database that locks wallets has a lane for each, so that a wallet that another
// transaction keeps locked holds up no other one: what shared a batch with it fails once, and travels alone until it
// has succeeded.
import { BalanceUnavailableError } from '../../core/errors.js';
import { refusalOf } from './store-failure.js';

export interface GroupCommitOptions<Op, Answer> {
  /**
   * One round trip, for callers of whom the last one waits until `endMs` of the monotonic clock. Answers in the order of the
   * operations. Rejects when it is not known what became of them.
   */
  readonly run: (batch: readonly Op[], endMs: number) => Promise<readonly Answer[]>;
  /** Longest time from the call to its answer, in milliseconds. */
  readonly deadlineMs: number;
  /** Operations in one round trip. */
  readonly maxBatch: number;
  /** Operations that wait for a round trip. */
  readonly maxQueue: number;
  /** Round trips under way at once. */
  readonly maxUnderWay: number;
  /** When what was asked for sets out. */
  readonly soon: (flush: () => void) => void;
  /** Called with an operation whose caller was refused though it may have happened, or may yet happen. */
  readonly onUncertain: (op: Op) => void;
}

interface Waiting<Op, Answer> {
  readonly op: Op;
  readonly endMs: number;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
  isRefused: boolean;
}

interface Lane<Op, Answer> {
  readonly name: string;
  queue: Waiting<Op, Answer>[];
  underWay: number;
}

interface Batch<Op, Answer> {
  readonly waiting: readonly Waiting<Op, Answer>[];
  readonly lanes: readonly Lane<Op, Answer>[];
  /** All its callers were refused. */
  isOverdue: boolean;
}

/** With this many round trips beyond their deadline and not ended, the engine is taken for dead and not asked. */
const maxOverdue = 4;
/** So many lanes are remembered that failed and travel alone. */
const maxSuspects = 1_000;

export class GroupCommit<Op, Answer> {
  readonly #options: GroupCommitOptions<Op, Answer>;
  readonly #lanes = new Map<string, Lane<Op, Answer>>();
  /** Lanes with something in their queue, in the order they came. */
  readonly #ready = new Set<Lane<Op, Answer>>();
  readonly #underWay = new Set<Batch<Op, Answer>>();
  readonly #suspects = new Set<string>();
  #queued = 0;
  #overdue = 0;
  #isFlushing = false;
  #isClosed = false;
  #timer: NodeJS.Timeout | undefined;
  readonly #whenIdle: (() => void)[] = [];

  constructor(options: GroupCommitOptions<Op, Answer>) {
    this.#options = options;
  }

  /** @throws `BalanceUnavailableError`: no answer in time, a full queue, an engine that is gone, a closed store. */
  submit(op: Op, laneName: string): Promise<Answer> {
    const { maxQueue, deadlineMs } = this.#options;
    if (this.#isClosed) return Promise.reject(new BalanceUnavailableError('closed'));
    if (this.#queued >= maxQueue) return Promise.reject(unavailable('too many operations wait for it'));
    if (this.#overdue >= maxOverdue) return Promise.reject(unavailable('it has stopped answering'));
    return new Promise((resolve, reject) => {
      const lane = this.#lane(laneName);
      lane.queue.push({ op, endMs: performance.now() + deadlineMs, resolve, reject, isRefused: false });
      this.#queued += 1;
      this.#ready.add(lane);
      this.#watch(deadlineMs);
      this.#flushSoon();
    });
  }

  /** Resolves when all that was accepted is answered or refused. */
  async idle(): Promise<void> {
    while (!this.#isIdle) {
      await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
    }
  }

  /** Accepts nothing more, and ends when nothing is left. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.idle();
    clearTimeout(this.#timer);
  }

  get #isIdle(): boolean {
    return this.#queued === 0 && this.#underWay.size === this.#overdue;
  }

  #lane(name: string): Lane<Op, Answer> {
    let lane = this.#lanes.get(name);
    if (!lane) {
      lane = { name, queue: [], underWay: 0 };
      this.#lanes.set(name, lane);
    }
    return lane;
  }

  // Not at once: callers that were woken by the same answer ask in the same turn, and go together.
  #flushSoon(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    this.#options.soon(() => {
      this.#isFlushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    while (this.#queued > 0 && this.#underWay.size - this.#overdue < this.#options.maxUnderWay) {
      const batch = this.#nextBatch();
      if (!batch) return;
      this.#underWay.add(batch);
      void this.#send(batch);
    }
  }

  #nextBatch(): Batch<Op, Answer> | undefined {
    const { maxBatch } = this.#options;
    const waiting: Waiting<Op, Answer>[] = [];
    const lanes: Lane<Op, Answer>[] = [];
    for (const lane of this.#ready) {
      // A lane that is under way already goes again only with a full batch: then the database need not wait for us.
      if (lane.underWay > 0 && lane.queue.length < maxBatch) continue;
      const isSuspect = this.#suspects.size > 0 && this.#suspects.has(lane.name);
      if (isSuspect && (lanes.length > 0 || lane.underWay > 0)) continue;
      this.#take(lane, maxBatch - waiting.length, waiting);
      lanes.push(lane);
      if (isSuspect || waiting.length === maxBatch) break;
    }
    return lanes.length === 0 ? undefined : { waiting, lanes, isOverdue: false };
  }

  #take(lane: Lane<Op, Answer>, count: number, waiting: Waiting<Op, Answer>[]): void {
    const { queue } = lane;
    lane.underWay += 1;
    lane.queue = queue.length > count ? queue.splice(count) : [];
    for (const one of queue) waiting.push(one);
    this.#queued -= queue.length;
    if (lane.queue.length === 0) this.#ready.delete(lane);
  }

  async #send(batch: Batch<Op, Answer>): Promise<void> {
    const { waiting, lanes } = batch;
    try {
      const endMs = waiting.reduce((latest, one) => Math.max(latest, one.endMs), 0);
      const answers = await this.#options.run(
        waiting.map(({ op }) => op),
        endMs,
      );
      for (let index = 0; index < waiting.length; index++) {
        const one = waiting[index] as Waiting<Op, Answer>;
        if (!one.isRefused) one.resolve(answers[index] as Answer);
      }
      if (this.#suspects.size > 0) for (const { name } of lanes) this.#suspects.delete(name);
    } catch (error) {
      // Whatever it is, it is not known what happened.
      for (const one of waiting) if (!one.isRefused) this.#refuse(one, refusalOf(error));
      this.#suspect(lanes);
    } finally {
      this.#underWay.delete(batch);
      if (batch.isOverdue) this.#overdue -= 1;
      else this.#leave(lanes);
      this.#flushSoon();
      this.#rest();
    }
  }

  #leave(lanes: readonly Lane<Op, Answer>[]): void {
    for (const lane of lanes) {
      lane.underWay -= 1;
      if (lane.underWay === 0 && lane.queue.length === 0) this.#lanes.delete(lane.name);
    }
  }

  #suspect(lanes: readonly Lane<Op, Answer>[]): void {
    for (const { name } of lanes) {
      if (this.#suspects.size < maxSuspects) this.#suspects.add(name);
    }
  }

  // One timer for all: the deadlines end in the order of the calls. Not unref'd while a caller awaits an answer.
  #watch(inMs: number): void {
    if (this.#timer) this.#timer.ref();
    else this.#timer = setTimeout(() => this.#refuseOverdue(), inMs);
  }

  #rest(): void {
    if (!this.#isIdle) return;
    this.#timer?.unref();
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  #refuseOverdue(): void {
    this.#timer = undefined;
    const nowMs = performance.now();
    for (const batch of this.#underWay) {
      if (batch.isOverdue) continue;
      for (const one of batch.waiting) {
        if (!one.isRefused && one.endMs <= nowMs) this.#refuse(one, unavailable('no answer in time'));
      }
      if (batch.waiting.every(({ isRefused }) => isRefused)) {
        batch.isOverdue = true;
        this.#overdue += 1;
        this.#leave(batch.lanes);
        this.#suspect(batch.lanes);
      }
    }
    // These were never sent, so nothing is uncertain about them.
    for (const lane of this.#ready) {
      const left = lane.queue.filter((one) => one.endMs > nowMs);
      for (const one of lane.queue) if (one.endMs <= nowMs) one.reject(unavailable('no answer in time'));
      this.#queued -= lane.queue.length - left.length;
      lane.queue = left;
      if (left.length > 0) continue;
      this.#ready.delete(lane);
      if (lane.underWay === 0) this.#lanes.delete(lane.name);
    }
    const nextMs = this.#earliestEnd();
    if (nextMs < Number.POSITIVE_INFINITY) this.#watch(Math.max(1, nextMs - nowMs));
    this.#flushSoon();
    this.#rest();
  }

  #earliestEnd(): number {
    let endMs = Number.POSITIVE_INFINITY;
    for (const { waiting } of this.#underWay) {
      for (const one of waiting) if (!one.isRefused) endMs = Math.min(endMs, one.endMs);
    }
    for (const { queue } of this.#ready) endMs = Math.min(endMs, queue[0]?.endMs ?? endMs);
    return endMs;
  }

  #refuse(one: Waiting<Op, Answer>, error: Error): void {
    one.isRefused = true;
    one.reject(error);
    this.#options.onUncertain(one.op);
  }
}

export function unavailable(detail: string): BalanceUnavailableError {
  return new BalanceUnavailableError('store', { detail });
}
