// A provider in memory: one balance, payouts that are accepted, debited, completed or failed as the seed decides, and a
// slow network that loses messages. It is honest: the declarations of its adapter are true, and a final outcome is
// final.
import { type BalanceProvider, BalanceUnavailableError, type PayoutAnswer, type ProviderBalance } from 'payout-guard';
import { CallError } from './call-errors.js';
import type { Process } from './process.js';
import { type Attempt, maySend } from './truth.js';
import type { WalletPlan } from './wallet-plan.js';
import { text, type World } from './world.js';

/** The provider's answer to a payment call. */
export interface Reply {
  readonly provider: string;
  readonly reference: string;
  /** `known`: it already has this payout, as with HTTP status 409. `refused`: it did not accept it. */
  readonly status: 'pending' | 'completed' | 'failed' | 'refused' | 'known';
  readonly debitedMinor?: bigint | undefined;
}

/** A payout in the provider's records. A reference may have several, if all but the last have failed. */
export interface Row {
  outcome: 'pending' | 'completed' | 'failed';
  debited?: string | undefined;
}

export class FakeProvider {
  readonly plan: WalletPlan;
  readonly #world: World;
  #balanceMinor = 0n;
  /** Every balance with its start time, because a figure may be of the past. */
  readonly #balances: { readonly sinceMs: number; readonly balanceMinor: bigint }[] = [];
  /** Its payouts by reference. */
  readonly #rows = new Map<string, Row[]>();

  constructor(world: World, plan: WalletPlan) {
    this.#world = world;
    this.plan = plan;
    this.#change(plan.openingBalanceMinor);
  }

  get balanceMinor(): bigint {
    return this.#balanceMinor;
  }

  get name(): string {
    return `provider-of-${this.plan.key}`;
  }

  rowsOf(reference: string): readonly Row[] {
    return this.#rows.get(reference) ?? [];
  }

  /** The outcome of a payout. Undefined without a record of it. */
  outcomeOf(reference: string): PayoutAnswer['outcome'] | undefined {
    const rows = this.rowsOf(reference);
    return rows.length === 0 ? undefined : summaryOf(rows).outcome;
  }

  topUp(minor: bigint): void {
    this.#world.log.count('top-up', `${minor} for ${this.plan.key}`);
    this.#change(minor);
  }

