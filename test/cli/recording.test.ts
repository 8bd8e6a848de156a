// The entry of an action is in the history before anything is done, or nothing is done.
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { memoryStore, type PayoutGuard } from 'payout-guard';
import { type SharedHistory, sqliteHistory } from 'payout-guard/history';
import type { Row } from '../../src/history/background-history.js';
import { scriptedWallet } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';
import { closedBy, file, folder, moduleOf, run, shared } from './support.js';

collectWarnings();

const actions: readonly string[][] = [
  ['capture', 'p-1', '--reason', 'x', '--yes'],
  ['release', 'p-1', '--reason', 'x', '--yes'],
  ['freeze', 'default', '--reason', 'x', '--yes'],
  ['unfreeze', 'default', '--reason', 'x', '--yes'],
  ['reconcile', 'p-1'],
  ['reconcile', '--older-than', '0ms'],
];

const historyFile = () => join(folder, 'history.db');

const guards: PayoutGuard[] = [];
afterEach(() => Promise.all(guards.splice(0).map((guard) => guard.close())));

async function withPayout(history: unknown) {
  const wallet = scriptedWallet('1000.00', { lookup: async () => ({ outcome: 'completed' as const }) });
  const guard = wallet.guard({ store: shared(memoryStore({ clock: wallet.clock })) });
  guards.push(guard);
  await guard.hold({ amount: '10.00', reference: 'p-1', state: 'sent' });
  await guard.freeze('default', 'before');
  const name = await moduleOf({ guard: closedBy(guard), history });
  return { guard, command: (...args: string[]) => run([...args, '--guard', name]) };
}

describe('an action', () => {
  it.each(actions)('%s %s is written to the file before the command ends', async (...args) => {
    const { command } = await withPayout(sqliteHistory({ file: historyFile(), keepForMs: 86_400_000 }));
    expect((await command(...args)).code).toBe(0);
    const again = sqliteHistory({ file: historyFile(), keepForMs: 86_400_000 });
    const { entries } = await again.query({ kind: 'operator' });
    await again.close();
    const action = args[0] === 'reconcile' ? 'lookUp' : args[0];
    expect(entries.map(({ data }) => [data.action, data.operator])).toEqual([[action, 'ada']]);
  });

  it.each(actions)('%s %s is not done when the history cannot be written: code 1', async (...args) => {
    await file('history.db', 'something else, and longer than a header of SQLite would be: '.repeat(20));
    const { command, guard } = await withPayout(sqliteHistory({ file: historyFile(), keepForMs: 86_400_000 }));
    const { code, out, err } = await command(...args);
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(/payout-guard: The history could not record the action \(\w+\), so nothing was done\./);
    expect(await guard.getHold('p-1')).toMatchObject({ state: 'sent' });
    expect((await guard.funds()).frozen?.reason).toBe('before');
  });

  it('waits for the write itself, not for a queue', async () => {
    const steps: string[] = [];
    let write = () => {};
    const written = new Promise<void>((resolve) => {
      write = resolve;
    });
    const history = {
      query: async () => ({ entries: [] }),
      add: () => {},
      write: async (rows: readonly Row[]) => {
        await written;
        steps.push(`written ${rows.length}`);
      },
      close: async () => {},
    };
    const { command, guard } = await withPayout(history);
    guard.on('captured', () => void steps.push('captured'));
    const ended = command('capture', 'p-1', '--reason', 'x', '--yes');
    setImmediate(() => setImmediate(write));
    expect((await ended).code).toBe(0);
    expect(steps).toEqual(['written 1', 'captured']);
  });

  it('that is done exits with 1 when the history loses what it caused', async () => {
    const history: Partial<SharedHistory> = {
      query: async () => ({ entries: [] }),
      add: () => {},
      write: async () => {},
      counts: { written: 1, waiting: 0, dropped: 2 },
      close: async () => {},
    };
    const { command } = await withPayout(history);
    const { code, out, err } = await command('capture', 'p-1', '--reason', 'x', '--yes');
    expect([code, out, err]).toEqual([1, 'captured p-1: 10.00 KES', expect.stringContaining('lost 2 entries')]);
    expect((await command('holds')).code).toBe(0);
  });
});
