// Operations of one process that are asked for at the same time travel together: while a round trip is under way the
// next ones queue, and go in one. A caller on an idle line waits for nothing.
import { BalanceUnavailableError } from '../../core/errors.js';
import { busy } from './engine.js';
import { noAnswer, refusalOf, refusals, unavailable, type Wait } from './store-failure.js';

export interface GroupCommitOptions<Op, Answer> {
  /**
   * One round trip, for callers of whom the last one waits until `endMs` of the monotonic clock. Answers in the order
   * of the operations. Rejects when it is not known what became of them. With no operations it only asks whether there
   * is an answer.
   */
  readonly run: (batch: readonly Op[], endMs: number) => Promise<readonly (Answer | typeof busy)[]>;
  /** Longest time from the call to its answer, in milliseconds. */
  readonly deadlineMs: number;
  /** Operations in one round trip. */
  readonly maxBatch: number;
  /**
   * The number of operations that one stands for which must travel alone, even if it is more than `maxBatch`; undefined
   * for any other one. @defaultValue none travels alone
   */
  readonly weightAlone?: ((op: Op) => number | undefined) | undefined;
  /** Operations that wait for a round trip. */
  readonly maxQueue: number;
  /** Round trips under way at once. */
  readonly maxUnderWay: number;
  /** Schedules the next round trip. */
  readonly soon: (flush: () => void) => void;
  /** Returns true if the answer is that the operation arrived too late. */
  readonly isTooLate?: ((op: Op, answer: Answer) => boolean) | undefined;
  /** Returns what a request that was sent is waiting for. */
  readonly waitsFor?: (() => Wait) | undefined;
  /** Called with an operation whose caller was refused though it may have happened, or may yet happen. */
  readonly onUncertain: (op: Op) => void;
}

interface Waiting<Op, Answer> {
  readonly op: Op;
  /** Of one that travels alone. */
  readonly weight: number | undefined;
  readonly endMs: number;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
  isRefused: boolean;
  /** The last answer was that its wallet is locked. */
  isLocked: boolean;
}

type Batch<Op, Answer> = readonly Waiting<Op, Answer>[];

/** With this many round trips beyond their deadline and not ended, the engine is taken for dead and only probed. */
const maxOverdue = 4;
/** Interval of the probes, in milliseconds. */
const probeEveryMs = 1_000;
/** Delay before operations whose wallet was locked are sent again, in milliseconds. */
const busyAgainMs = 5;

export class GroupCommit<Op, Answer> {
  readonly #options: GroupCommitOptions<Op, Answer>;
  #queue: Waiting<Op, Answer>[] = [];
  /** Those that travel alone, apart from the others, so that a batch is taken off the queue as it is. */
  #alone: Waiting<Op, Answer>[] = [];
  /** Those whose wallet was locked. They travel apart, so that they hold up no other one. */
  #busy: Waiting<Op, Answer>[] = [];
  readonly #underWay = new Set<Batch<Op, Answer>>();
  /** Round trips without an answer, whose callers were all refused. */
  readonly #overdue = new Set<Batch<Op, Answer>>();
  #isFlushing = false;
  #isClosed = false;
  #timer: NodeJS.Timeout | undefined;
  #busyTimer: NodeJS.Timeout | undefined;
  #probeTimer: NodeJS.Timeout | undefined;
  readonly #whenIdle: (() => void)[] = [];

  constructor(options: GroupCommitOptions<Op, Answer>) {
    this.#options = options;
  }

