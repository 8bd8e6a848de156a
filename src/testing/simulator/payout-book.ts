// The payouts of a simulator: the outcome of each, and when its money leaves the wallet. The protocols differ in the
// form of their answers only.
import * as z from 'zod';
import { ConfigurationError } from '../../core/errors.js';
import { delaySchema, functionSchema, type Shape } from './check-options.js';
import type { TaskTimer } from './task-timer.js';

export type PayoutStatus = 'pending' | 'processing' | 'completed' | 'failed';

/**
 * Moment at which a balance shows a payout: as soon as it is accepted, once it is completed, or some time after that.
 */
export type DebitMoment = 'initiation' | 'completion' | { readonly msAfterCompletion: number };

/** The course of payouts. `Payout` is the public form of one. */
export interface PayoutOptions<Payout> {
  /**
   * Moment of the debit. The balance is checked on initiation only, so one that is debited later can
   * be overdrawn: its balance is negative then.
   * @defaultValue 'initiation'
   */
  readonly debitAt?: DebitMoment | undefined;
  /**
   * The cost of each payout on top of its amount.
   * @defaultValue '0'
   */
  readonly fee?: string | undefined;
  /**
   * Delay of the refund after a debited payout has failed, in milliseconds.
   * @defaultValue 0
   */
  readonly refundAfterMs?: number | undefined;
  /**
   * Time from its initiation until a payout ends by itself, in milliseconds.
   * @defaultValue never
   */
  readonly settleAfterMs?: number | undefined;
  /**
   * Outcome of a payout that ends by itself; a `stuck` one does not end.
   * @defaultValue completed
   */
  readonly outcomeOf?: ((payout: Payout) => 'completed' | 'failed' | 'stuck') | undefined;
}

/** {@link PayoutOptions} with defaults and in minor units. */
export interface PayoutRules<Payout> {
  readonly debitAt: DebitMoment;
  readonly fee: bigint;
  readonly refundAfterMs: number;
  readonly settleAfterMs: number | undefined;
  readonly outcomeOf: PayoutOptions<Payout>['outcomeOf'];
}

/** One figure that payouts are taken from. A negative amount is given back. */
export interface Debit {
  readonly at: DebitMoment;
  readonly take: (minor: bigint) => void;
}

/** A payout as a protocol writes it into the book; `details` are its own. */
export interface Draft<Details> {
  readonly reference: string;
  readonly amountMinor: bigint;
  readonly details: Details;
}

export interface Entry<Details> extends Draft<Details> {
  /** Chosen by the simulator. */
  readonly id: string;
  status: PayoutStatus;
  /** The figures it was taken from so far. */
  readonly taken: Set<Debit>;
}

interface Setup<Details, Payout> {
  readonly rules: PayoutRules<Payout>;
  readonly debits: readonly Debit[];
  readonly timer: TaskTimer;
  readonly idPrefix: string;
  readonly publicForm: (entry: Entry<Details>) => Payout;
  readonly onFinal?: (entry: Entry<Details>) => void;
}

/** The statuses that may follow. Final ones stay. */
const nextStatuses: Record<PayoutStatus, readonly PayoutStatus[]> = {
  pending: ['processing', 'completed', 'failed'],
  processing: ['completed', 'failed'],
  completed: [],
  failed: [],
};

export class PayoutBook<Details, Payout> {
  /** Every payout, oldest first. */
  readonly entries: Entry<Details>[] = [];
  readonly #setup: Setup<Details, Payout>;

  constructor(setup: Setup<Details, Payout>) {
    this.#setup = setup;
  }

  find(reference: string): Entry<Details> | undefined {
    return this.entries.find((entry) => entry.reference === reference);
  }

  /** Returns the cost of a payout to the wallet. */
  costMinor(amountMinor: bigint): bigint {
    return amountMinor + this.#setup.rules.fee;
  }

  accept(payout: Draft<Details>): Entry<Details> {
    const entry = this.record(payout);
    this.start(entry);
    return entry;
  }

