// A process that holds, settles and lets expire under the daily limits of one wallet, and reports its actions with
// their times.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { DayLimits, HoldStore, SettleRequest } from 'payout-guard';
import { postgresStore } from 'payout-guard/stores/postgres';
import { redisStore } from 'payout-guard/stores/redis';
import { sqliteStore } from 'payout-guard/stores/sqlite';
import pg from 'pg';
import { Random } from '../simulation/random.js';
import { type Message, monotonicMs } from './child.js';

/** The database of the holds. */
export type Place =
  | { readonly engine: 'sqlite'; readonly file: string }
  | { readonly engine: 'redis'; readonly path: string }
  | { readonly engine: 'postgres'; readonly config: pg.PoolConfig };

export type ToHolder =
  | { readonly kind: 'open'; readonly place: Place }
  | {
      readonly kind: 'work';
      readonly seed: number;
      readonly name: string;
      readonly wallet: string;
      readonly operations: number;
      readonly days: Days;
    };

/** Two days, of which the second one begins on the clock of the store at this time, in epoch milliseconds. */
export interface Days {
  readonly first: number;
  readonly changeMs: number;
  readonly perDayMinor: bigint;
  readonly perPayeeMinor: bigint;
}

/** A hold that was granted, with the times on the monotonic clock of the machine. */
export interface GrantedHold {
  readonly reference: string;
  readonly day: number;
  readonly payee: string;
  readonly amountMinor: bigint;
  /** The request was sent, and its answer came. */
  readonly askedAtMs: number;
  readonly heldAtMs: number;
  /** From then on it may count less: something else was asked for, or it may expire. */
  mayCountLessAtMs: number;
  /** Real debit, once a capture was answered. */
  debitMinor?: bigint;
  debitAtMs?: number;
}

export type FromHolder =
  | { readonly kind: 'ready' }
  | { readonly kind: 'opened' }
  | {
      readonly kind: 'done';
      readonly holds: readonly GrantedHold[];
      readonly outcomes: Readonly<Record<string, number>>;
    };

export const endOfTimeMs: number = 2 ** 50;

export function limitsOn(isSecond: boolean, days: Days, payee: string): DayLimits {
  const { first, changeMs, perDayMinor, perPayeeMinor } = days;
  const bounds = isSecond ? { startMs: changeMs, endMs: endOfTimeMs } : { startMs: 0, endMs: changeMs };
  const day = isSecond ? first + 1 : first;
  return { day, ...bounds, perDayMinor, payee, perPayeeMinor, countSinceStart: true };
}

/** Of those that nothing confirms in time, in milliseconds. */
export const longestReservationMs = 60;

const callers = 6;
let store: HoldStore | undefined;

class Work {
  readonly holds: GrantedHold[] = [];
  readonly outcomes: Record<string, number> = {};
  readonly #store: HoldStore;
  readonly #work: ToHolder & { kind: 'work' };
  readonly #random: Random;
  #isSecondDay = false;
  #asked = 0;

  constructor(of: HoldStore, work: ToHolder & { kind: 'work' }) {
    this.#store = of;
    this.#work = work;
    this.#random = new Random(work.seed);
  }

