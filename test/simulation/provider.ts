// A provider in memory: one balance, payouts that are accepted, debited, completed or failed when the seed says so, and a
// network that is slow and loses things. It is honest: what its adapter declares is true, and its final word is final.
import {
  type BalanceProvider,
  BalanceUnavailableError,
  type PayoutAnswer,
  PayoutRejectedError,
  type ProviderBalance,
} from 'payout-guard';
import type { Process } from './process.js';
import type { Attempt } from './truth.js';
import { ExpectedError } from './violation.js';
import { text, type World } from './world.js';

/** What the pay call answers. */
export interface Paid {
  /** What was really taken, if that is known by then. */
  readonly debitedMinor: bigint | undefined;
}

export class FakeProvider {
  readonly #world: World;
  #balanceMinor: bigint;
  /** Every balance there was, and since when: a figure may be of the past. */
  readonly #balances: { readonly sinceMs: number; readonly balanceMinor: bigint }[] = [];
  /** What it would answer to a lookup. A reference that never arrived is not in here. */
  readonly #outcomes = new Map<string, PayoutAnswer>();

  constructor(world: World) {
    this.#world = world;
    this.#balanceMinor = 0n;
    this.#change(world.settings.openingBalanceMinor);
  }

  get balanceMinor(): bigint {
    return this.#balanceMinor;
  }

  /** What it would say of the payout. Undefined: it never heard of it. */
  outcomeOf(reference: string): PayoutAnswer['outcome'] | undefined {
    return this.#outcomes.get(reference)?.outcome;
  }

  topUp(minor: bigint): void {
    this.#world.journal.note('top-up', `${minor}`);
    this.#change(minor);
  }

  /** How a process sees it. */
  adapter(process: Process): BalanceProvider {
    const { debitVisibleAt, settles } = this.#world.settings;
    return {
      name: 'simulated',
      debitVisibleAt,
      settles,
      wallets: 'one',
      fetchBalance: () => this.#ask(process, 'balance lost', () => this.#figure(process)),
      lookup: ({ reference }) => this.#ask(process, 'lookup lost', () => this.#word(process, reference)),
    };
  }

  /** The pay call. Rejects with what a client library would reject with. */
  pay(process: Process, attempt: Attempt): Promise<Paid> {
    const { journal, scheduler, random, isCalm } = this.#world;
    const { reference } = attempt;
    if (attempt.stage === 'approved') attempt.stage = 'travelling';
    return new Promise((resolve, reject) => {
      const fail = (error: Error) => process.hears(this.#latencyMs(), () => reject(error));
      const arrive = (settle: Settle) =>
        scheduler.after(this.#latencyMs(), () => {
          this.#receive(attempt, settle);
        });
      const answer: Settle = (result) => process.hears(this.#latencyMs(), () => settleWith(result, resolve, reject));

      if (!isCalm && random.chance(0.05)) {
        journal.note('payout never connected', reference);
        scheduler.after(0, () => giveUp(attempt));
        return fail(connectionRefused());
      }
      if (!this.#isLost()) return arrive(answer);
      // In all three cases the sender hears the same.
      fail(new ExpectedError('The pay call timed out.'));
      const fate = random.pick(['payout request lost', 'payout request late', 'payout answer lost'] as const);
      journal.note(fate, reference);
      if (fate === 'payout request lost') return scheduler.after(this.#latencyMs(), () => giveUp(attempt));
      const laterMs = fate === 'payout request late' ? this.#world.settings.slowestProviderMs : 0;
      scheduler.after(laterMs, () => arrive(() => {}));
    });
  }

  #receive(attempt: Attempt, settle: Settle): void {
    const { journal, random, settings, scheduler, truth, isCalm } = this.#world;
    const { reference, payout } = attempt;
    if (truth.isFailed(reference) || (!isCalm && random.chance(0.1))) {
      journal.note('payout refused', reference);
      giveUp(attempt);
      if (settings.remembersRefused) this.#fail(attempt);
      settle(new PayoutRejectedError());
      return;
    }
    journal.note('payout accepted', reference);
    attempt.stage = 'accepted';
    this.#outcomes.set(reference, { outcome: 'pending' });
    if (payout.debitAt === 'acceptance') this.#debit(attempt);
    if (payout.settles === 'later') settle({ debitedMinor: attempt.debitedMinor || undefined });
    scheduler.after(random.upTo(settings.slowestPayoutMs), () => {
      this.#finish(attempt);
      if (payout.settles === 'onReturn') settle(attempt.hasFailed ? new PayoutRejectedError() : attempt);
    });
  }

  #finish(attempt: Attempt): void {
    const { journal, random, isCalm } = this.#world;
    const { reference, payout } = attempt;
    if (!isCalm && random.chance(0.2)) {
      journal.note('payout failed', reference);
      if (attempt.debitedMinor > 0n) this.#refund(attempt);
      giveUp(attempt);
      this.#fail(attempt);
    } else {
      if (payout.debitAt === 'completion') this.#debit(attempt);
      journal.note('payout completed', reference);
      attempt.stage = 'over';
      const debited = random.chance(0.5) ? text(attempt.debitedMinor) : undefined;
      this.#outcomes.set(reference, { outcome: 'completed', debited });
    }
    const deliveries = random.between(0, 2);
    for (let delivery = 0; delivery < deliveries; delivery++) this.#world.sendWebhook(attempt);
  }

  #fail(attempt: Attempt): void {
    const { truth, hazards } = this.#world;
    attempt.hasFailed = true;
    if (!hazards.has('failedAgain')) truth.fail(attempt.reference);
    this.#outcomes.set(attempt.reference, { outcome: 'failed' });
  }

