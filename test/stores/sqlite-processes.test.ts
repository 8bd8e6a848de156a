// Several processes on one file, and some of them are killed.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from '@jest/globals';
import { Child } from '../processes/child.js';
import { byBudget } from '../support/budget.js';
import { filesInMemory } from '../support/sqlite.js';
import { opensSqlite } from '../support/sqlite-store.js';
import type { FromHolder, Work } from './sqlite-holder.js';
import '../support/proof-only.js';

type Holder = Child<Work, FromHolder>;

const newFile = filesInMemory(afterAll);
const open = opensSqlite();
const plenty = 10n ** 12n;

async function start(): Promise<Holder> {
  const holder: Holder = new Child(new URL('./sqlite-holder.ts', import.meta.url));
  await holder.next('ready');
  return holder;
}

describe('several processes on one file', () => {
  it('grant exactly what fits, and lose nothing and tear nothing when they are killed', async () => {
    const holders = await Promise.all([start(), start(), start()]);
    const file = newFile();
    const asks = { kind: 'work', file, asks: 100, limitMinor: 1_000n, settles: false } as const;
    const ends = await Promise.all(holders.map((holder, index) => holder.ask({ ...asks, name: `p${index}` }, 'done')));
    const total = (outcome: string) => ends.reduce((sum, { outcomes }) => sum + (outcomes[outcome] ?? 0), 0);
    expect([total('held'), total('insufficient')]).toEqual([142, 158]);
    expect(ends.filter(({ outcomes }) => (outcomes.held ?? 0) > 0).length).toBeGreaterThan(1);
    expect(await open(file).totals('w')).toMatchObject({ active: 994n, captured: 0n });

    const answered = new Map<string, string>();
    let names = 0;
    const setToWork = (holder: Holder) => {
      holder.onMessage = (message) => {
        if (message.kind === 'answered') answered.set(message.reference, message.state);
      };
      const name = `killed-${++names}`;
      holder.send({ kind: 'work', file, name, asks: 1_000_000, limitMinor: plenty, settles: true });
    };
    for (const holder of holders) setToWork(holder);
    let kills = byBudget({ small: 4, large: 60 });
    while (holders.length > 0) {
      // So that it is in the middle of something, each time of something else.
      await sleep(40 + Math.random() * 60);
      await holders.shift()?.kill();
      if (--kills < holders.length) continue;
      const next = await start();
      setToWork(next);
      holders.push(next);
    }

    const store = open(file);
    const { active, captured, frozen, recoveringForMs } = await store.totals('w');
    const sums = { active: 0n, captured: 0n };
    const states = new Map<string, string>();
    for (let after: string | undefined; ; ) {
      const page = await store.list({ limit: 1_000, after });
      for (const hold of page.holds) {
        states.set(hold.reference, hold.state);
        if (hold.state === 'sent') sums.active += hold.amountMinor;
        if (hold.state === 'captured') sums.captured += hold.capturedMinor ?? 0n;
      }
      after = page.next;
      if (after === undefined) break;
    }
    expect({ active, captured, frozen, recoveringForMs }).toEqual({
      ...sums,
      frozen: undefined,
      recoveringForMs: undefined,
    });
    expect(answered.size).toBeGreaterThan(100);
    // A process may be killed after a commit and before it reports it, never the other way round.
    const lost = [...answered].filter(([reference, state]) => {
      const there = states.get(reference);
      return there === undefined || (state !== 'held' && there !== state);
    });
    expect(lost).toEqual([]);
  });
});
