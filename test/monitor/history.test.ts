// One option records everything: the events of the guard, drift and alerts.
import { afterAll, describe, expect, it } from '@jest/globals';
import { memoryStore } from 'payout-guard';
import { type HistoryEntry, type HistoryKind, memoryHistory, sqliteHistory } from 'payout-guard/history';
import { filesInMemory } from '../support/sqlite.js';
import { scriptedWallet } from '../support/wallet.js';
import { codesOf, collectWarnings } from '../support/warnings.js';
import { quiet } from './support.js';
import { watch } from './watches.js';

const warnings = collectWarnings();
const newFile = filesInMemory(afterAll);
const kindsOf = (entries: readonly HistoryEntry[]) => entries.map(({ kind }) => kind);

describe('a monitor with a history', () => {
  it('records the events of the guard, drift and alerts, and stops with the monitor', async () => {
    const history = memoryHistory();
    const one = watch({ history, drift: {} }, { guard: { cache: { maxAgeMs: 0 } } });
    const kinds = () => [...new Set(kindsOf(history.query({ limit: 1_000 }).entries))];
    await one.round('1000.00');
    await one.round('1000.00');
    expect(kinds()).toEqual(['snapshot']);
    await one.guard.withHold({ amount: '700.00', reference: 'a', settles: 'onReturn' }, async () => {});
    await one.round('300.00');
    await one.round('299.00');
    await one.round('299.00');
    await quiet();
    const of = (kind: HistoryKind) => history.query({ kind }).entries;
    expect(kinds().sort()).toEqual(['alert', 'approved', 'captured', 'drift', 'held', 'snapshot']);
    expect(of('drift')).toMatchObject([{ wallet: 'default', amount: '1.00' }]);
    expect(of('alert').map(({ data }) => data.kind)).toEqual(['low_balance', 'drift']);

    await one.monitor.close();
    const recorded = history.query({ limit: 1_000 }).entries.length;
    await one.guard.hold({ amount: '1.00', reference: 'b' });
    expect(history.query({ limit: 1_000 }).entries).toHaveLength(recorded);
  });

  it('records a payout that the guard leaves open when it closes', async () => {
    const history = memoryHistory();
    const { guard, monitor } = watch({ history });
    await guard.hold({ amount: '1.00', reference: 'a' }).then((hold) => {
      void hold.pay(() => new Promise(() => {}));
      return quiet();
    });
    await guard.close({ waitMs: 0 });
    await monitor.close();
    const entries = history
      .query({ reference: 'a' })
      .entries.filter(({ kind }) => ['leftOpen', 'alert'].includes(kind));
    expect(kindsOf(entries)).toEqual(['leftOpen', 'alert']);
    expect(entries[1]).toMatchObject({ reference: 'a', data: { kind: 'left_open', pending: 'paying' } });
  });

  it('writes an alert as a flat entry, with the figures of its runway', async () => {
    const history = memoryHistory();
    const { round, guard, wallet, alerts } = watch({ history });
    await round('1000.00');
    await guard.withHold({ amount: '100.00', reference: 'a', settles: 'onReturn' }, async () => {});
    wallet.clock.advance(3_590_000);
    await round('400.00');
    const [alert] = alerts;
    expect(history.query({ kind: 'alert' }).entries).toEqual([
      {
        kind: 'alert',
        at: new Date(wallet.clock.now()),
        wallet: 'default',
        amount: '400.00',
        data: {
          kind: 'low_balance',
          id: alert?.id,
          message: alert?.message,
          currency: 'KES',
          threshold: '500.00',
          spendable: '400.00',
          held: '0.00',
          cause: 'balance',
          perHour: '100.00',
          watchedMs: 3_600_000,
          emptyAt: new Date(wallet.clock.now() + 4 * 3_600_000).toISOString(),
        },
      },
    ]);
  });

  it('records each alert once between two processes, in a file that they share, and what was given up', async () => {
    const wallet = scriptedWallet('400.00');
    const setting = { wallet, guard: { store: memoryStore({ clock: wallet.clock }) } };
    const file = newFile();
    const histories = [1, 2].map(() => sqliteHistory({ file, keepForMs: 10 * 365 * 86_400_000, clock: wallet.clock }));
    const onUndelivered = () => {};
    const onAlert = () => Promise.reject(new Error('mail is down'));
    const both = histories.map((history) => watch({ history, onAlert, onUndelivered }, setting));
    await Promise.all(both.map(({ monitor }) => monitor.check()));
    for (const { monitor } of both) await monitor.check();
    for (const { monitor } of both) await monitor.close();
    for (const history of histories) await history.close();
    const read = sqliteHistory({ file, keepForMs: 10 * 365 * 86_400_000, clock: wallet.clock });
    const { entries } = await read.query({ kind: 'alert' });
    expect(entries.map(({ data }) => [data.kind, data.undeliveredBy])).toEqual([['low_balance', 'onAlert']]);
    await read.close();
  });

  it('delivers alerts though the history refuses them, and reports that as a process warning', async () => {
    const refusing = {
      ...memoryHistory(),
      add: async () => Promise.reject(new Error('full')),
      query: memoryHistory().query,
    };
    const { round } = watch({ history: refusing as never });
    expect(await round('400.00')).toEqual(['low_balance 500.00 400.00']);
    await quiet();
    expect(codesOf(warnings)).toEqual(['PAYOUT_GUARD_HISTORY', 'PAYOUT_GUARD_HISTORY']);
    expect(warnings[1]).toContain('The history rejected an entry (alert).');
  });
});