  /** The adapter as a process uses it. */
  adapter(process: Process): BalanceProvider {
    const { key, debitVisibleAt, lagMs, lagIsOf, judgesResults, lookupConcurrency } = this.plan;
    return {
      name: this.name,
      accountId: `account of ${key}`,
      debitVisibleAt,
      visibleAfterMs: lagIsOf === 'adapter' ? lagMs : undefined,
      lookupConcurrency,
      fetchBalance: ({ signal }) => this.#ask(process, 'balance lost', signal, () => this.#figure(process)),
      ...(process.role.hasLookup && { lookup: ({ reference, signal }) => this.#lookUp(process, reference, signal) }),
      ...(judgesResults && { verdictOfResult: (result, { reference }) => this.#judge(result, reference) }),
    };
  }

  /** Makes one payment call. Rejects as a client library would. */
  send(process: Process, attempt: Attempt, waitsForEnd: boolean): Promise<Reply> {
    const { log, scheduler, random, isCalm } = this.#world;
    const { reference } = attempt;
    return new Promise((resolve, reject) => {
      const fail = (error: Error) => process.after(this.#latencyMs(), () => reject(error));
      if (!isCalm && random.chance(0.05)) {
        log.count('payout never connected', reference);
        fail(new CallError('Nothing listens there.', { code: 'ECONNREFUSED' }));
        return;
      }
      attempt.wasSent = true;
      attempt.travelling += 1;
      const arrive = (answer: Answer) =>
        void scheduler.after(this.#latencyMs(), () => {
          attempt.travelling -= 1;
          this.#receive(attempt, waitsForEnd, answer);
        });
      if (!this.#isLost()) return arrive((reply) => process.after(this.#latencyMs(), () => resolve(reply)));
      // The sender sees the same error in all three cases.
      fail(new CallError('The payment call timed out.', { code: 'ETIMEDOUT' }));
      const fate = random.pick(['payout request lost', 'payout request late', 'payout answer lost'] as const);
      log.count(fate, reference);
      if (fate === 'payout request lost') {
        scheduler.after(this.#latencyMs(), () => {
          attempt.travelling -= 1;
        });
        return;
      }
      const laterMs = fate === 'payout request late' ? this.#world.settings.slowestProviderMs : 0;
      scheduler.after(laterMs, () => arrive(() => {}));
    });
  }

  #receive(attempt: Attempt, waitsForEnd: boolean, answer: Answer): void {
    this.#world.hasChanged = true;
    const { log, random, settings, scheduler, truth, isCalm } = this.#world;
    const { reference, payout } = attempt;
    const about = { provider: this.name, reference };
    const known = this.#rows.get(reference) ?? [];
    if (known.some(({ outcome }) => outcome !== 'failed')) {
      log.count('payout is known already', reference);
      answer({ ...about, status: 'known' });
      return;
    }
    const isTurnedDown = truth.hasFailed(reference) && !(this.plan.acceptsAgain && maySend(attempt));
    if (isTurnedDown || (!isCalm && random.chance(0.1))) {
      log.count('payout refused', reference);
      if (this.plan.remembersRefused) this.#fail(reference, known);
      answer({ ...about, status: 'refused' });
      return;
    }
    log.count('payout accepted', reference);
    const row: Row = { outcome: 'pending' };
    if (known.length > 0) log.count('lookup found several', reference);
    this.#rows.set(reference, [...known, row]);
    truth.setPending(attempt, true);
    if (payout.debitAt === 'acceptance') this.#debit(attempt);
    if (!waitsForEnd) answer({ ...about, status: 'pending', debitedMinor: attempt.debitedMinor || undefined });
    scheduler.after(random.spread(settings.slowestPayoutMs), () => {
      this.#finish(attempt, row);
      if (!waitsForEnd) return;
      const { debitedMinor } = attempt;
      answer({ ...about, status: row.outcome, debitedMinor: debitedMinor || undefined });
    });
  }

  #finish(attempt: Attempt, row: Row): void {
    this.#world.hasChanged = true;
    const { log, random, isCalm, truth } = this.#world;
    const { reference, payout } = attempt;
    if (!isCalm && random.chance(0.2)) {
      log.count('payout failed', reference);
      if (attempt.debitedMinor > 0n) this.#refund(attempt);
      row.outcome = 'failed';
      this.#refuse(reference);
    } else {
      if (payout.debitAt === 'completion') this.#debit(attempt);
      log.count('payout completed', reference);
      row.outcome = 'completed';
      row.debited = random.chance(0.5) ? text(attempt.debitedMinor, this.plan) : undefined;
    }
    truth.setPending(attempt, false);
    const deliveries = random.between(0, 2);
    for (let delivery = 0; delivery < deliveries; delivery++) this.#world.sendWebhook(attempt);
  }

  #fail(reference: string, known: readonly Row[]): void {
    this.#rows.set(reference, [...known, { outcome: 'failed' }]);
    this.#refuse(reference);
  }

  /** Refuses a payout. Requests under way with the reference are refused as well, unless its code still sends. */
  #refuse(reference: string): void {
    if (this.#world.hazards.has('failedAgain')) return;
    this.#world.truth.refuse(reference, this.plan.acceptsAgain ? 'so far' : 'for good');
  }

  /** Takes the money: at most the approved amount, sometimes less. */
  #debit(attempt: Attempt): void {
    const { log, random, truth, report } = this.#world;
    const { reference, requiredMinor } = attempt;
    const isLess = requiredMinor > 1n && random.chance(0.15);
    if (isLess) log.count('debited less', reference);
    attempt.debitedMinor = isLess ? requiredMinor - 1n : requiredMinor;
    this.#change(-attempt.debitedMinor);
    log.trace(`${attempt.debitedMinor} debited for ${reference}`);
    // The invariants may not have seen yet that its hold has expired.
    if (!attempt.isForgetful && this.#balanceMinor + truth.exposedMinor(this.plan.key) < 0n) {
      report('overspent', `the provider had no money left for ${reference}, which was approved`);
    }
  }