  /** @throws `BalanceUnavailableError`: no answer in time, a full queue, an engine that is gone, a closed store. */
  submit(op: Op): Promise<Answer> {
    const { maxQueue, deadlineMs } = this.#options;
    if (this.#isClosed) return Promise.reject(new BalanceUnavailableError('closed'));
    const weight = this.#options.weightAlone?.(op);
    // One that stands for more than may wait is accepted if it is the only one.
    const waiting = this.#waiting;
    if (waiting > 0 && waiting + (weight ?? 1) > maxQueue) return Promise.reject(unavailable(refusals.full));
    if (this.#overdue.size >= maxOverdue) return Promise.reject(unavailable(refusals.silent));
    return new Promise((resolve, reject) => {
      (weight === undefined ? this.#queue : this.#alone).push({
        op,
        weight,
        endMs: performance.now() + deadlineMs,
        resolve,
        reject,
        isRefused: false,
        isLocked: false,
      });
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
    clearInterval(this.#probeTimer);
  }

  get #isIdle(): boolean {
    return this.#waiting === 0 && this.#underWay.size === 0;
  }

  /** Operations that wait for a round trip. */
  get #waiting(): number {
    let weight = this.#queue.length + this.#busy.length;
    for (const one of this.#alone) weight += one.weight ?? 1;
    return weight;
  }

  // Not at once: callers that were woken by the same answer ask in the same turn, and go together.
  #flushSoon(): void {
    if (this.#isFlushing || (this.#queue.length === 0 && this.#alone.length === 0)) return;
    this.#isFlushing = true;
    this.#options.soon(this.#flush);
  }

  readonly #flush = (): void => {
    this.#isFlushing = false;
    while (this.#underWay.size < this.#options.maxUnderWay) {
      const batch = this.#nextBatch();
      if (!batch) return;
      void this.#send(batch);
    }
  };

  /** In the order of the calls, so that neither kind holds up the other one for long. */
  #nextBatch(): Batch<Op, Answer> | undefined {
    const { maxBatch } = this.#options;
    const [first] = this.#queue;
    // Beside one that is under way only a full one goes: then the database need not wait for us.
    const isReady = first !== undefined && (this.#underWay.size === 0 || this.#queue.length >= maxBatch);
    const [alone] = this.#alone;
    if (alone && !(isReady && first.endMs <= alone.endMs)) return this.#alone.splice(0, 1);
    if (!isReady) return undefined;
    const batch = this.#queue;
    this.#queue = batch.length > maxBatch ? batch.splice(maxBatch) : [];
    return batch;
  }

  async #send(batch: Batch<Op, Answer>): Promise<void> {
    this.#underWay.add(batch);
    try {
      const endMs = batch.reduce((latest, one) => Math.max(latest, one.endMs), 0);
      const answers = await this.#options.run(
        batch.map(({ op }) => op),
        endMs,
      );
      for (let index = 0; index < batch.length; index++) {
        const one = batch[index] as Waiting<Op, Answer>;
        const answer = answers[index] as Answer | typeof busy;
        if (one.isRefused) continue;
        if (answer === busy) {
          one.isLocked = true;
          this.#busy.push(one);
        } else if (one.isLocked && this.#options.isTooLate?.(one.op, answer)) {
          // Its time ran out while its wallet was locked.
          this.#refuse(one, unavailable(refusals.locked));
        } else one.resolve(answer);
      }
      if (this.#busy.length > 0) this.#busyTimer ??= setTimeout(() => this.#askAgain(), busyAgainMs);
    } catch (error) {
      // After any error, it is not known what happened.
      for (const one of batch) if (!one.isRefused) this.#refuse(one, refusalOf(error));
    } finally {
      this.#underWay.delete(batch);
      this.#overdue.delete(batch);
      this.#flushSoon();
      this.#rest();
    }
  }

  #askAgain(): void {
    this.#busyTimer = undefined;
    const batch: Waiting<Op, Answer>[] = [];
    for (const one of this.#busy.splice(0, this.#options.maxBatch)) {
      if (one.weight === undefined) batch.push(one);
      else void this.#send([one]);
    }
    if (batch.length > 0) void this.#send(batch);
  }

  // One timer for all: the deadlines end in the order of the calls. Not unref'd while a caller awaits an answer.
  #watch(inMs: number): void {
    if (this.#timer) this.#timer.ref();
    // A turn later: answers that arrived while this process was busy itself are read first.
    else this.#timer = setTimeout(() => setImmediate(() => this.#refuseLate()), inMs);
  }

  #rest(): void {
    if (!this.#isIdle) return;
    this.#timer?.unref();
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  #refuseLate(): void {
    this.#timer = undefined;
    const nowMs = performance.now();
    const isLate = ({ endMs }: Waiting<Op, Answer>) => endMs <= nowMs;
    for (const batch of this.#underWay) {
      for (const one of batch) if (!one.isRefused && isLate(one)) this.#refuse(one, this.#lateness(one));
      if (!batch.every(({ isRefused }) => isRefused)) continue;
      this.#underWay.delete(batch);
      this.#overdue.add(batch);
      if (this.#overdue.size === maxOverdue) this.#probe();
    }
    // These were not sent, or were answered that nothing was done, so nothing is uncertain about them.
    for (const one of [...this.#queue, ...this.#alone].filter(isLate)) one.reject(unavailable(refusals.notSent));
    for (const one of this.#busy.filter(isLate)) one.reject(unavailable(refusals.locked));
    this.#queue = this.#queue.filter((one) => !isLate(one));
    this.#alone = this.#alone.filter((one) => !isLate(one));
    this.#busy = this.#busy.filter((one) => !isLate(one));
    const nextMs = this.#earliestEnd();
    if (nextMs < Number.POSITIVE_INFINITY) this.#watch(Math.max(1, nextMs - nowMs));
    this.#flushSoon();
    this.#rest();
  }

  #lateness({ isLocked }: Waiting<Op, Answer>): Error {
    return isLocked ? unavailable(refusals.locked) : noAnswer(this.#options.waitsFor?.());
  }

  #earliestEnd(): number {
    const [first, alone] = [this.#queue[0], this.#alone[0]];
    let endMs = Math.min(first?.endMs ?? Number.POSITIVE_INFINITY, alone?.endMs ?? Number.POSITIVE_INFINITY);
    for (const one of this.#busy) endMs = Math.min(endMs, one.endMs);
    for (const batch of this.#underWay) {
      for (const one of batch) if (!one.isRefused) endMs = Math.min(endMs, one.endMs);
    }
    return endMs;
  }

  // A connection of which nothing comes back may take a quarter of an hour to fail, so another message is tried
  // meanwhile.
  #probe(): void {
    if (this.#isClosed) return;
    this.#probeTimer ??= setInterval(() => {
      if (this.#overdue.size < maxOverdue) return this.#endProbes();
      const probed = this.#options.run([], performance.now() + this.#options.deadlineMs);
      probed.then(
        () => {
          this.#overdue.clear();
          this.#endProbes();
        },
        () => {},
      );
    }, probeEveryMs).unref();
  }

  #endProbes(): void {
    clearInterval(this.#probeTimer);
    this.#probeTimer = undefined;
  }

  #refuse(one: Waiting<Op, Answer>, error: Error): void {
    one.isRefused = true;
    one.reject(error);
    this.#options.onUncertain(one.op);
  }
}
