// The life of a payout in the JPay simulator, its debit, and lost answers.
import { describe, expect, it, jest } from '@jest/globals';
import { ConfigurationError } from 'payout-guard';
import { type JpaySimulatorOptions, jpaySimulator } from 'payout-guard/testing';
import { stoppedClock } from '../support/clock.js';
import { call, initiate, initiation, nowMs, payoutBalance, refusal, start } from './jpay-payouts-support.js';

describe('the life of a payout', () => {
  it('goes from pending through processing to its end, and no further', async () => {
    for (const end of ['completed', 'failed'] as const) {
      const simulator = await start();
      await initiate(simulator);
      const status = async () => (await call(simulator, '/PAYOUT-SIM-1')).body.status;
      expect(await status()).toBe('pending');
      simulator.advance('ref-1', 'processing');
      expect(await status()).toBe('processing');
      expect(() => simulator.advance('ref-1', 'processing')).toThrow(ConfigurationError);
      expect(() => simulator.advance('ref-1', 'pending' as 'processing')).toThrow(ConfigurationError);
      simulator.advance('ref-1', end);
      expect(await status()).toBe(end);
      for (const next of ['processing', 'completed', 'failed'] as const) {
        expect(() => simulator.advance('ref-1', next)).toThrow(`a payout that is ${end} cannot become ${next}`);
      }
      expect(await status()).toBe(end);
    }
  });

  it('can end from pending, and a missing payout cannot move on', async () => {
    const simulator = await start();
    expect(() => simulator.advance('ref-1', 'completed')).toThrow('there is no such payout');
    await initiate(simulator);
    simulator.advance('PAYOUT-SIM-1', 'completed');
    expect(simulator.payouts[0]?.status).toBe('completed');
  });

  it('ends after settleAfterMs with the outcome of outcomeOf', async () => {
    const time = stoppedClock(nowMs);
    const simulator = await start({
      clock: time,
      settleAfterMs: 400,
      outcomeOf: ({ refNo, amount, payto }) =>
        refNo === 'bad' ? 'failed' : amount === '13.00' && payto === '+254733000000' ? 'stuck' : 'completed',
    });
    await initiate(simulator, { ref_no: 'good' });
    await initiate(simulator, { ref_no: 'bad' });
    await initiate(simulator, { ref_no: 'stuck', amount: '13.00', payto: '+254733000000' });
    await initiate(simulator, { ref_no: 'early' });
    simulator.advance('early', 'failed');
    expect(simulator.payouts.map(({ status }) => status)).toEqual(['pending', 'pending', 'pending', 'failed']);
    await time.pass(399);
    expect(simulator.payouts.map(({ status }) => status)).toEqual(['pending', 'pending', 'pending', 'failed']);
    await time.pass(1);
    expect(simulator.payouts.map(({ status }) => status)).toEqual(['completed', 'failed', 'pending', 'failed']);
    expect(payoutBalance(simulator)).toBe('887.00');
  });

  it('does not end after the simulator was closed, nor keep the process alive', async () => {
    const set = jest.spyOn(globalThis, 'setTimeout');
    const simulator = await start({ settleAfterMs: 54_321 });
    await initiate(simulator);
    const index = set.mock.calls.findIndex(([, delayMs]) => delayMs === 54_321);
    const timer = set.mock.results[index]?.value as NodeJS.Timeout;
    expect(timer.hasRef()).toBe(false);
    const cleared = jest.spyOn(globalThis, 'clearTimeout');
    await simulator.close();
    expect(cleared.mock.calls.filter(([given]) => given === timer)).toHaveLength(1);
  });

  it.each([
    [{ outcomeOf: () => 'failed' }, 'outcomeOf: needs settleAfterMs'],
    [{ outcomeOf: 'failed', settleAfterMs: 1 }, 'outcomeOf: pass a function'],
    [{ settleAfterMs: -1 }, 'settleAfterMs: Too small'],
    [{ refundAfterMs: 2 ** 31 }, 'refundAfterMs: Too big'],
    [{ debitAt: 'acceptance' }, 'debitAt: pass "initiation", "completion" or { msAfterCompletion }'],
    [{ debitAt: { msAfterCompletion: -1 } }, 'debitAt'],
    [{ fee: '0.001' }, 'fee: Invalid amount: it has more decimals'],
    [{ fee: '-1.00' }, 'fee: Invalid amount: it is negative'],
    [{ duplicateRefNo: 'ignore' }, 'duplicateRefNo: Invalid option'],
    [{ callback: 'late' }, 'callback: Invalid option'],
    [{ objects: 'newest' }, 'objects: Invalid option'],
    [{ pendingAs: 1 }, 'pendingAs: Invalid input'],
  ])('is refused to be told as %j', async (options, problem) => {
    const attempt = jpaySimulator(options as JpaySimulatorOptions);
    await expect(attempt).rejects.toBeInstanceOf(ConfigurationError);
    await expect(attempt).rejects.toThrow(problem);
  });
});

