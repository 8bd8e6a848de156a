// A store on a database that several processes share: group commit, deadlines, and what has to be done when the database loses
// its memory. The database itself is an `Engine`.
import { z } from 'zod';
import { sharedController, withDeadline } from '../../core/deadline.js';
import { BalanceUnavailableError } from '../../core/errors.js';
import { type HoldRecord, isOpen } from '../../core/hold.js';
import type {
  ClaimRequest,
  HoldFilter,
  HoldOutcome,
  HoldPage,
  HoldRequest,
  HoldStore,
  SettleOutcome,
  SettleRequest,
  WalletTotals,
} from '../../core/store.js';
import { warn } from '../../core/warn.js';
import type { Answer, Engine, Op, Operations, OpKind, OwnHold } from './engine.js';
import { GroupCommit } from './group-commit.js';

/** What all shared stores can be told. */
export interface SharedStoreOptions {
  /**
   * Longest time for one operation, in milliseconds; 10 to 10,000. What takes longer is refused with reason `store`.
   * @defaultValue 250
   */
  deadlineMs?: number | undefined;
  /**
   * Operations in one round trip; 1 to 5,000.
   * @defaultValue 512
   */
  maxBatch?: number | undefined;
  /**
   * Operations that may wait for the next round trip; 1 to 1,000,000. More are refused at once.
   * @defaultValue 10,000
   */
  maxQueue?: number | undefined;
  /**
   * How long nothing is approved after the database lost its memory, so that every process can put its open holds back, in
   * milliseconds of the database's clock; 0 to 60,000. The same for all processes of a store, and longer than any of them may
   * stand still.
   * @defaultValue 3,000
   */
  recoveryMs?: number | undefined;
}

export const sharedStoreShape: { readonly [Key in keyof SharedStoreOptions]-?: z.ZodType<SharedStoreOptions[Key]> } = {
  deadlineMs: z.int().min(10).max(10_000).optional(),
  maxBatch: z.int().min(1).max(5_000).optional(),
  maxQueue: z.int().min(1).max(1_000_000).optional(),
  recoveryMs: z.int().min(0).max(60_000).optional(),
};

export const defaultRecoveryMs = 3_000;

/** Longest time for a page of holds, in milliseconds. */
const pageDeadlineMs = 5_000;
/** How many own holds are looked at in each turn, to notice a new epoch and to forget those that another process has ended. */
const looksPerTurn = 50;
/** How often it is tried to undo attempts whose callers were refused, until the database answers, in milliseconds. */
const undoEveryMs = 1_000;
/** How many of them in one go: operations of callers must find room beside them. */
const undoBatch = 512;

export class EngineStore implements HoldStore {
  readonly name: string;
  readonly #engine: Engine;
  readonly #line: GroupCommit<Op, Reply>;
  readonly #closing = sharedController();
  /** How many holds are put back in one round trip. */
  readonly #restoreBatch: number;
  /** Open holds that this process took: what it puts back when the database has lost them. */
  readonly #own = new Map<string, OwnHold>();
  readonly #lookTimer: NodeJS.Timeout;
  /** Attempts whose callers were refused though they may have happened. */
  readonly #abandoned = new Map<string, HoldRequest>();
  #undoTimer: NodeJS.Timeout | undefined;
  /** The last epoch in which everything this process holds is known to be in the database. */
  #epoch: string | undefined;
  #restoring: Promise<void> | undefined;