  /** Keeps a payout that waits for a further step of the caller. Nothing is debited until it is started. */
  record(payout: Draft<Details>): Entry<Details> {
    return this.#write(payout, 'pending');
  }

  start(entry: Entry<Details>): void {
    const { debits, timer, rules } = this.#setup;
    for (const debit of debits) if (debit.at === 'initiation') this.#take(entry, debit);
    if (rules.settleAfterMs !== undefined) timer.run(rules.settleAfterMs, () => this.settle(entry));
  }

  /** Keeps a payout that was not accepted, for questions about its outcome. */
  refuse(payout: Draft<Details>): Entry<Details> {
    return this.#write(payout, 'failed');
  }

  /** Ends a payout that is still open, by the rule. */
  settle(entry: Entry<Details>): void {
    if (!isOpen(entry)) return;
    const outcome = this.#setup.rules.outcomeOf?.(this.#setup.publicForm(entry)) ?? 'completed';
    if (outcome !== 'stuck') this.#move(entry, outcome);
  }

  /** Moves on the payout with this id, or the oldest open one with this reference. @throws `ConfigurationError` */
  advance(idOrReference: string, status: PayoutStatus): void {
    const meant = this.entries.filter(({ id, reference }) => id === idOrReference || reference === idOrReference);
    const entry = meant.find(isOpen) ?? meant[0];
    if (!entry) throw new ConfigurationError(['advance: there is no such payout']);
    this.#move(entry, status);
  }

  #write(payout: Draft<Details>, status: PayoutStatus): Entry<Details> {
    const id = `${this.#setup.idPrefix}${this.entries.length + 1}`;
    const entry = { ...payout, id, status, taken: new Set<Debit>() };
    this.entries.push(entry);
    return entry;
  }

  #move(entry: Entry<Details>, status: PayoutStatus): void {
    if (!nextStatuses[entry.status].includes(status)) {
      throw new ConfigurationError([`advance: a payout that is ${entry.status} cannot become ${status}`]);
    }
    const { debits, timer, onFinal, rules } = this.#setup;
    entry.status = status;
    if (status === 'completed') for (const debit of debits) this.#takeInTime(entry, debit);
    if (status === 'failed') timer.run(rules.refundAfterMs, () => this.#giveBack(entry));
    if (!isOpen(entry)) onFinal?.(entry);
  }

  #takeInTime(entry: Entry<Details>, debit: Debit): void {
    const delayMs = typeof debit.at === 'object' ? debit.at.msAfterCompletion : 0;
    if (!entry.taken.has(debit)) this.#setup.timer.run(delayMs, () => this.#take(entry, debit));
  }

  #take(entry: Entry<Details>, debit: Debit): void {
    entry.taken.add(debit);
    debit.take(this.costMinor(entry.amountMinor));
  }

  #giveBack(entry: Entry<Details>): void {
    for (const debit of entry.taken) debit.take(-this.costMinor(entry.amountMinor));
  }
}

function isOpen({ status }: { readonly status: PayoutStatus }): boolean {
  return nextStatuses[status].length > 0;
}

export const debitMomentSchema: z.ZodType<DebitMoment, DebitMoment> = z.union(
  [z.enum(['initiation', 'completion']), z.strictObject({ msAfterCompletion: delaySchema })],
  'pass "initiation", "completion" or { msAfterCompletion }',
);

/** The keys of {@link PayoutOptions}, to be spread into the schema of a simulator's options. */
export function payoutShape<Payout>(
  amount: z.ZodType<bigint, string>,
): Shape<PayoutOptions<Payout>, PayoutRules<Payout>> {
  return {
    debitAt: debitMomentSchema.default('initiation'),
    fee: amount.prefault('0'),
    refundAfterMs: delaySchema.default(0),
    settleAfterMs: delaySchema.optional(),
    outcomeOf: functionSchema<NonNullable<PayoutOptions<Payout>['outcomeOf']>>().optional(),
  };
}