describe('the debit', () => {
  it('happens at initiation, and is refunded with the fee when the payout fails', async () => {
    const simulator = await start({ fee: '2.50' });
    await initiate(simulator);
    expect(payoutBalance(simulator)).toBe('897.50');
    simulator.advance('ref-1', 'processing');
    expect(payoutBalance(simulator)).toBe('897.50');
    simulator.advance('ref-1', 'failed');
    expect(payoutBalance(simulator)).toBe('1000.00');
    await initiate(simulator, { ref_no: 'ref-2' });
    simulator.advance('ref-2', 'completed');
    expect(payoutBalance(simulator)).toBe('897.50');
  });

  it('is refunded later when the options require it', async () => {
    const time = stoppedClock(nowMs);
    const simulator = await start({ clock: time, refundAfterMs: 40 });
    await initiate(simulator);
    simulator.advance('ref-1', 'failed');
    expect(payoutBalance(simulator)).toBe('900.00');
    await time.pass(40);
    expect(payoutBalance(simulator)).toBe('1000.00');
  });

  it('happens at completion when the options require it, and never for a failure', async () => {
    const simulator = await start({ debitAt: 'completion', fee: '2.50' });
    for (const ref_no of ['ref-1', 'ref-2']) await initiate(simulator, { ref_no });
    simulator.advance('ref-1', 'processing');
    simulator.advance('ref-2', 'failed');
    expect(payoutBalance(simulator)).toBe('1000.00');
    simulator.advance('ref-1', 'completed');
    expect(payoutBalance(simulator)).toBe('897.50');
  });

  it('happens some time after completion when the options require it', async () => {
    const time = stoppedClock(nowMs);
    const simulator = await start({ clock: time, debitAt: { msAfterCompletion: 40 } });
    await initiate(simulator);
    simulator.advance('ref-1', 'completed');
    expect(payoutBalance(simulator)).toBe('1000.00');
    await time.pass(40);
    expect(payoutBalance(simulator)).toBe('900.00');
  });

  it('that is late overdraws a wallet that was promised twice, which holds prevent', async () => {
    const simulator = await start({ debitAt: 'completion' });
    for (const ref_no of ['ref-1', 'ref-2']) {
      expect((await initiate(simulator, { ref_no, amount: '600.00' })).status).toBe(200);
    }
    simulator.advance('ref-1', 'completed');
    simulator.advance('ref-2', 'completed');
    expect(payoutBalance(simulator)).toBe('-200.00');
    expect(await initiate(simulator, { ref_no: 'ref-3', amount: '1.00' })).toMatchObject({ status: 400 });
  });

  it('must be covered together with its fee', async () => {
    const simulator = await start({ fee: '2.50' });
    expect(await initiate(simulator, { amount: '997.51' })).toEqual(
      refusal(400, 'Insufficient balance in payout wallet'),
    );
    expect((await initiate(simulator, { amount: '997.50' })).status).toBe(200);
    expect(payoutBalance(simulator)).toBe('0.00');
  });
});

describe('an answer that is lost', () => {
  const path = '/payments/payouts/initiate';

  it.each([
    ['lost', { kind: 'lost' }, 'fetch failed'],
    ['reset_midway', { kind: 'reset_midway' }, 'terminated'],
  ] as const)('%s: the payout was made all the same', async (_, fault, message) => {
    const simulator = await start();
    simulator.fault(fault, { path, times: 1 });
    await expect(initiate(simulator)).rejects.toThrow(message);
    expect(simulator.payouts.map(({ refNo, status }) => [refNo, status])).toEqual([['ref-1', 'pending']]);
    expect(payoutBalance(simulator)).toBe('900.00');
    expect(await initiate(simulator)).toEqual(refusal(400, 'Reference number already exists'));
  });

  it.each([
    [500, 'Internal Server Error'],
    [502, 'Bad Gateway'],
  ])('lost with status %i: a gateway answers in its place', async (status, title) => {
    const simulator = await start();
    simulator.fault({ kind: 'lost', status }, { path, times: 1 });
    const headers = { authorization: `Bearer ${simulator.accessToken()}` };
    const body = JSON.stringify(initiation());
    const response = await fetch(`${simulator.url}${path}`, { method: 'POST', headers, body });
    expect([response.status, response.headers.get('content-type')]).toEqual([status, 'text/html']);
    expect(await response.text()).toBe(`<html><head><title>${status} ${title}</title></head><body>Oops.</body></html>`);
    expect(payoutBalance(simulator)).toBe('900.00');
  });

  it('slow: the payout is made before the answer', async () => {
    const simulator = await start();
    simulator.fault({ kind: 'slow', ms: 60_000 }, { path, times: 1 });
    const headers = { authorization: `Bearer ${simulator.accessToken()}` };
    const init = { method: 'POST', headers, body: JSON.stringify(initiation()), signal: AbortSignal.timeout(100) };
    await expect(fetch(`${simulator.url}${path}`, init)).rejects.toThrow('timeout');
    expect(payoutBalance(simulator)).toBe('900.00');
  });

  it('reset, hang and html_500: the payout was not processed', async () => {
    const simulator = await start();
    for (const kind of ['reset', 'html_500'] as const) {
      simulator.fault({ kind }, { path, times: 1 });
      await initiate(simulator).catch(() => {});
    }
    expect([payoutBalance(simulator), simulator.payouts]).toEqual(['1000.00', []]);
  });

  it('also loses the answer to a refused request', async () => {
    const simulator = await start();
    simulator.fault({ kind: 'lost' }, { path, times: 1 });
    await expect(initiate(simulator, { amount: '5000.00' })).rejects.toThrow('fetch failed');
    expect(simulator.payouts).toEqual([]);
  });

  it('is lost only with an error status', async () => {
    const simulator = await start();
    for (const status of [399, 600, 200]) {
      expect(() => simulator.fault({ kind: 'lost', status })).toThrow(ConfigurationError);
    }
  });
});
