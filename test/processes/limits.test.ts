// Four processes under the daily limits of one wallet: they hold, settle, let expire and debit otherwise, and the day
// changes in the middle.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from '@jest/globals';
import type { HoldRecord, HoldStore } from 'payout-guard';
import { byBudget } from '../support/budget.js';
import { requestUpTo } from '../support/redis-store.js';
import { Child } from './child.js';
import { databases } from './databases.js';
import {
  type Days,
  type FromHolder,
  type GrantedHold,
  limitsOn,
  longestReservationMs,
  type ToHolder,
} from './limits-holder.js';

type Holder = Child<ToHolder, FromHolder>;

const seeds = byBudget({ small: 2, large: 20 });
const operations = 60;
const perDayMinor = 300n;
const perPayeeMinor = 150n;

describe.each(databases)('four processes on %s', (_, start) => {
  const ends: (() => Promise<unknown>)[] = [];
  afterAll(async () => {
    for (const end of ends.reverse()) await end();
  });

  it('never hold a unit more than a limit allows, and give back exactly what they held', async () => {
    const database = await start();
    if (!database) return;
    ends.push(() => database.close());
    const { store, place } = database;
    const holders = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const holder: Holder = new Child(new URL('./limits-holder.ts', import.meta.url));
        ends.push(() => holder.kill());
        await holder.next('ready');
        await holder.ask({ kind: 'open', place }, 'opened');
        return holder;
      }),
    );
    const seen: Record<string, number> = {};
    for (let seed = 1; seed <= seeds; seed++) {
      const wallet = `limits-${seed}`;
      const { nowMs } = await store.get('no such reference');
      const first = Math.floor(nowMs / 86_400_000);
      const days: Days = { first, changeMs: nowMs + 150 + seed * 20, perDayMinor, perPayeeMinor };
      const work = { kind: 'work', wallet, operations, days } as const;
      const answers = await Promise.all(
        holders.map((holder, index) => holder.ask({ ...work, seed: seed * 10 + index, name: `p${index}` }, 'done')),
      );
      for (const { outcomes } of answers) {
        for (const [outcome, count] of Object.entries(outcomes)) seen[outcome] = (seen[outcome] ?? 0) + count;
      }
      const granted = answers.flatMap(({ holds }) => [...holds]);
      expect(overspends(granted)).toEqual([]);
      // A reservation that expired between the list and the counter would be in one of them alone.
      await sleep(2 * longestReservationMs);
      await expectCounted(store, wallet, days);
      await expectFull(store, wallet, days);
    }
    // It was close: holds were refused, and the day changed under requests of each process.
    expect(seen.held).toBeGreaterThan(20 * seeds);
    expect(seen.over_limit).toBeGreaterThan(20 * seeds);
    expect(seen.stale_day).toBeGreaterThanOrEqual(4 * seeds);
  });
});

/**
 * Grants beside which more was certainly counted than the limit allows: holds that were answered before the request of
 * the grant was sent, and that nothing had ended when its answer came.
 */
function overspends(holds: readonly GrantedHold[]): string[] {
  const found: string[] = [];
  for (const one of holds) {
    let [ofDay, ofPayee] = [one.amountMinor, one.amountMinor];
    for (const other of holds) {
      if (other === one || other.day !== one.day) continue;
      const minor = certainly(other, one);
      ofDay += minor;
      if (other.payee === one.payee) ofPayee += minor;
    }
    if (ofDay > perDayMinor) found.push(`${one.reference}: ${ofDay} on the day`);
    if (ofPayee > perPayeeMinor) found.push(`${one.reference}: ${ofPayee} for its payee`);
  }
  return found;
}

/** The least that a hold counted at any time from the request of another one to its answer. */
function certainly(hold: GrantedHold, during: GrantedHold): bigint {
  const { debitMinor, debitAtMs = Number.POSITIVE_INFINITY, heldAtMs, mayCountLessAtMs, amountMinor } = hold;
  if (debitMinor !== undefined && debitAtMs < during.askedAtMs) return debitMinor;
  return heldAtMs < during.askedAtMs && during.heldAtMs < mayCountLessAtMs ? amountMinor : 0n;
}

/** The counters are the sums of the holds that the store has. */
async function expectCounted(store: HoldStore, wallet: string, days: Days): Promise<void> {
  const holds: HoldRecord[] = [];
  for (let after: string | undefined; ; ) {
    const page = await store.list({ wallets: [wallet], limit: 1_000, after });
    holds.push(...page.holds);
    if (page.next === undefined) break;
    after = page.next;
  }
  for (const day of [days.first, days.first + 1]) {
    for (const payee of [undefined, 'payee-a', 'payee-b', 'payee-c']) {
      const own = holds.filter((hold) => hold.day === day && (payee === undefined || hold.payee === payee));
      const sum = own.reduce((total, hold) => total + counted(hold), 0n);
      expect({ wallet, day, payee, used: await used(store, wallet, days, day, payee) }).toEqual({
        ...{ wallet, day, payee },
        used: sum,
      });
    }
  }
}

function counted({ state, amountMinor, capturedMinor = amountMinor }: HoldRecord): bigint {
  if (state === 'released') return 0n;
  return state === 'captured' ? capturedMinor : amountMinor;
}

let names = 0;

/** The counter of the store, from the refusal of a limit of 0. */
async function used(
  store: HoldStore,
  wallet: string,
  days: Days,
  day: number,
  payee: string | undefined,
): Promise<bigint> {
  const limits = { ...limitsOn(true, days, payee ?? 'nobody'), day, startMs: 0 };
  const least = payee ? { ...limits, perPayeeMinor: 0n } : { ...limits, payee: undefined, perDayMinor: 0n };
  const answer = await hold(store, wallet, 1n, least);
  return answer.outcome === 'over_limit' ? answer.usedMinor : -1n;
}

/** The rest of the second day can be held to the last unit, and no more. */
async function expectFull(store: HoldStore, wallet: string, days: Days): Promise<void> {
  const day = days.first + 1;
  const limits = { ...limitsOn(true, days, 'filler'), startMs: 0, perPayeeMinor: perDayMinor };
  const left = perDayMinor - (await used(store, wallet, days, day, undefined));
  if (left > 0n) expect((await hold(store, wallet, left, limits)).outcome).toBe('held');
  expect((await hold(store, wallet, 1n, limits)).outcome).toBe('over_limit');
}

async function hold(
  store: HoldStore,
  wallet: string,
  amountMinor: bigint,
  limits: ReturnType<typeof limitsOn>,
): Promise<Awaited<ReturnType<HoldStore['hold']>>> {
  const { epoch } = await store.totals(wallet);
  const reference = `${wallet}/test-${++names}`;
  return store.hold({ ...requestUpTo(10n ** 12n), wallet, reference, amountMinor, epoch, limits });
}