  async run(): Promise<void> {
    await Promise.all(Array.from({ length: callers }, () => this.#call()));
  }

  async #call(): Promise<void> {
    while (this.#asked < this.#work.operations || !this.#isSecondDay) {
      this.#asked += 1;
      const hold = await this.#hold();
      if (this.#random.chance(0.4)) await sleep(this.#random.upTo(30));
      if (hold) await this.#end(hold);
    }
  }

  async #hold(): Promise<{ hold: GrantedHold; attempt: string } | undefined> {
    const { wallet, name, days } = this.#work;
    const random = this.#random;
    const [reference, attempt] = [`${name}-${this.#asked}-${randomUUID()}`, randomUUID()];
    const payee = random.pick(['payee-a', 'payee-b', 'payee-c']);
    const amountMinor = BigInt(random.between(1, 40));
    const state = random.chance(0.5) ? 'reserved' : 'sent';
    const expiresInMs = random.chance(0.3) ? random.between(5, longestReservationMs) : 60_000;
    for (;;) {
      const { epoch } = await this.#store.totals(wallet);
      const limits = limitsOn(this.#isSecondDay, days, payee);
      const askedAtMs = monotonicMs();
      const answer = await this.#store.hold({
        ...{ wallet, reference, attempt, amountMinor, state, expiresInMs, epoch, limits },
        currency: { code: 'KES', exponent: 2 },
        sendsForMs: 60_000,
        limitMinor: 10n ** 12n,
        metadata: {},
      });
      const { outcome } = answer;
      this.outcomes[outcome] = (this.outcomes[outcome] ?? 0) + 1;
      if (outcome === 'stale_day') {
        this.#isSecondDay = answer.nowMs >= days.changeMs;
        continue;
      }
      if (outcome !== 'held') return undefined;
      const heldAtMs = monotonicMs();
      // Some milliseconds less: the two clocks tick apart.
      const mayCountLessAtMs = state === 'reserved' ? askedAtMs + expiresInMs - 5 : Number.POSITIVE_INFINITY;
      const hold = { reference, day: limits.day, payee, amountMinor, askedAtMs, heldAtMs, mayCountLessAtMs };
      this.holds.push(hold);
      return { hold, attempt };
    }
  }

  async #end({ hold, attempt }: { hold: GrantedHold; attempt: string }): Promise<void> {
    const random = this.#random;
    const { reference, amountMinor } = hold;
    const settle = (request: SettleRequest) => this.#store.settle(request);
    const what = random.between(0, 9);
    // It stays as it is.
    if (what <= 2) return;
    if (what === 3) {
      await settle({ reference, attempt, to: 'sent', sendsForMs: 60_000 });
      return;
    }
    if (what <= 6) {
      const actualMinor = random.pick([amountMinor, amountMinor / 2n, amountMinor + BigInt(random.between(1, 9))]);
      if (actualMinor < amountMinor) hold.mayCountLessAtMs = Math.min(hold.mayCountLessAtMs, monotonicMs());
      const answer = await settle({ reference, attempt, to: 'captured', actualMinor, visibleInMs: 0 });
      if (answer.outcome !== 'done' && answer.outcome !== 'late') return;
      hold.debitMinor = actualMinor;
      hold.debitAtMs = monotonicMs();
      return;
    }
    hold.mayCountLessAtMs = Math.min(hold.mayCountLessAtMs, monotonicMs());
    await settle(
      what === 7 ? { reference, attempt, to: 'failed' } : { reference, attempt, to: 'released', notSent: true },
    );
    if (what !== 9) return;
    // Paid after all.
    await sleep(random.upTo(10));
    const late = await settle({ reference, attempt, to: 'captured', visibleInMs: 0 });
    if (late.outcome !== 'late') return;
    hold.debitMinor = amountMinor;
    hold.debitAtMs = monotonicMs();
  }
}

function open(place: Place): HoldStore {
  const options = { deadlineMs: 10_000, recoveryMs: 0 };
  if (place.engine === 'sqlite') return sqliteStore({ file: place.file, ...options });
  if (place.engine === 'redis') return redisStore({ client: new Redis({ path: place.path }), ...options });
  const pool = new pg.Pool({ ...place.config, max: 6 });
  pool.on('error', () => {});
  return postgresStore({ pool, ...options });
}

const say = (message: FromHolder) => process.send?.(message);

process.on('message', async (message: ToHolder) => {
  if (message.kind === 'open') {
    store = open(message.place);
    await store.totals('w');
    say({ kind: 'opened' });
    return;
  }
  const work = new Work(store as HoldStore, message);
  await work.run();
  say({ kind: 'done', holds: work.holds, outcomes: work.outcomes });
});
process.on('disconnect', () => process.exit());
if (process.send) say({ kind: 'ready' });

export type { Message };
