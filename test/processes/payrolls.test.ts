// Two processes that each hold a payroll at the same time, from a wallet that has money for one and a half.
import { afterAll, describe, expect, it } from '@jest/globals';
import type { HoldRecord, HoldStore } from 'payout-guard';
import '../support/proof-only.js';
import { Child } from './child.js';
import { databases } from './databases.js';
import type { FromPayroll, ToPayroll } from './payroll-holder.js';

type Holder = Child<ToPayroll, FromPayroll>;

const rounds = 20;
/** One step of the store, and more than one. */
const sizes = [40, 1_200];

async function openHolds(store: HoldStore, wallet: string): Promise<HoldRecord[]> {
  const open: HoldRecord[] = [];
  for (let after: string | undefined; ; ) {
    const page = await store.list({ wallets: [wallet], state: 'reserved', limit: 1_000, after });
    open.push(...page.holds);
    if (page.next === undefined) return open;
    after = page.next;
  }
}

describe.each(databases)('two payrolls at once on %s', (_, start) => {
  const ends: (() => Promise<unknown>)[] = [];
  afterAll(async () => {
    for (const end of ends.reverse()) await end();
  });

  it.each(sizes)('of %d payouts that together exceed the wallet are never held half each', async (count) => {
    const database = await start();
    if (!database) return;
    ends.push(() => database.close());
    const { store, place } = database;
    const available = `${count + count / 2}.00`;
    const holders = await Promise.all(
      ['one', 'other'].map(async () => {
        const holder: Holder = new Child(new URL('./payroll-holder.ts', import.meta.url));
        ends.push(() => holder.kill());
        await holder.next('ready');
        await holder.ask({ kind: 'open', place, available }, 'opened');
        return holder;
      }),
    );
    for (let round = 1; round <= rounds; round++) {
      const wallet = `payrolls-${count}-${round}`;
      const answers = await Promise.all(
        holders.map((holder, index) =>
          holder.ask({ kind: 'hold', wallet, prefix: `${count}-${round}-${index}`, count }, 'held'),
        ),
      );
      const outcomes = answers.map(({ outcome }) => outcome);
      expect([...outcomes].sort()).toEqual([count, 'insufficient_funds']);
      const winner = outcomes.indexOf(count);
      const open = await openHolds(store, wallet);
      expect(open.filter(({ reference }) => reference.startsWith(`${count}-${round}-${winner}-`))).toHaveLength(count);
      expect(open).toHaveLength(count);
      expect((await store.totals(wallet)).active).toBe(BigInt(count) * 100n);
    }
  });
});
