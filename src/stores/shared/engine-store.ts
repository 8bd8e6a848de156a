// A store on a database that several processes share: group commit, deadlines, and what has to be done when the
// database loses its memory. The database itself is an `Engine`.
import { sharedController, withDeadline } from '../../core/deadline.js';
import { BalanceUnavailableError } from '../../core/errors.js';
import { type HoldRecord, isOpen } from '../../core/hold.js';
import type {
  ClaimPage,
  ClaimRequest,
  HoldFilter,
  HoldOutcome,
  HoldPage,
  HoldReading,
  HoldRequest,
  HoldStore,
  SettleOutcome,
  SettleRequest,
  WalletTotals,
} from '../../core/store.js';
import { warn } from '../../core/warn.js';
import { assertHoldRequest, assertNote, assertReference, assertSettleRequest, assertText } from './checks.js';
import { busy, type Engine, type Header, isReading, type Op, type Operations, type OpKind } from './engine.js';
import { GroupCommit } from './group-commit.js';
import { KnownFreezes } from './known-freezes.js';
import { type ResolvedSharedOptions, resolveSharedOptions, type SharedStoreOptions } from './options.js';
import { OwnHolds } from './own-holds.js';
import { answerTo, askable, RecoveryWindow } from './recovery-window.js';
import { Failures, noAnswer, refusalOf, refusals, unavailable, type Wait } from './store-failure.js';
import { StoreTime } from './store-time.js';
import { Undo } from './undo.js';

/** Round trips under way at once: enough that the database need not wait. So many can wait for the lock of a wallet. */
const maxUnderWay = 4;
/** Longest time for a page of holds, in milliseconds. */
const pageDeadlineMs = 5_000;
/** Own holds that are read in each turn, to notice a new epoch and to forget those that another process has ended. */
const looksPerTurn = 50;
/** Tries when the database loses its memory, or its clock steps, once more while it is asked. */
const maxRounds = 5;
/** When a request may be repeated that was refused because an earlier one is still to be undone, in milliseconds. */
const undoneSoonMs = 1_000;
/** Asked for when only the epoch of the answer is wanted. */
const anyReference = 'payout-guard';

export class EngineStore implements HoldStore {
  readonly name: string;
  readonly #engine: Engine;
  readonly #options: ResolvedSharedOptions;
  readonly #line: GroupCommit<SentOp, Reply<OpKind>>;
  readonly #own = new OwnHolds();
  readonly #freezes = new KnownFreezes();
  readonly #undo: Undo;
  readonly #failures: Failures;
  readonly #time = new StoreTime();
  readonly #recovery: RecoveryWindow;
  /** The last request that was in order. */
  #checked: HoldRequest | undefined;
  readonly #closing = sharedController();
  readonly #lookTimer: NodeJS.Timeout;
  #isLooking = false;
  /** The last epoch in which everything this process answers for is known to be in the database. */
  #epoch: string | undefined;
  /** Counts the epochs that this process has entered. */
  #entries = 0;
  #restoring: Promise<void> | undefined;
  /** The last epoch that was reported as new. */
  #reportedEpoch: string | undefined;