  #refund(attempt: Attempt): void {
    this.#world.log.count('refunded', attempt.reference);
    this.#change(attempt.debitedMinor);
    attempt.debitedMinor = 0n;
  }

  #change(minor: bigint): void {
    this.#balanceMinor += minor;
    this.#balances.push({ sinceMs: this.#world.scheduler.now(), balanceMinor: this.#balanceMinor });
  }

  /** A true figure, of now or as old as the provider's figures may be. */
  #figure(process: Process): ProviderBalance {
    const { log, random, scheduler, isCalm } = this.#world;
    const { currency, key, lagMs, oldestFigureMs, saysAsOf } = this.plan;
    const oldestMs = isCalm ? lagMs : oldestFigureMs;
    const ageMs = random.chance(0.5) ? random.between(0, oldestMs) : random.upTo(oldestMs + 1) - 1;
    const asOfMs = scheduler.now() - ageMs;
    const figure = this.#balances.findLast(({ sinceMs }) => sinceMs <= asOfMs) ?? this.#balances[0];
    const balanceMinor = figure?.balanceMinor ?? 0n;
    if (balanceMinor !== this.#balanceMinor) log.count('balance of the past', `it is ${this.#balanceMinor} now`);
    log.trace(`balance of ${key} for ${process.name} is ${balanceMinor} of ${ageMs} ms ago`);
    return {
      available: text(balanceMinor, this.plan),
      currency,
      ...(saysAsOf ? { asOfMs } : {}),
      details: { ledger: text(this.#ledgerMinor(), this.plan) },
    };
  }

  /** The ledger balance, which includes money until the payout is complete. Never to be decided on. */
  #ledgerMinor(): bigint {
    const underWay = this.#world.truth.attempts.filter(
      ({ isPending, payout: { wallet } }) => isPending && wallet === this.plan.key,
    );
    return underWay.reduce((sum, { debitedMinor }) => sum + debitedMinor, this.#balanceMinor);
  }

  async #lookUp(process: Process, reference: string, signal: AbortSignal): Promise<PayoutAnswer> {
    const wallet = this.#world.walletOf(reference);
    // A look-up is queued. In the meantime the store may lose its data, and the reference may be held in another
    // wallet.
    const wasOurs = this.#world.truth.of(reference).some(({ payout }) => payout.wallet === this.plan.key);
    if (wallet !== undefined && wallet !== this.plan.key && !wasOurs) {
      this.#world.report('foreign', `${this.name} was asked about ${reference}, which is of ${wallet}`);
    }
    return this.#ask(process, 'lookup lost', signal, () => {
      const answer = this.#word(reference);
      this.#world.log.trace(`lookup of ${reference} by ${process.name}: ${answer.outcome}`);
      return answer;
    });
  }

  #word(reference: string): PayoutAnswer {
    const rows = this.rowsOf(reference);
    if (rows.length > 0) return summaryOf(rows);
    this.#world.log.count('lookup found nothing', reference);
    return this.plan.reportsAbsence ? { outcome: 'unknown', absent: true } : { outcome: 'unknown' };
  }

  /** The adapter's judgement of a value that a payment function returned. */
  #judge(result: unknown, wanted: string): PayoutAnswer['outcome'] | undefined {
    const { provider, reference, status } = (result ?? {}) as Partial<Reply>;
    if (provider !== this.name || reference !== wanted) return undefined;
    return status === 'pending' || status === 'completed' || status === 'failed' ? status : 'unknown';
  }

  /** A request that changes nothing. It is answered with the state of some moment before the answer, or not at all. */
  #ask<T>(process: Process, loss: 'balance lost' | 'lookup lost', signal: AbortSignal, answer: () => T): Promise<T> {
    const { log, scheduler } = this.#world;
    return new Promise((resolve, reject) => {
      if (this.#isLost()) {
        log.count(loss, process.name);
        process.after(this.#latencyMs(), () => reject(new BalanceUnavailableError('timeout')));
        return;
      }
      scheduler.after(this.#latencyMs(), () => {
        if (signal.aborted) return;
        const value = answer();
        process.after(this.#latencyMs(), () => resolve(value));
      });
    });
  }

  #latencyMs(): number {
    const { isCalm, random, settings } = this.#world;
    return random.upTo(isCalm ? Math.min(settings.slowestProviderMs, 1_000) : settings.slowestProviderMs);
  }

  #isLost(): boolean {
    return !this.#world.isCalm && this.#world.random.chance(this.#world.settings.providerLoss);
  }
}

type Answer = (reply: Reply) => void;

/** One outcome for all payouts with one reference: completed if any completed, and failed only if all failed. */
function summaryOf(rows: readonly Row[]): PayoutAnswer {
  const completed = rows.find(({ outcome }) => outcome === 'completed');
  if (completed) return { outcome: 'completed', debited: completed.debited };
  return { outcome: rows.every(({ outcome }) => outcome === 'failed') ? 'failed' : 'pending' };
}
