// The true account of the days: what each hold counts, by the rules in docs/limits.md and not by the counters of the
// store. It outlives a loss of data.
import type { HoldRecord } from 'payout-guard';
import { isOpen, type Rows } from '../memory.js';
import { mayBePaid, type Truth } from '../truth.js';
import { dayOf } from './calendar.js';
import type { LimitPlan } from './plan.js';

/** A hold that counts on a day. */
export interface CountedHold {
  readonly reference: string;
  readonly attempt: string;
  readonly wallet: string;
  readonly amountMinor: bigint;
  readonly createdAtMs: number;
  readonly day: number;
  /** Undefined for the sum of a payroll, which counts for no payee. */
  readonly payee: string | undefined;
  state: HoldRecord['state'];
  /** The store lost it, and it is not restored. */
  isLost: boolean;
  /** What the store should count for it, from each step on. */
  readonly counts: { readonly step: number; readonly minor: bigint }[];
}

/** The sum of a day: of a wallet, or of one payee in it. */
export interface Place {
  readonly wallet: string;
  readonly day: number;
  readonly payee?: string | undefined;
}

/** What a step has changed. */
export interface Changes {
  /** Holds that are new, and count. */
  readonly granted: readonly CountedHold[];
  /** Captures after their release. They count in full, also above a limit. */
  readonly late: readonly CountedHold[];
}

/** The payee of a hold without metadata. */
export const unnamedPayee = 'a payee without a name';

export function isSum(reference: string): boolean {
  return reference.startsWith('batch of ');
}

export class LimitAccount {
  /** Counts the checks of the history. */
  step = 0;
  readonly #plans: ReadonlyMap<string, LimitPlan>;
  readonly #truth: Truth;
  readonly #holds = new Map<string, CountedHold>();
  /** The sum that the holds of an attempt come out of, by the reference of the sum. */
  readonly #sources = new Map<string, string>();

  constructor(plans: ReadonlyMap<string, LimitPlan>, truth: Truth) {
    this.#plans = plans;
    this.#truth = truth;
  }

  /** Records that the holds of an attempt come out of a sum. */
  split(attempt: string, source: string): void {
    this.#sources.set(attempt, source);
  }

  /** Takes the holds of the store after a step. */
  update(rows: Rows): Changes {
    this.step += 1;
    const [granted, late]: [CountedHold[], CountedHold[]] = [[], []];
    const present = new Set<CountedHold>();
    for (const row of rows.values()) {
      const plan = this.#plans.get(row.wallet);
      // Without a limit of the wallet, the sum of a payroll is compared with nothing, and its payouts count as others.
      if (!plan || (plan.perDay === undefined && isSum(row.reference))) continue;
      const known = this.#holds.get(keyOf(row));
      const hold = known ?? this.#begin(row, plan);
      present.add(hold);
      if (known?.state === 'released' && row.state === 'captured') late.push(hold);
      hold.state = row.state;
      hold.isLost = false;
      this.#count(hold, countedMinor(row));
      if (!known && countedMinor(row) > 0n) granted.push(hold);
    }
    for (const hold of this.#holds.values()) {
      if (present.has(hold) || hold.isLost || hold.state === 'released') continue;
      hold.isLost = true;
      this.#count(hold, 0n);
    }
    return { granted, late };
  }

  /** The day on which a hold counts: that of its grant, or of the grant of the sum that it comes out of. */
  dayOf({ attempt, createdAtMs }: Pick<HoldRecord, 'attempt' | 'createdAtMs'>, { timeZone }: LimitPlan): number {
    return this.dayOfSource(attempt) ?? dayOf(createdAtMs, timeZone);
  }

  /** The day of the sum that the holds of an attempt come out of; undefined if there is none that counts. */
  dayOfSource(attempt: string): number | undefined {
    const source = this.#sources.get(attempt);
    return source === undefined ? undefined : this.of(source).at(-1)?.day;
  }

  of(reference: string): readonly CountedHold[] {
    return [...this.#holds.values()].filter((hold) => hold.reference === reference);
  }

  /** The places in which the holds of a wallet count. */
  places(wallet: string, hasPayees: boolean): Place[] {
    const places = new Map<string, Place>();
    for (const { wallet: its, day, payee } of this.#holds.values()) {
      if (its !== wallet) continue;
      places.set(`${day}`, { wallet, day });
      if (hasPayees && payee !== undefined) places.set(`${day} ${payee}`, { wallet, day, payee });
    }
    return [...places.values()];
  }

  /** The sum that the store should have. */
  countedMinor(place: Place): bigint {
    return this.#sum(place, lastOf);
  }

  /** The sum of all holds, lost ones included, as far as their payouts may be, or were, made. */
  trueMinor(place: Place): bigint {
    return this.#sum(place, (hold) => (hold.isLost ? this.#lostMinor(hold) : lastOf(hold)));
  }

  /** The most that the store may have counted at any moment since a step. */
  mostSince(step: number, place: Place): bigint {
    return this.#sum(place, ({ counts }) => {
      const before = counts.findLastIndex((count) => count.step <= step);
      return counts.slice(Math.max(0, before)).reduce((most, { minor }) => larger(most, minor), 0n);
    });
  }

  #begin(row: HoldRecord, plan: LimitPlan): CountedHold {
    const { reference, attempt, wallet, amountMinor, createdAtMs, state, metadata } = row;
    const payee = isSum(reference) ? undefined : (metadata.payee ?? unnamedPayee);
    const day = this.dayOf(row, plan);
    const about = { reference, attempt, wallet, amountMinor, createdAtMs, day, payee };
    // It counted within the step, even if it has ended in it.
    const hold = { ...about, state, isLost: false, counts: [{ step: this.step, minor: amountMinor }] };
    this.#holds.set(keyOf(row), hold);
    return hold;
  }

  #count({ counts }: CountedHold, minor: bigint): void {
    if (counts.at(-1)?.minor !== minor) counts.push({ step: this.step, minor });
  }

  #lostMinor({ reference, attempt, state, amountMinor, counts }: CountedHold): bigint {
    // Its last count is the loss itself.
    if (state === 'captured') return counts.at(-2)?.minor ?? 0n;
    const payments = this.#truth.of(reference).filter((one) => one.hold === attempt);
    return payments.some((one) => one.debitedMinor > 0n || mayBePaid(one)) ? amountMinor : 0n;
  }

  #sum({ wallet, day, payee }: Place, minorOf: (hold: CountedHold) => bigint): bigint {
    let sum = 0n;
    for (const hold of this.#holds.values()) {
      if (hold.wallet !== wallet || hold.day !== day) continue;
      if (payee === undefined || hold.payee === payee) sum += minorOf(hold);
    }
    return sum;
  }
}

function keyOf({ attempt, reference }: HoldRecord): string {
  return `${attempt} ${reference}`;
}

function larger(one: bigint, other: bigint): bigint {
  if (one > other) return one;
  return other;
}

function lastOf({ counts }: CountedHold): bigint {
  return counts.at(-1)?.minor ?? 0n;
}

function countedMinor({ state, amountMinor, capturedMinor = amountMinor }: HoldRecord): bigint {
  if (isOpen(state)) return amountMinor;
  return state === 'captured' ? capturedMinor : 0n;
}
