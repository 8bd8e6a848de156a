// Lists of payouts: what is paid, what is not, and what a second run does.
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { type Hold, InsufficientFundsError, type PayoutGuardError, PayoutRejectedError } from 'payout-guard';
import { type BatchProgress, runBatch } from 'payout-guard/batch';
import { thrownBy } from '../support/errors.js';
import { deferred } from '../support/wallet.js';
import { codesOf, collectWarnings } from '../support/warnings.js';
import { outcomes, type Salary, salaries, setUp } from './batch-support.js';

const warnings = collectWarnings();

describe('a batch', () => {
  it('makes each payout once, with the payout of the application, and sums up', async () => {
    const { guard, made, pay } = setUp();
    const report = await runBatch(guard, [...salaries(2), { ...salaries(3)[2], fee: '1.50' } as Salary], pay);
    expect(report).toEqual({
      wallet: 'default',
      currency: 'KES',
      rows: [
        { reference: 's-0', outcome: 'paid', amount: '100.00', captured: '100.00' },
        { reference: 's-1', outcome: 'paid', amount: '100.00', captured: '100.00' },
        { reference: 's-2', outcome: 'paid', amount: '101.50', captured: '101.50' },
      ],
      summary: [{ outcome: 'paid', payouts: 3, amount: '301.50' }],
      stopped: false,
    });
    expect(made).toEqual(['s-0 +25470000000', 's-1 +25470000001', 's-2 +25470000002']);
  });

  it('pays no payout again in a second run of the same list', async () => {
    const { guard, made, pay } = setUp();
    await runBatch(guard, salaries(3), pay);
    const { rows } = await runBatch(guard, salaries(4), pay);
    expect(made.length).toBe(4);
    expect(rows.map(({ reference, outcome, earlier }) => [reference, outcome, earlier])).toEqual([
      ['s-0', 'paid', true],
      ['s-1', 'paid', true],
      ['s-2', 'paid', true],
      ['s-3', 'paid', undefined],
    ]);
  });

  it('pays nothing when the sum does not fit, fees included, and shows the missing amount', async () => {
    const { guard, made, pay } = setUp('1000.00');
    const ten = salaries(10).map((salary) => ({ ...salary, fee: '0.01' }));
    const refusal = await thrownBy(runBatch(guard, ten, pay));
    expect(refusal).toBeInstanceOf(InsufficientFundsError);
    expect(refusal).toMatchObject({ required: '1000.10', shortfall: '0.10' });
    expect(made).toEqual([]);
    expect((await guard.funds()).held).toBe('0.00');
  });

  it('counts only what is still to be paid when a list is run again', async () => {
    const { wallet, guard, made, pay } = setUp('1000.00');
    await runBatch(guard, salaries(10), pay);
    // The balance shows them: there is money for one more.
    wallet.balance = { available: '100.00', currency: 'KES' };
    wallet.clock.advance(60_000);
    expect((await runBatch(guard, salaries(11), pay)).summary).toEqual([
      { outcome: 'paid', payouts: 11, amount: '1100.00' },
    ]);
    expect(made.length).toBe(11);
  });

  it("pays those that fit with policy 'fit', and reports the others", async () => {
    const { guard, made, pay } = setUp('250.00');
    const list = [
      ...salaries(2),
      { reference: 'big', amount: '51.00', to: 'x' },
      { reference: 'small', amount: '50.00', to: 'y' },
    ];
    const report = await runBatch(guard, list, pay, { policy: 'fit' });
    expect(outcomes(report)).toEqual(['s-0 paid', 's-1 paid', 'big doesNotFit', 'small paid']);
    expect(made.length).toBe(3);
  });

  it('leaves out what is above a limit, names the limit, and pays it on the next day if it fits then', async () => {
    const { wallet, pay, made, store } = setUp();
    const limits = { perPayout: '150.00', perDay: '250.00', timeZone: 'Africa/Nairobi', countSinceStart: true };
    const guard = wallet.guard({ store, settles: 'onReturn', limits });
    const list = [{ reference: 'big', amount: '151.00', to: 'x' }, ...salaries(3)];
    const report = await runBatch(guard, list, pay, { policy: 'fit' });
    expect(report.rows.map(({ reference, outcome, limit }) => [reference, outcome, limit])).toEqual([
      ['big', 'overLimit', 'perPayout'],
      ['s-0', 'paid', undefined],
      ['s-1', 'paid', undefined],
      ['s-2', 'overLimit', 'perDay'],
    ]);
    expect(report.summary).toEqual([
      { outcome: 'paid', payouts: 2, amount: '200.00' },
      { outcome: 'overLimit', payouts: 2, amount: '251.00' },
    ]);
    wallet.clock.advance(86_400_000);
    const next = await runBatch(guard, list, pay, { policy: 'fit' });
    expect(outcomes(next)).toEqual(['big overLimit', 's-0 paid', 's-1 paid', 's-2 paid']);
    expect(made.length).toBe(3);
  });

  it('leaves a payout open whose payment proves nothing, and never sends it again', async () => {
    const { guard, made, pay } = setUp();
    const failing = (hold: Hold, salary: Salary) => {
      if (hold.reference === 's-1') throw new Error('socket hang up');
      pay(hold, salary);
    };
    const first = await runBatch(guard, salaries(3), failing, { concurrency: 1 });
    expect(outcomes(first)).toEqual(['s-0 paid', 's-1 open', 's-2 paid']);
    expect(first.rows[1]?.error).toMatchObject({ message: 'socket hang up' });
    expect(outcomes(await runBatch(guard, salaries(3), pay))).toEqual(['s-0 paid', 's-1 open', 's-2 paid']);
    expect(made.length).toBe(2);
  });

  it('reports a payout that failed, whose reference is used up', async () => {
    const { guard, made, pay } = setUp();
    const rejecting = (hold: Hold, salary: Salary) => {
      if (hold.reference === 's-0') throw new PayoutRejectedError();
      pay(hold, salary);
    };
    expect(outcomes(await runBatch(guard, salaries(2), rejecting))).toEqual(['s-0 failed', 's-1 paid']);
    expect(outcomes(await runBatch(guard, salaries(2), pay))).toEqual(['s-0 failed', 's-1 paid']);
    expect(made.length).toBe(1);
  });

  it('stops after three errors in a row, frees what was not sent, and pays that in the next run', async () => {
    const { guard, made, pay } = setUp();
    const down = () => Promise.reject(new Error('ECONNRESET'));
    const report = await runBatch(guard, salaries(6), down, { concurrency: 1 });
    expect(report.stopped).toBe(true);
    expect(outcomes(report)).toEqual(['s-0 open', 's-1 open', 's-2 open', 's-3 notSent', 's-4 notSent', 's-5 notSent']);
    expect((await guard.funds()).held).toBe('300.00');
    expect((await runBatch(guard, salaries(6), pay)).summary).toEqual([
      { outcome: 'paid', payouts: 3, amount: '300.00' },
      { outcome: 'open', payouts: 3, amount: '300.00' },
    ]);
    expect(made).toEqual(['s-3 +25470000003', 's-4 +25470000004', 's-5 +25470000005']);
  });

  it.each<[string, () => unknown]>([
    ['a failed response of fetch', () => new Response('bad gateway', { status: 502 })],
    ['a response with `ok: false`', () => ({ ok: false })],
    ['a response of another HTTP client', () => ({ status: 503, headers: {}, data: '' })],
  ])('stops after three payments in a row that returned %s', async (_, answer) => {
    const { guard } = setUp();
    const report = await runBatch(guard, salaries(6), answer, { concurrency: 1 });
    expect(report.stopped).toBe(true);
    expect(outcomes(report)).toEqual(['s-0 open', 's-1 open', 's-2 open', 's-3 notSent', 's-4 notSent', 's-5 notSent']);
  });

  it('continues when failed responses are not in a row', async () => {
    const { guard } = setUp();
    let payments = 0;
    const flaky = () => (++payments % 3 === 0 ? 'made' : new Response('', { status: 502 }));
    const report = await runBatch(guard, salaries(8), flaky, { concurrency: 1 });
    expect([report.stopped, payments]).toEqual([false, 8]);
  });

  it('stops after so many failed payouts, and when its signal aborts', async () => {
    const { guard, pay } = setUp();
    const rejecting = () => Promise.reject(new PayoutRejectedError());
    const failed = await runBatch(guard, salaries(4), rejecting, { concurrency: 1, stopOn: { failed: 2 } });
    expect(outcomes(failed)).toEqual(['s-0 failed', 's-1 failed', 's-2 notSent', 's-3 notSent']);

    const others = salaries(3).map((salary) => ({ ...salary, reference: `other-${salary.reference}` }));
    const leaving = new AbortController();
    const aborting = (hold: Hold, salary: Salary) => {
      pay(hold, salary);
      leaving.abort();
    };
    const aborted = await runBatch(guard, others, aborting, { concurrency: 1, signal: leaving.signal });
    expect([aborted.stopped, outcomes(aborted)]).toEqual([
      true,
      ['other-s-0 paid', 'other-s-1 notSent', 'other-s-2 notSent'],
    ]);
    expect((await guard.funds()).held).toBe('0.00');
  });

  it('makes as many payments at once as it may', async () => {
    const { guard } = setUp();
    const gate = deferred<void>();
    let [underWay, most] = [0, 0];
    const slow = async () => {
      most = Math.max(most, ++underWay);
      if (underWay === 3) gate.resolve();
      await gate.promise;
      underWay -= 1;
    };
    await runBatch(guard, salaries(9), slow, { concurrency: 3 });
    expect(most).toBe(3);
  });

  it('keeps what is not paid yet held for longer than its lifetime, and leaves no timer', async () => {
    const { wallet, guard, made, pay } = setUp();
    const gate = deferred<void>();
    const entered = deferred<void>();
    const slow = async (hold: Hold, salary: Salary) => {
      entered.resolve();
      await gate.promise;
      pay(hold, salary);
    };
    const running = runBatch(guard, salaries(3), slow, { concurrency: 1, expiresInMs: 60_000 });
    await entered.promise;
    for (let minute = 0; minute < 6; minute++) await wallet.clock.pass(20_000);
    expect((await guard.getHold('s-2'))?.state).toBe('reserved');
    gate.resolve();
    expect(outcomes(await running)).toEqual(['s-0 paid', 's-1 paid', 's-2 paid']);
    expect(made.length).toBe(3);
    await guard.close();
    expect(wallet.clock.timers).toBe(0);
  });

  it('pays under the reservations that a run before it left', async () => {
    const { guard, made, pay } = setUp('300.00');
    await guard.holdAll(
      salaries(3).map(({ reference, amount }) => ({ reference, amount })),
      { policy: 'all' },
    );
    expect((await runBatch(guard, salaries(3), pay)).summary).toEqual([
      { outcome: 'paid', payouts: 3, amount: '300.00' },
    ]);
    expect(made.length).toBe(3);
  });

  it('never pays a payout twice when two runs have the same list', async () => {
    const { open, made, pay } = setUp();
    const slow = async (hold: Hold, salary: Salary) => {
      await Promise.resolve();
      pay(hold, salary);
    };
    const runs = await Promise.allSettled([runBatch(open(), salaries(8), slow), runBatch(open(), salaries(8), slow)]);
    expect(runs.some(({ status }) => status === 'fulfilled')).toBe(true);
    expect(new Set(made).size).toBe(made.length);
    expect((await runBatch(open(), salaries(8), pay)).summary).toEqual([
      { outcome: 'paid', payouts: 8, amount: '800.00' },
    ]);
    expect(made.length).toBe(8);
  });

  it('stops when its wallet is frozen, leaves nothing held, and continues once that is lifted', async () => {
    const { guard, made, pay } = setUp();
    const freezing = async (hold: Hold, salary: Salary) => {
      pay(hold, salary);
      if (hold.reference === 's-1') await guard.freeze('default', 'audit');
    };
    const report = await runBatch(guard, salaries(7), freezing, { concurrency: 1 });
    expect(outcomes(report)).toEqual([
      ...['s-0 paid', 's-1 paid'],
      ...['s-2 notSent', 's-3 notSent', 's-4 notSent', 's-5 notSent', 's-6 notSent'],
    ]);
    const errors = report.rows.map(({ error }) => (error as PayoutGuardError | undefined)?.code);
    expect(errors).toEqual([undefined, undefined, ...Array(3).fill('wallet_frozen'), undefined, undefined]);
    expect(report.stopped).toBe(true);
    expect((await guard.funds()).held).toBe('0.00');
    await expect(runBatch(guard, salaries(7), pay)).rejects.toMatchObject({ code: 'wallet_frozen' });
    await guard.unfreeze('default');
    expect((await runBatch(guard, salaries(7), pay)).summary).toEqual([
      { outcome: 'paid', payouts: 7, amount: '700.00' },
    ]);
    expect(made.length).toBe(7);
  });

  it('stops when the guard is closed, and leaves nothing held', async () => {
    const { wallet, guard, pay } = setUp();
    const closing = (hold: Hold, salary: Salary) => {
      pay(hold, salary);
      void guard.close();
    };
    const report = await runBatch(guard, salaries(3), closing, { concurrency: 1 });
    expect(report.stopped).toBe(true);
    expect(outcomes(report)).toEqual(['s-0 paid', 's-1 notSent', 's-2 notSent']);
    expect(wallet.clock.timers).toBe(0);
  });

  it('reports its progress, and continues when that report throws', async () => {
    const { guard, pay } = setUp();
    const seen: BatchProgress[] = [];
    const onProgress = (progress: BatchProgress) => {
      seen.push(progress);
      throw new Error('no terminal');
    };
    await runBatch(guard, salaries(2), pay, { concurrency: 1, onProgress });
    expect(seen.map(({ row, done, total }) => [row.reference, row.outcome, done, total])).toEqual([
      ['s-0', 'paid', 1, 2],
      ['s-1', 'paid', 2, 2],
    ]);
    expect(codesOf(warnings)).toEqual(['PAYOUT_GUARD_LISTENER', 'PAYOUT_GUARD_LISTENER']);
  });

  it('warns of a progress report that rejects, and continues', async () => {
    const { guard, pay } = setUp();
    const onProgress = async () => {
      await Promise.resolve();
      throw new Error('no terminal');
    };
    const report = await runBatch(guard, salaries(2), pay, { onProgress });
    expect(outcomes(report)).toEqual(['s-0 paid', 's-1 paid']);
    await setImmediate();
    expect(codesOf(warnings)).toEqual(['PAYOUT_GUARD_LISTENER', 'PAYOUT_GUARD_LISTENER']);
  });
});