  /** Takes the money. Never more than was approved, sometimes less. */
  #debit(attempt: Attempt): void {
    const { journal, random } = this.#world;
    const { reference, requiredMinor } = attempt;
    const isLess = requiredMinor > 1n && random.chance(0.15);
    if (isLess) journal.note('debited less', reference);
    attempt.debitedMinor = isLess ? requiredMinor - 1n : requiredMinor;
    this.#change(-attempt.debitedMinor);
    journal.tell(`${attempt.debitedMinor} debited for ${reference}`);
    if (this.#balanceMinor < 0n) {
      this.#world.report('overspent', `the provider had no money left for ${reference}, which was approved`);
    }
  }

  #refund(attempt: Attempt): void {
    this.#world.journal.note('refunded', attempt.reference);
    this.#change(attempt.debitedMinor);
    attempt.debitedMinor = 0n;
  }

  #change(minor: bigint): void {
    this.#balanceMinor += minor;
    this.#balances.push({ sinceMs: this.#world.scheduler.now(), balanceMinor: this.#balanceMinor });
  }

  /** A figure that was true, now or as long ago as the provider keeps its figures. */
  #figure(process: Process): ProviderBalance {
    const { journal, random, scheduler, settings, isCalm } = this.#world;
    const oldestMs = isCalm ? settings.lagMs : settings.oldestFigureMs;
    const ageMs = random.chance(0.5) ? random.between(0, oldestMs) : random.upTo(oldestMs + 1) - 1;
    const asOfMs = scheduler.now() - ageMs;
    const figure = this.#balances.findLast(({ sinceMs }) => sinceMs <= asOfMs) ?? this.#balances[0];
    const balanceMinor = figure && figure.balanceMinor > 0n ? figure.balanceMinor : 0n;
    if (balanceMinor !== this.#balanceMinor) journal.note('balance of the past', `it is ${this.#balanceMinor} now`);
    journal.tell(`balance for ${process.name} is ${balanceMinor} of ${ageMs} ms ago`);
    return {
      available: text(balanceMinor),
      currency: 'KES',
      ...(settings.saysAsOf ? { asOfMs } : {}),
      details: { ledger: text(this.#ledgerMinor()) },
    };
  }

  /** What a ledger shows: money is in it until the payout is complete. Never to be decided on. */
  #ledgerMinor(): bigint {
    const underWay = this.#world.truth.attempts.filter(({ stage }) => stage === 'accepted');
    return underWay.reduce((sum, { debitedMinor }) => sum + debitedMinor, this.#balanceMinor);
  }

  #word(process: Process, reference: string): PayoutAnswer {
    const answer = this.#outcomes.get(reference) ?? { outcome: 'unknown' };
    this.#world.journal.tell(`lookup of ${reference} by ${process.name}: ${answer.outcome}`);
    return answer;
  }

  /** A question that changes nothing: it is answered as of some moment between now and the answer, or not at all. */
  #ask<T>(process: Process, loss: 'balance lost' | 'lookup lost', answer: () => T): Promise<T> {
    const { journal, scheduler } = this.#world;
    return new Promise((resolve, reject) => {
      if (this.#isLost()) {
        journal.note(loss, process.name);
        process.hears(this.#latencyMs(), () => reject(new BalanceUnavailableError('timeout')));
        return;
      }
      scheduler.after(this.#latencyMs(), () => {
        const value = answer();
        process.hears(this.#latencyMs(), () => resolve(value));
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

type Settle = (result: Paid | PayoutRejectedError) => void;

function settleWith(
  result: Paid | PayoutRejectedError,
  resolve: (paid: Paid) => void,
  reject: (error: Error) => void,
): void {
  if (result instanceof Error) reject(result);
  else resolve(result);
}

/** It will never be made. */
function giveUp(attempt: Attempt): void {
  attempt.stage = 'over';
}

function connectionRefused(): Error {
  return Object.assign(new ExpectedError('Nothing listens there.'), { code: 'ECONNREFUSED', syscall: 'connect' });
}
