// Operations of one process that are asked for at the same time travel together: while a round trip is under way the next ones
// queue, and go in one. A caller on an idle line waits for nothing.
import { BalanceUnavailableError } from '../../core/errors.js';

export interface GroupCommitOptions<Op, Answer> {
  /** One round trip. Answers in the order of the operations. Rejects when it is not known what became of them. */
  readonly run: (batch: readonly Op[]) => Promise<readonly Answer[]>;
  /** Longest time from the call to its answer, in milliseconds. */
  readonly deadlineMs: number;
  /** Operations in one round trip. */
  readonly maxBatch: number;
  /** Operations that wait for the next round trip. */
  readonly maxQueue: number;
  /** Told of an operation whose caller was refused though it may have happened, or may yet happen. */
  readonly onUncertain: (op: Op) => void;
}

interface Waiting<Op, Answer> {
  readonly op: Op;
  readonly endMs: number;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/** With this many round trips beyond their deadline and not ended, the engine is taken for dead and not asked. */
const maxOverdue = 4;

export class GroupCommit<Op, Answer> {
  readonly #options: GroupCommitOptions<Op, Answer>;
  #queue: Waiting<Op, Answer>[] = [];
  /** A batch is on its way, or will be at the end of this turn. */
  #busy = false;
  #overdue = 0;
  #closed = false;

  constructor(options: GroupCommitOptions<Op, Answer>) {
    this.#options = options;
  }

  /** @throws `BalanceUnavailableError`: no answer in time, a full queue, an engine that is gone, a closed store. */
  submit(op: Op): Promise<Answer> {
    const { maxQueue, deadlineMs } = this.#options;
    if (this.#closed) return Promise.reject(new BalanceUnavailableError('closed'));
    if (this.#queue.length >= maxQueue) return Promise.reject(unavailable('too many operations wait for it'));
    if (this.#overdue >= maxOverdue) return Promise.reject(unavailable('it has stopped answering'));
    return new Promise((resolve, reject) => {
      this.#queue.push({ op, endMs: performance.now() + deadlineMs, resolve, reject });
      if (this.#busy) return;
      this.#busy = true;
      // Not at once: callers that were woken by the same answer ask in the same turn, and go together.
      queueMicrotask(() => void this.#send());
    });
  }

  close(): void {
    this.#closed = true;
    for (const { reject } of this.#queue.splice(0)) reject(new BalanceUnavailableError('closed'));
  }

  async #send(): Promise<void> {
    const nowMs = performance.now();
    const batch = this.#queue.splice(0, this.#options.maxBatch).filter((waiting) => {
      if (nowMs < waiting.endMs) return true;
      waiting.reject(unavailable('no answer in time'));
      return false;
    });
    const [first] = batch;
    if (!first) {
      this.#sendNext();
      return;
    }
    let isOverdue = false;
    const giveUp = () => {
      isOverdue = true;
      this.#overdue += 1;
      this.#refuse(batch, unavailable('no answer in time'));
      this.#sendNext();
    };
    // Not unref'd on purpose: somebody awaits these answers.
    const timer = setTimeout(giveUp, first.endMs - nowMs);
    try {
      const answers = await this.#options.run(batch.map(({ op }) => op));
      if (!isOverdue) for (const [index, { resolve }] of batch.entries()) resolve(answers[index] as Answer);
    } catch {
      // What the client of the engine says of it may hold secrets, and changes nothing: it is not known what happened.
      if (!isOverdue) this.#refuse(batch, unavailable('it failed'));
    } finally {
      clearTimeout(timer);
      if (isOverdue) this.#overdue -= 1;
      else this.#sendNext();
    }
  }

  #sendNext(): void {
    this.#busy = this.#queue.length > 0;
    if (this.#busy) void this.#send();
  }

  #refuse(batch: readonly Waiting<Op, Answer>[], error: Error): void {
    for (const { op, reject } of batch) {
      reject(error);
      this.#options.onUncertain(op);
    }
  }
}

function unavailable(detail: string): BalanceUnavailableError {
  return new BalanceUnavailableError('store', { detail });
}
