// The requests of this process to its database. Operations travel in batches; pages and notes travel alone.
import { withDeadline } from '../../core/deadline.js';
import {
  type BatchReply,
  busy,
  type Engine,
  type Header,
  isReading,
  type Op,
  type Operations,
  type OpKind,
} from './engine.js';
import type { EnteredEpoch } from './entered-epoch.js';
import { GroupCommit } from './group-commit.js';
import type { ResolvedSharedOptions } from './options.js';
import { RecoveryWindow } from './recovery-window.js';
import { Failures, noAnswer, refusalOf, type Wait } from './store-failure.js';
import { StoreTime } from './store-time.js';

/** Round trips under way at once: enough that the database need not wait. So many can wait for the lock of a wallet. */
const maxUnderWay = 4;

/** Asked for when only the epoch of the answer is wanted. */
export const anyReference = 'payout-guard';

/** An operation, and what it was sent with last. */
export type SentOp = Op & { sent?: Sent | undefined };

interface Sent {
  readonly header: Header;
  /** The number of epochs that the process had entered then. */
  readonly entries: number;
}

interface Facts {
  readonly epoch: string;
  readonly nowMs: number;
  readonly recoveringForMs: number;
}

export type Executed<Kind extends OpKind> = Facts & {
  readonly isExecuted: true;
  readonly answer: Operations[Kind]['answer'];
};

export type Reply<Kind extends OpKind> =
  | Executed<Kind>
  | (Facts & { readonly isExecuted: false; readonly answer?: undefined });

export class Requests {
  readonly #engine: Engine;
  readonly #epoch: EnteredEpoch;
  readonly #closing: AbortSignal;
  readonly #line: GroupCommit<SentOp, Reply<OpKind>>;
  readonly #failures: Failures;
  readonly #time = new StoreTime();
  readonly #recovery: RecoveryWindow;

  /**
   * @param onUncertain - Called with an operation whose caller was refused, though it may have been executed, or may
   * yet be.
   */
  constructor(
    engine: Engine,
    options: ResolvedSharedOptions,
    epoch: EnteredEpoch,
    closing: AbortSignal,
    onUncertain: (op: SentOp) => void,
  ) {
    this.#engine = engine;
    this.#epoch = epoch;
    this.#closing = closing;
    this.#failures = new Failures(engine.name);
    this.#recovery = new RecoveryWindow(options.recoveryMs);
    this.#line = new GroupCommit({
      ...options,
      maxUnderWay,
      run: (batch, endMs) => this.#run(batch, endMs),
      // Microtasks of a promise cost less than those of `queueMicrotask`.
      soon: (flush) => (engine.soon ? engine.soon(flush) : void Promise.resolve().then(flush)),
      isTooLate,
      weightAlone: (op) => (op.kind === 'holdAll' ? op.holds.holds.length : undefined),
      waitsFor: () => this.#waitsFor(),
      onUncertain,
    });
  }

  /** Time for which this process approves nothing yet, in milliseconds, whatever the clock of the database shows. */
  get recoveringForMs(): number {
    return this.#recovery.leftMs;
  }

  /** True once a batch may write: its header needs the time and the epoch of an earlier reply. */
  get canWrite(): boolean {
    return this.#time.latest !== undefined;
  }

  /** Sends one operation with the next batch. */
  submit<Asked extends SentOp>(op: Asked): Promise<Reply<Asked['kind']>> {
    return this.#line.submit(op) as Promise<Reply<Asked['kind']>>;
  }

  /** Sends one request beside the batches, with a deadline. */
  alone<T>(timeoutMs: number, ask: () => Promise<T>): Promise<T> {
    const onTimeout = () => noAnswer(this.#waitsFor());
    const explained = () =>
      ask().catch((error) => {
        this.#failures.seen(error);
        throw refusalOf(error);
      });
    return withDeadline({ timeoutMs, outer: this.#closing, onTimeout }, explained);
  }

  /** Resolves when every accepted operation is answered or refused. */
  idle(): Promise<void> {
    return this.#line.idle();
  }

  close(): Promise<void> {
    return this.#line.close();
  }

  async #run(batch: readonly SentOp[], endMs: number): Promise<(Reply<OpKind> | typeof busy)[]> {
    const header = batch.every(isReading) ? undefined : this.#time.header(endMs);
    const sent = header && { header, entries: this.#epoch.entries };
    for (const op of batch) if (op.kind === 'hold' || op.kind === 'holdAll' || op.kind === 'settle') op.sent = sent;
    const askedAtMs = performance.now();
    let reply: BatchReply;
    try {
      reply = await this.#engine.run(batch, header);
    } catch (error) {
      this.#failures.seen(error);
      throw error;
    }
    this.#recovery.seen(reply, this.#time.latest);
    this.#time.seen(reply, askedAtMs);
    const { isExecuted, epoch, nowMs, answers } = reply;
    const recoveringForMs = Math.max(reply.recoveringForMs, this.recoveringForMs);
    if (!isExecuted) return batch.map(() => ({ isExecuted, epoch, nowMs, recoveringForMs }));
    return answers.map((answer) => (answer === busy ? busy : { isExecuted, epoch, nowMs, recoveringForMs, answer }));
  }

  #waitsFor(): Wait {
    const isConnected = this.#engine.isConnected?.();
    return isConnected === undefined ? undefined : isConnected ? 'reply' : 'connection';
  }
}

/** A reply of another epoch is no sign of lateness. */
function isTooLate(op: SentOp, { isExecuted, epoch }: Reply<OpKind>): boolean {
  return !isExecuted && 'sent' in op && op.sent?.header?.epoch === epoch;
}