  constructor(engine: Engine, given: SharedStoreOptions) {
    const options = resolveSharedOptions(given);
    this.name = engine.name;
    this.#engine = engine;
    this.#options = options;
    this.#failures = new Failures(engine.name);
    this.#recovery = new RecoveryWindow(options.recoveryMs);
    this.#undo = new Undo(async ({ request: { reference, attempt, wallet }, header }) => {
      // Not of another handle of the attempt, that resumed the reservation and was given to send it.
      const request = { reference, attempt, to: 'released', notSent: true, sender: attempt } as const;
      const op = { kind: 'settle', request, wallet } as const;
      let reply = await this.#submit(op);
      if (!reply.isExecuted) reply = await this.#submit(op);
      if (!reply.isExecuted) throw notExecuted();
      const { epoch, nowMs } = reply;
      return epoch === header.epoch ? Math.max(0, header.notAfterMs + 1 - nowMs) : 0;
    });
    this.#line = new GroupCommit({
      ...options,
      maxUnderWay,
      run: (batch, endMs) => this.#run(batch, endMs),
      soon: (flush) => (engine.soon ? engine.soon(flush) : queueMicrotask(flush)),
      waitsFor: () => this.#waitsFor(),
      onUncertain: (op) => this.#giveUp(op),
    });
    // Four looks within the recovery window: three are needed, and one may come late.
    const { recoveryMs } = options;
    const lookEveryMs = recoveryMs === 0 ? 1_000 : Math.max(50, Math.floor(recoveryMs / 4));
    this.#lookTimer = setInterval(() => void this.#look(), lookEveryMs).unref();
  }

  async totals(wallet: string): Promise<WalletTotals> {
    assertText('wallet', wallet);
    const { epoch, answer } = await this.#read({ kind: 'totals', wallet });
    this.#freezes.seen(wallet, answer.frozen, epoch);
    const recoveringForMs = Math.max(answer.recoveringForMs ?? 0, this.recoveringForMs);
    return recoveringForMs > 0 ? { ...answer, recoveringForMs } : answer;
  }

  /** How long this process approves nothing yet, whatever the clock of the database shows. */
  protected get recoveringForMs(): number {
    return this.#recovery.leftMs;
  }

  async hold(request: HoldRequest): Promise<HoldOutcome> {
    assertHoldRequest(request, this.#checked);
    this.#checked = request;
    if (this.#undo.size > 0) this.#undoFirst(request);
    const op: SentOp & { kind: 'hold' } = {
      kind: 'hold',
      request: askable(request, this.recoveringForMs),
      sent: undefined,
    };
    const { epoch, nowMs, answer } = await this.#ask(op);
    const isHeld = answer?.outcome === 'held';
    const isEarly = isHeld && this.recoveringForMs > 0;
    const isUncertain = !answer || isEarly || (isHeld && (this.#hasLeft(op) || !this.#isCurrent(epoch)));
    if (isUncertain) this.#giveUp(op);
    if (!this.#isCurrent(epoch)) await this.#enter();
    if (isUncertain) throw notExecuted();
    if (isHeld) this.#own.add(answer.hold, epoch);
    if (answer.outcome === 'frozen') this.#freezes.seen(request.wallet, answer.frozen, epoch);
    return answer.outcome === 'exists'
      ? this.#existing(answer, nowMs)
      : answerTo(request, op.request, answer, this.recoveringForMs);
  }

  /** A hold that its own caller may have been refused is undone soon, by this process or by another one. */
  #existing(answer: Operations['hold']['answer'] & { outcome: 'exists' }, nowMs: number): HoldOutcome {
    const { reference, state, createdAtMs } = answer.hold;
    const isYoung = nowMs - createdAtMs < 2 * this.#options.deadlineMs + undoneSoonMs;
    return isOpen(state) && (isYoung || this.#undo.has(reference)) ? { ...answer, retryAfterMs: undoneSoonMs } : answer;
  }

  async settle(request: SettleRequest): Promise<SettleOutcome> {
    assertSettleRequest(request);
    const op: SentOp & { kind: 'settle' } = { kind: 'settle', request, sent: undefined };
    for (let round = 1; round <= maxRounds; round++) {
      const reply = await this.#ask(op);
      if (reply.isExecuted) {
        const { epoch, nowMs, answer } = reply;
        if (!isMoved(answer)) {
          if (this.#isCurrent(epoch)) return this.#notMoved(request, reply);
        } else if (!this.#hasLeft(op)) {
          this.#own.moved(answer.hold, epoch, nowMs);
          return answer;
        } else if (request.to === 'sent') throw notExecuted();
      }
      // Of a database that has forgotten, a refusal counts only when the holds of this process are back.
      if (!this.#isCurrent(reply.epoch)) await this.#enter();
    }
    throw losesItsMemory();
  }

  #notMoved(
    { reference }: SettleRequest,
    { epoch, nowMs, recoveringForMs, answer }: Executed<'settle'>,
  ): SettleOutcome {
    switch (answer.outcome) {
      case 'unknown':
        this.#own.seen(reference, undefined, epoch, nowMs);
        // Another process may restore it yet.
        return recoveringForMs > 0 ? { outcome: 'recovering', forMs: recoveringForMs } : answer;
      case 'illegal':
        this.#own.seen(reference, answer.hold, epoch, nowMs);
        return answer;
      case 'frozen': {
        const wallet = this.#own.get(reference)?.wallet;
        if (wallet !== undefined) this.#freezes.seen(wallet, answer.frozen, epoch);
        return answer;
      }
      default:
        return answer;
    }
  }

  async get(reference: string): Promise<HoldReading> {
    assertReference(reference);
    const { epoch, nowMs, recoveringForMs, answer } = await this.#read({ kind: 'get', reference });
    this.#own.seen(reference, answer, epoch, nowMs);
    return recoveringForMs > 0 ? { hold: answer, nowMs, recoveringForMs } : { hold: answer, nowMs };
  }

  async list(filter: HoldFilter): Promise<HoldPage> {
    for (const wallet of filter.wallets ?? []) assertText('wallet', wallet);
    return this.#within(pageDeadlineMs, () => this.#engine.list(filter));
  }

  async claim(request: ClaimRequest): Promise<ClaimPage> {
    assertText('owner', request.owner);
    for (const wallet of request.wallets) assertText('wallet', wallet);
    return this.#within(pageDeadlineMs, () => this.#engine.claim(request));
  }

  async freeze(wallet: string, reason: string | undefined): Promise<void> {
    assertText('wallet', wallet);
    if (reason !== undefined) assertText('reason', reason);
    const { epoch, nowMs } = await this.#executed({ kind: 'freeze', wallet, reason });
    // Remembered only for a database that forgets. The start of the freeze is then a little later than it was.
    if (reason === undefined) this.#freezes.delete(wallet);
    else this.#freezes.seen(wallet, { reason, sinceMs: nowMs }, epoch);
  }

  async note(key: string): Promise<string | undefined> {
    assertNote(key);
    return this.#within(this.#options.deadlineMs, () => this.#engine.note(key));
  }

  async swapNote(key: string, expected: string | undefined, value: string | undefined): Promise<boolean> {
    assertNote(key, expected, value);
    return this.#within(this.#options.deadlineMs, () => this.#engine.swapNote(key, expected, value));
  }

  /**
   * What a readiness probe asks: see {@link Readiness}. @throws `BalanceUnavailableError` the store can not be used:
   * why.
   */
  async ready(): Promise<Readiness> {
    await this.#within(this.#options.deadlineMs, async () => this.#engine.ready?.());
    const { nowMs, recoveringForMs } = await this.#read({ kind: 'get', reference: anyReference });
    return { recoveringForMs, clockAheadMs: nowMs - Date.now() };
  }

  /** Answers what is under way first, and undoes what callers were refused meanwhile if the database responds. */
  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort(new BalanceUnavailableError('closed'));
    clearInterval(this.#lookTimer);
    await this.#line.idle();
    await this.#undo.close();
    await this.#line.close();
    await this.#engine.close();
  }

  /** Asks until the answer is of an epoch in which this process has put back what it answers for. */
  async #read<Asked extends SentOp>(op: Asked): Promise<Executed<Asked['kind']>> {
    for (let round = 1; round <= maxRounds; round++) {
      const reply = await this.#executed(op);
      if (this.#isCurrent(reply.epoch)) return reply;
      await this.#enter();
    }
    throw losesItsMemory();
  }

  /** Asks until it is executed: an operation that may be repeated. */
  async #executed<Asked extends SentOp>(op: Asked): Promise<Executed<Asked['kind']>> {
    for (let round = 1; round <= maxRounds; round++) {
      const reply = await this.#ask(op);
      if (reply.isExecuted) return reply;
      if (!this.#isCurrent(reply.epoch)) await this.#enter();
    }
    throw losesItsMemory();
  }

  /**
   * Asks the database, when the holds of this process are back. The first question of all is for its time and epoch.
   */
  #ask<Asked extends SentOp>(op: Asked): Promise<Reply<Asked['kind']>> {
    if (this.#closing.signal.aborted) return Promise.reject(this.#closing.signal.reason);
    if (this.#restoring !== undefined) return this.#untilRestored().then(() => this.#submit(op));
    if (this.#time.latest !== undefined || isReading(op)) return this.#submit(op);
    return this.#submit({ kind: 'get', reference: anyReference }).then(({ epoch }) => {
      if (this.#epoch === undefined) this.#isCurrent(epoch);
      return this.#ask(op);
    });
  }

  #submit<Asked extends SentOp>(op: Asked): Promise<Reply<Asked['kind']>> {
    return this.#line.submit(op) as Promise<Reply<Asked['kind']>>;
  }

  /**
   * Whether the process has left the epoch of an operation since: what was done there may be forgotten, and not be
   * restored any more.
   */
  #hasLeft({ sent }: SentOp): boolean {
    return this.#restoring !== undefined || sent?.entries !== this.#entries;
  }

  /** The caller of a hold is refused and pays nothing, so what was held for it, or will be, must go. */
  #giveUp(op: SentOp): void {
    if (op.kind === 'hold' && op.sent) this.#undo.add({ request: op.request, header: op.sent.header });
  }

  async #run(batch: readonly SentOp[], endMs: number): Promise<(Reply<OpKind> | typeof busy)[]> {
    const header = batch.every(isReading) ? undefined : this.#time.header(endMs);
    const sent = header && { header, entries: this.#entries };
    for (const op of batch) if (op.kind === 'hold' || op.kind === 'settle') op.sent = sent;
    const askedAtMs = performance.now();
    const reply = await this.#engine.run(batch, header).catch((error) => {
      this.#failures.seen(error);
      throw error;
    });
    this.#recovery.seen(reply, this.#time.latest);
    this.#time.seen(reply, askedAtMs);
    const { isExecuted, epoch, nowMs, answers } = reply;
    const recoveringForMs = Math.max(reply.recoveringForMs, this.recoveringForMs);
    if (!isExecuted) return batch.map(() => ({ isExecuted, epoch, nowMs, recoveringForMs }));
    return answers.map((answer) => (answer === busy ? busy : { isExecuted, epoch, nowMs, recoveringForMs, answer }));
  }

  #isCurrent(epoch: string): boolean {
    if (this.#restoring !== undefined) return false;
    if (epoch === this.#epoch) return true;
    if (this.#own.size > 0 || this.#freezes.size > 0) return false;
    // With nothing to put back it is enough to know the epoch.
    if (this.#epoch !== undefined) this.#report(epoch, 0);
    this.#entered(epoch);
    return true;
  }

  #entered(epoch: string): void {
    this.#epoch = epoch;
    this.#entries += 1;
  }

  /** Puts holds back after an answer of another epoch than the one they are known to be in. */
  #enter(): Promise<void> {
    this.#restoring ??= this.#restore().finally(() => {
      this.#restoring = undefined;
    });
    return this.#untilRestored();
  }

  async #restore(): Promise<void> {
    // Asked anew: on several connections an answer of an earlier epoch may come after one of a later one.
    let { epoch } = await this.#submit({ kind: 'get', reference: anyReference });
    for (let round = 1; round <= maxRounds; round++) {
      const lost = this.#own.notIn(epoch);
      const freezes = this.#freezes.notIn(epoch);
      if (this.#epoch !== undefined && this.#epoch !== epoch) this.#report(epoch, lost.length);
      if (lost.length === 0 && freezes.length === 0) {
        if (this.#epoch !== epoch) this.#entered(epoch);
        return;
      }
      for (const [wallet, freeze] of freezes) {
        const reply = await this.#submit({ kind: 'freeze', wallet, ...freeze });
        if (reply.isExecuted) this.#freezes.seen(wallet, freeze, reply.epoch);
        epoch = reply.epoch;
      }
      epoch = await this.#putBack(lost, epoch);
    }
    throw losesItsMemory();
  }

  /** A portion at a time: each has the whole deadline, and what is back stays back if a later one fails. */
  async #putBack(lost: readonly HoldRecord[], seenEpoch: string): Promise<string> {
    const { maxBatch } = this.#options;
    let epoch = seenEpoch;
    for (let from = 0; from < lost.length; from += maxBatch) {
      const portion = lost.slice(from, from + maxBatch);
      const replies = await Promise.all(portion.map((hold) => this.#submit({ kind: 'restore', hold })));
      for (const [index, hold] of portion.entries()) {
        const reply = replies[index];
        epoch = reply?.epoch ?? epoch;
        // What was not executed is put back in the next round.
        if (reply?.isExecuted) this.#own.restored(hold, epoch);
      }
    }
    return epoch;
  }

  #report(epoch: string, count: number): void {
    if (this.#reportedEpoch === epoch) return;
    this.#reportedEpoch = epoch;
    warn(
      'PAYOUT_GUARD_EPOCH',
      [
        `The ${this.name} store lost data, or may have. Restoring ${count} open hold(s) from this process.`,
        'Holds of processes that have since exited cannot be restored: check those payouts with the provider.',
      ].join(' '),
    );
  }

  #untilRestored(): Promise<void> {
    const restoring = this.#restoring ?? Promise.resolve();
    const onTimeout = () => unavailable(refusals.restoring);
    const limits = { timeoutMs: this.#options.deadlineMs, outer: this.#closing.signal, onTimeout };
    return withDeadline(limits, () => restoring);
  }

  /** @throws `BalanceUnavailableError` when so much is to be undone that the database must have been away for long. */
  #undoFirst({ reference }: HoldRequest): void {
    if (this.#undo.size >= this.#options.maxQueue) throw unavailable(refusals.undoing);
    this.#undo.ahead(reference);
  }

  // Reading is also how a process without other business notices a new epoch in time.
  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const looks = this.#own.nextReferences(looksPerTurn).map((reference) => this.get(reference));
    const freezes = this.#freezes.nextWallets(looksPerTurn).map((wallet) => this.totals(wallet));
    await Promise.allSettled([...looks, ...freezes]);
    this.#isLooking = false;
  }

  #waitsFor(): Wait {
    const isConnected = this.#engine.isConnected?.();
    return isConnected === undefined ? undefined : isConnected ? 'reply' : 'connection';
  }

  #within<T>(timeoutMs: number, ask: () => Promise<T>): Promise<T> {
    const onTimeout = () => noAnswer(this.#waitsFor());
    const explained = () =>
      ask().catch((error) => {
        this.#failures.seen(error);
        throw refusalOf(error);
      });
    return withDeadline({ timeoutMs, outer: this.#closing.signal, onTimeout }, explained);
  }
}

function losesItsMemory(): BalanceUnavailableError {
  return unavailable(refusals.unstable);
}

function notExecuted(): BalanceUnavailableError {
  return unavailable(refusals.late);
}

type Moved = Extract<SettleOutcome, { outcome: 'done' | 'late' | 'already' }>;

function isMoved(answer: SettleOutcome): answer is Moved {
  return answer.outcome === 'done' || answer.outcome === 'late' || answer.outcome === 'already';
}

/** What a store that works says of itself. */
export interface Readiness {
  /**
   * How long nothing is approved yet, because open holds are being restored, in milliseconds. Captures and webhooks
   * work.
   */
  readonly recoveringForMs: number;
  /** How far the clock of the store is ahead of that of this process, in milliseconds. Nothing depends on it. */
  readonly clockAheadMs: number;
}

/** An operation, and what it was sent with last. */
type SentOp = Op & { sent?: Sent | undefined };

interface Sent {
  readonly header: Header;
  /** How many epochs the process had entered then. */
  readonly entries: number;
}

interface Facts {
  readonly epoch: string;
  readonly nowMs: number;
  readonly recoveringForMs: number;
}

type Executed<Kind extends OpKind> = Facts & { readonly isExecuted: true; readonly answer: Operations[Kind]['answer'] };

type Reply<Kind extends OpKind> =
  | Executed<Kind>
  | (Facts & { readonly isExecuted: false; readonly answer?: undefined });