  constructor(engine: Engine, options: SharedStoreOptions) {
    const { deadlineMs = 250, maxBatch = 512, maxQueue = 10_000, recoveryMs = defaultRecoveryMs } = options;
    this.name = engine.name;
    this.#engine = engine;
    this.#restoreBatch = Math.min(512, maxBatch, maxQueue);
    this.#line = new GroupCommit({
      deadlineMs,
      maxBatch,
      maxQueue,
      run: (batch) => this.#run(batch),
      onUncertain: (op) => {
        if (op.kind === 'hold') this.#abandon(op.attempt, op.request);
      },
    });
    // Four looks within the recovery window: three are needed, and one may come late.
    this.#lookTimer = setInterval(() => void this.#look(), Math.max(50, Math.floor(recoveryMs / 4))).unref();
  }

  totals(wallet: string): Promise<WalletTotals> {
    return this.#ask('totals', { wallet });
  }

  async hold(request: HoldRequest): Promise<HoldOutcome> {
    const { reference, attempt } = request;
    await this.#restoring;
    const reply = await this.#line.submit({ kind: 'hold', request, attempt });
    const answer = reply.answer as HoldOutcome;
    // Ours from the first moment: if the database loses it now, it is put back.
    if (answer.outcome === 'held') this.#own.set(reference, { hold: answer.hold, attempt });
    try {
      if (reply.epoch !== this.#epoch) await this.#enter(reply.epoch);
    } catch (error) {
      // The caller is refused and pays nothing, so what was held for it must go.
      this.#own.delete(reference);
      this.#abandon(attempt, request);
      throw error;
    }
    return answer;
  }

  async settle(request: SettleRequest): Promise<SettleOutcome> {
    const answer = await this.#ask('settle', { request }, request.reference);
    if (answer.outcome !== 'unknown') this.#see(request.reference, answer.hold);
    return answer;
  }

  async get(reference: string): Promise<HoldRecord | undefined> {
    const hold = await this.#ask('get', { reference }, reference);
    this.#see(reference, hold);
    return hold;
  }

  list(filter: HoldFilter): Promise<HoldPage> {
    return this.#withinPageDeadline(() => this.#engine.list(filter));
  }

  claimSent(request: ClaimRequest): Promise<HoldPage> {
    return this.#withinPageDeadline(() => this.#engine.claimSent(request));
  }

  async close(): Promise<void> {
    clearInterval(this.#lookTimer);
    if (this.#abandoned.size > 0) await this.#undo();
    clearTimeout(this.#undoTimer);
    this.#closing.abort(new BalanceUnavailableError('closed'));
    this.#line.close();
    await this.#engine.close();
  }

  /**
   * Asks the database. Before the answer is given, this process has put its open holds back into the epoch that the answer is
   * of; what the database did not know of one of them is asked again then.
   */
  async #ask<Kind extends OpKind>(
    kind: Kind,
    op: Operations[Kind]['op'],
    reference?: string,
  ): Promise<Operations[Kind]['answer']> {
    for (let round = 1; ; round++) {
      await this.#restoring;
      const reply = await this.#line.submit({ kind, ...op } as Op);
      if (reply.epoch !== this.#epoch) await this.#enter(reply.epoch);
      const answer = reply.answer as Operations[Kind]['answer'];
      const isForgotten = answer === undefined || (answer as { outcome?: string } | null)?.outcome === 'unknown';
      const isOurs = reference !== undefined && this.#own.has(reference);
      if (!isForgotten || !isOurs || round === 3) return answer;
    }
  }

  async #run(batch: readonly Op[]): Promise<Reply[]> {
    const { epoch, answers } = await this.#engine.run(batch);
    return answers.map((answer) => ({ epoch, answer }));
  }

  /** The database lost its memory, or is seen for the first time. */
  #enter(epoch: string): Promise<void> {
    if (this.#epoch === undefined || this.#own.size === 0) {
      this.#epoch = epoch;
      return Promise.resolve();
    }
    this.#restoring ??= this.#restore().finally(() => {
      this.#restoring = undefined;
    });
    return this.#restoring;
  }

  async #restore(): Promise<void> {
    const own = [...this.#own.values()];
    warn('PAYOUT_GUARD_EPOCH', `The ${this.name} store lost its memory. ${own.length} open hold(s) are put back.`);
    const epochs = new Set<string>();
    for (let from = 0; from < own.length; from += this.#restoreBatch) {
      const batch = own.slice(from, from + this.#restoreBatch).map((hold): Op => ({ kind: 'restore', ...hold }));
      for (const { epoch } of await Promise.all(batch.map((op) => this.#line.submit(op)))) epochs.add(epoch);
    }
    const [epoch] = epochs;
    // Lost once more meanwhile: the next answer is of an epoch that is not ours either, and it begins again.
    if (epochs.size === 1) this.#epoch = epoch;
  }

  /** Keeps what is known of our own holds up to date: an ended hold must not be put back. */
  #see(reference: string, hold: HoldRecord | undefined): void {
    const own = this.#own.get(reference);
    if (!own || !hold) return;
    // Another process holds the reference now: what this one held has ended.
    if (isOpen(hold.state) && hold.attempt === own.attempt) this.#own.set(reference, { ...own, hold });
    else this.#own.delete(reference);
  }

  // Looking is also how a process without other business learns of a new epoch in time.
  async #look(): Promise<void> {
    const references: string[] = [];
    for (const reference of this.#own.keys()) {
      if (references.length === looksPerTurn) break;
      references.push(reference);
    }
    // To the end of the order, so that each has its turn.
    for (const reference of references) {
      const own = this.#own.get(reference);
      if (own && this.#own.delete(reference)) this.#own.set(reference, own);
    }
    await Promise.allSettled(references.map((reference) => this.get(reference)));
  }

  #abandon(attempt: string, request: HoldRequest): void {
    this.#abandoned.set(attempt, request);
    this.#undoLater();
  }

  /** Releases what attempts may have held whose callers were told that they failed. Nothing was paid for them. */
  async #undo(): Promise<void> {
    this.#undoTimer = undefined;
    const attempts = [...this.#abandoned].slice(0, undoBatch);
    const undo = ([attempt, request]: [string, HoldRequest]) =>
      this.#line.submit({ kind: 'abandon', attempt, request });
    const undone = await Promise.allSettled(attempts.map(undo));
    for (const [index, [attempt]] of attempts.entries()) {
      if (undone[index]?.status === 'fulfilled') this.#abandoned.delete(attempt);
    }
    if (this.#abandoned.size > 0) this.#undoLater();
  }

  #undoLater(): void {
    if (this.#closing.signal.aborted) return;
    this.#undoTimer ??= setTimeout(() => void this.#undo(), undoEveryMs).unref();
  }

  #withinPageDeadline(ask: () => Promise<HoldPage>): Promise<HoldPage> {
    const onTimeout = () => new BalanceUnavailableError('store', { detail: 'no answer in time' });
    return withDeadline({ timeoutMs: pageDeadlineMs, outer: this.#closing.signal, onTimeout }, ask);
  }
}

interface Reply {
  readonly epoch: string;
  readonly answer: Answer;
}
