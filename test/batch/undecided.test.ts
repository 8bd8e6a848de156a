// Payouts whose end is not known when a batch ends, and a guard that only observes.
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { type Hold, observing } from 'payout-guard';
import { runBatch } from 'payout-guard/batch';
import { thrownBy } from '../support/errors.js';
import { changed } from '../support/stores.js';
import { scriptedWallet } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';
import { outcomes, type Salary, salaries, setUp } from './batch-support.js';

collectWarnings();

describe('a batch whose payments do not end', () => {
  it('gives unused holds back as soon as its signal aborts, and ends when no payment may send any more', async () => {
    const { wallet, guard } = setUp();
    const leaving = new AbortController();
    const hangs = () => new Promise(() => {});
    const running = runBatch(guard, salaries(6), hangs, { concurrency: 2, signal: leaving.signal });
    while ((await guard.getHold('s-1'))?.state !== 'sent') await setImmediate();
    leaving.abort();
    for (let turn = 0; turn < 20; turn++) await setImmediate();
    expect((await guard.funds()).held).toBe('200.00');
    await wallet.clock.pass(guard.internals.sendsForMs + 1_000);
    const report = await running;
    expect(report.stopped).toBe(true);
    expect(outcomes(report)).toEqual([
      ...['s-0 open', 's-1 open'],
      ...['s-2 notSent', 's-3 notSent', 's-4 notSent', 's-5 notSent'],
    ]);
    await guard.close({ waitMs: 0 });
    expect(wallet.clock.timers).toBe(0);
  });
});

describe('a batch whose store does not answer in time', () => {
  it('reports a payout as open whose payment may still begin', async () => {
    const { wallet, store, pay, made } = setUp();
    const slow = changed(store, {
      settle: (request) => (request.to === 'sent' ? new Promise(() => {}) : store.settle(request)),
    });
    const guard = wallet.guard({ store: slow, settles: 'onReturn' });
    const running = runBatch(guard, salaries(1), pay, { expiresInMs: 3_600_000 });
    for (let turn = 0; turn < 20; turn++) await setImmediate();
    await wallet.clock.pass(guard.internals.sendsForMs + 1_000);
    expect(outcomes(await running)).toEqual(['s-0 open']);
    expect(made).toEqual([]);
    await guard.close({ waitMs: 0 });
  });
});

describe('a batch whose balance is debited at acceptance', () => {
  it('reports an accepted payout as open, and as failed or paid once that is known', async () => {
    const ends = new Map<string, 'completed' | 'failed'>();
    const wallet = scriptedWallet('1000.00', {
      debitVisibleAt: 'acceptance',
      verdictOfResult: () => 'pending',
      lookup: async ({ reference }) => ({ outcome: ends.get(reference) ?? 'pending' }),
      lookupIsDocumented: true,
    });
    const guard = wallet.guard({ returns: 'providerAnswer' });
    const made: string[] = [];
    const pay = ({ reference }: Hold) => made.push(reference);
    expect(outcomes(await runBatch(guard, salaries(2), pay))).toEqual(['s-0 open', 's-1 open']);
    expect((await guard.getHold('s-0'))?.state).toBe('captured');
    ends.set('s-0', 'failed').set('s-1', 'completed');
    await wallet.clock.pass(guard.internals.sendsForMs + 1_000);
    expect(outcomes(await runBatch(guard, salaries(2), pay))).toEqual(['s-0 failed', 's-1 paid']);
    expect(made).toEqual(['s-0', 's-1']);
    await guard.close();
  });
});

describe('a batch whose store loses its data', () => {
  it('reports a payout as open that was sent when the store lost its data, and never as not sent', async () => {
    const { wallet, store, made, pay } = setUp();
    let isLost = false;
    const losing = changed(store, {
      get: (reference) => (isLost ? { hold: undefined, nowMs: wallet.clock.now() } : store.get(reference)),
      settle: (request) => (isLost ? { outcome: 'unknown' } : store.settle(request)),
    });
    const guard = wallet.guard({ store: losing, settles: 'onReturn' });
    const lost = (hold: Hold, salary: Salary) => {
      pay(hold, salary);
      isLost = true;
    };
    const report = await runBatch(guard, salaries(2), lost, { concurrency: 1 });
    expect(made.length).toBe(1);
    expect(outcomes(report)[0]).toBe('s-0 open');
    await guard.close();
  });
});

it('a guard that only observes runs no batch, because it would pay again in the next run', async () => {
  const { guard, made, pay } = setUp();
  const refusal = await thrownBy(runBatch(observing(guard), salaries(2), pay));
  expect(refusal).toMatchObject({ code: 'invalid_argument', message: expect.stringContaining('only observes') });
  expect(made).toEqual([]);
});
