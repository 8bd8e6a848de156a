// A store on a database that several processes share. It checks each request, asks the database, and interprets the
// answer. The database itself is an `Engine`.
import { sharedController } from '../../core/deadline.js';
import { BalanceUnavailableError } from '../../core/errors.js';
import { type BatchDecision, batchOf, batchOutcome, type HoldBatch } from '../../core/hold-batch.js';
import type {
  ClaimPage,
  ClaimRequest,
  HoldAllOutcome,
  HoldAllRequest,
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
import {
  assertHoldAllRequest,
  assertHoldRequest,
  assertNote,
  assertReference,
  assertSettleRequest,
  assertText,
} from './checks.js';
import type { Concern, Engine } from './engine.js';
import { EnteredEpoch, maxRounds } from './entered-epoch.js';
import { EpochRetries } from './epoch-retries.js';
import { type ResolvedSharedOptions, resolveSharedOptions, type SharedStoreOptions } from './options.js';
import { OwnStatePoll } from './own-state-poll.js';
import { type Readiness, readinessOf } from './readiness.js';
import { answerTo, askable } from './recovery-window.js';
import { RefusedAttempts } from './refused-attempts.js';
import { type Executed, Requests, type SentOp } from './requests.js';
import { Restoration } from './restoration.js';
import { refusals, unavailable } from './store-failure.js';

/** Longest time for a page of holds, in milliseconds. */
const pageDeadlineMs = 5_000;

export class EngineStore implements HoldStore {
  readonly name: string;
  readonly limits = 'durable';
  readonly #engine: Engine;
  readonly #options: ResolvedSharedOptions;
  readonly #closing = sharedController();
  readonly #requests: Requests;
  readonly #restoration: Restoration;
  readonly #retries: EpochRetries;
  readonly #refused: RefusedAttempts;
  readonly #poll: OwnStatePoll;
  /** The last request that was in order. */
  #checked: HoldRequest | undefined;

  constructor(engine: Engine, given: SharedStoreOptions) {
    const options = resolveSharedOptions(given);
    const { signal } = this.#closing;
    const epoch = new EnteredEpoch();
    this.name = engine.name;
    this.#engine = engine;
    this.#options = options;
    this.#requests = new Requests(engine, options, epoch, signal, (op) => this.#refused.add(op));
    this.#restoration = new Restoration(engine.name, this.#requests, options, epoch, signal);
    this.#retries = new EpochRetries(this.#requests, this.#restoration, epoch, signal);
    this.#refused = new RefusedAttempts(this.#requests, options);
    this.#poll = new OwnStatePoll(this.#restoration, options.recoveryMs, {
      hold: (reference) => this.get(reference),
      wallet: (wallet) => this.totals(wallet),
    });
  }

  async totals(wallet: string): Promise<WalletTotals> {
    assertText('wallet', wallet);
    const { epoch, answer } = await this.#retries.read({ kind: 'totals', wallet });
    this.#restoration.freezes.seen(wallet, answer.frozen, epoch);
    const recoveringForMs = Math.max(answer.recoveringForMs ?? 0, this.recoveringForMs);
    return recoveringForMs > 0 ? { ...answer, recoveringForMs } : answer;
  }

  /** Time for which this process approves nothing yet, in milliseconds, whatever the clock of the database shows. */
  protected get recoveringForMs(): number {
    return this.#requests.recoveringForMs;
  }

  async hold(request: HoldRequest): Promise<HoldOutcome> {
    assertHoldRequest(request, this.#checked);
    this.#checked = request;
    this.#refused.undoBefore(request);
    const op: SentOp & { kind: 'hold' } = {
      kind: 'hold',
      request: askable(request, this.recoveringForMs),
      sent: undefined,
    };
    const reply = await this.#retries.once(op);
    const isCertain = reply.isExecuted && !this.#isDoubtful(op, reply);
    if (!isCertain) this.#refused.add(op);
    if (!this.#restoration.isCurrent(reply.epoch)) await this.#restoration.enter();
    if (!isCertain) throw unavailable(refusals.late);
    return this.#answered(request, op.request, reply);
  }

  /** Returns true if a hold was granted where, or when, it does not count. */
  #isDoubtful(op: SentOp, { epoch, answer }: Executed<'hold'>): boolean {
    if (answer.outcome !== 'held') return false;
    return this.recoveringForMs > 0 || this.#restoration.hasLeft(op) || !this.#restoration.isCurrent(epoch);
  }

  // Apart from `hold`, because an async function keeps room for all that it names while it waits.
  #answered(request: HoldRequest, asked: HoldRequest, { epoch, nowMs, answer }: Executed<'hold'>): HoldOutcome {
    if (answer.outcome === 'held') this.#restoration.own.add(answer.hold, epoch);
    if (answer.outcome === 'frozen') this.#restoration.freezes.seen(request.wallet, answer.frozen, epoch);
    return answer.outcome === 'exists'
      ? this.#refused.existing(answer, nowMs)
      : answerTo(request, asked, answer, this.recoveringForMs);
  }

  async holdAll(request: HoldAllRequest): Promise<HoldAllOutcome> {
    const given = batchOf(request);
    assertHoldAllRequest(request, given);
    for (const hold of given.holds) this.#refused.undoBefore(hold);
    const { recoveringForMs } = this;
    const holds = { ...given, holds: given.holds.map((hold) => askable(hold, recoveringForMs)) };
    const op: SentOp & { kind: 'holdAll' } = { kind: 'holdAll', holds, sent: undefined };
    const reply = await this.#retries.once(op);
    const isCertain = reply.isExecuted && !this.#isBatchDoubtful(op, reply);
    if (!isCertain) this.#refused.add(op);
    if (!this.#restoration.isCurrent(reply.epoch)) await this.#restoration.enter();
    if (!isCertain) throw unavailable(refusals.late);
    return batchOutcome(given, this.#answeredAll(given, holds, reply));
  }

  /** As `#isDoubtful`: if one hold of a batch is in doubt, all are. */
  #isBatchDoubtful(op: SentOp, { epoch, answer }: Executed<'holdAll'>): boolean {
    if (!answer.isGranted || !answer.outcomes.some(({ outcome }) => outcome === 'held')) return false;
    return this.recoveringForMs > 0 || this.#restoration.hasLeft(op) || !this.#restoration.isCurrent(epoch);
  }

  #answeredAll(given: HoldBatch, asked: HoldBatch, reply: Executed<'holdAll'>): BatchDecision {
    const { epoch, nowMs, answer } = reply;
    if (answer.isGranted && answer.source) this.#restoration.own.moved(answer.source, epoch, nowMs);
    const outcomes = answer.outcomes.map((outcome, index) => {
      // Nothing was written for a `held` of a batch that was not granted.
      if (outcome.outcome === 'held' && !answer.isGranted) return outcome;
      const request = given.holds[index] as HoldRequest;
      return this.#answered(request, asked.holds[index] as HoldRequest, { ...reply, answer: outcome });
    });
    return { ...answer, outcomes };
  }

  async settle(request: SettleRequest): Promise<SettleOutcome> {
    assertSettleRequest(request);
    const op: SentOp & { kind: 'settle' } = { kind: 'settle', request, sent: undefined };
    for (let round = 1; round <= maxRounds; round++) {
      const reply = await this.#retries.once(op);
      if (reply.isExecuted) {
        const { epoch, nowMs, answer } = reply;
        if (!isMoved(answer)) {
          if (this.#restoration.isCurrent(epoch)) return this.#notMoved(request, reply);
        } else if (!this.#restoration.hasLeft(op)) {
          this.#restoration.own.moved(answer.hold, epoch, nowMs);
          return answer;
        } else if (request.to === 'sent') throw unavailable(refusals.late);
      }
      // A refusal of a database that lost data counts only when the holds of this process are back.
      if (!this.#restoration.isCurrent(reply.epoch)) await this.#restoration.enter();
    }
    throw unavailable(refusals.unstable);
  }

  #notMoved(
    { reference }: SettleRequest,
    { epoch, nowMs, recoveringForMs, answer }: Executed<'settle'>,
  ): SettleOutcome {
    switch (answer.outcome) {
      case 'unknown':
        this.#restoration.own.seen(reference, undefined, epoch, nowMs);
        // Another process may restore it yet.
        return recoveringForMs > 0 ? { outcome: 'recovering', forMs: recoveringForMs } : answer;
      case 'illegal':
        this.#restoration.own.seen(reference, answer.hold, epoch, nowMs);
        return answer;
      case 'frozen': {
        const wallet = this.#restoration.own.get(reference)?.wallet;
        if (wallet !== undefined) this.#restoration.freezes.seen(wallet, answer.frozen, epoch);
        return answer;
      }
      default:
        return answer;
    }
  }

  async get(reference: string): Promise<HoldReading> {
    assertReference(reference);
    const { epoch, nowMs, recoveringForMs, answer } = await this.#retries.read({ kind: 'get', reference });
    this.#restoration.own.seen(reference, answer, epoch, nowMs);
    return recoveringForMs > 0 ? { hold: answer, nowMs, recoveringForMs } : { hold: answer, nowMs };
  }

  async list(filter: HoldFilter): Promise<HoldPage> {
    for (const wallet of filter.wallets ?? []) assertText('wallet', wallet);
    return this.#requests.alone(pageDeadlineMs, () => this.#engine.list(filter));
  }

  async claim(request: ClaimRequest): Promise<ClaimPage> {
    assertText('owner', request.owner);
    for (const wallet of request.wallets) assertText('wallet', wallet);
    return this.#requests.alone(pageDeadlineMs, () => this.#engine.claim(request));
  }

  async freeze(wallet: string, reason: string | undefined): Promise<void> {
    assertText('wallet', wallet);
    if (reason !== undefined) assertText('reason', reason);
    const { epoch, nowMs } = await this.#retries.executed({ kind: 'freeze', wallet, reason });
    // Remembered only for a database that loses data. The start of the freeze is then a little later than it was.
    if (reason === undefined) this.#restoration.freezes.delete(wallet);
    else this.#restoration.freezes.seen(wallet, { reason, sinceMs: nowMs }, epoch);
  }

  async acceptLimits(wallet: string): Promise<void> {
    assertText('wallet', wallet);
    await this.#retries.executed({ kind: 'acceptLimits', wallet });
  }

  async note(key: string): Promise<string | undefined> {
    assertNote(key);
    return this.#requests.alone(this.#options.deadlineMs, () => this.#engine.note(key));
  }

  async swapNote(key: string, expected: string | undefined, value: string | undefined): Promise<boolean> {
    assertNote(key, expected, value);
    return this.#requests.alone(this.#options.deadlineMs, () => this.#engine.swapNote(key, expected, value));
  }

  /** Checks that the store works, for readiness probes. @throws `BalanceUnavailableError` with the reason if not. */
  ready(): Promise<Readiness> {
    return readinessOf(this.#engine, this.#requests, this.#retries, this.#options.deadlineMs);
  }

  /** Settings that an operator should change, for `payout-guard doctor`. @throws `BalanceUnavailableError` */
  concerns(): Promise<readonly Concern[]> {
    return this.#requests.alone(this.#options.deadlineMs, async () => (await this.#engine.concerns?.()) ?? []);
  }

  /** Answers what is under way first, and undoes what callers were refused meanwhile if the database responds. */
  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort(new BalanceUnavailableError('closed'));
    this.#poll.close();
    await this.#requests.idle();
    await this.#refused.close();
    await this.#requests.close();
    await this.#engine.close();
  }
}

type Moved = Extract<SettleOutcome, { outcome: 'done' | 'late' | 'already' }>;

function isMoved(answer: SettleOutcome): answer is Moved {
  return answer.outcome === 'done' || answer.outcome === 'late' || answer.outcome === 'already';
}
