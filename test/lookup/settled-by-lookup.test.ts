// The whole way: a payout whose answer got lost stays held, and lookup settles it by the provider's own word.
import { afterEach, describe, expect, it } from '@jest/globals';
import type { PayoutGuard } from 'payout-guard';
import { interswitch } from 'payout-guard/providers/interswitch';
import { jpay } from 'payout-guard/providers/jpay';
import { closeAll, failureOf, guardOf, quick, startInterswitch, startJpay } from '../providers/support.js';

afterEach(closeAll);

interface World {
  readonly guard: PayoutGuard;
  /** Sends a payout of 100 to the provider. */
  readonly pay: (reference: string) => Promise<unknown>;
  readonly loseAnswer: () => void;
  readonly advance: (reference: string, end: 'completed' | 'failed') => void;
  readonly available: () => string;
}

async function jpayWorld(): Promise<World> {
  const simulator = await startJpay({ payout: '1000.00', debitAt: 'completion', callback: 'none' });
  const { url: baseUrl, appKey, appSecret } = simulator;
  const pay = async (ref_no: string) => {
    const body = { payto: '+254712345678', amount: '100.00', ref_no, callback_url: 'none', app_code: 12_345 };
    const headers = { authorization: `Bearer ${simulator.accessToken()}` };
    const init = { method: 'POST', headers, body: JSON.stringify(body) };
    return (await fetch(`${simulator.url}/payments/payouts/initiate`, init)).json();
  };
  return {
    guard: guardOf(jpay({ baseUrl, appKey, appSecret, ...quick })),
    pay,
    loseAnswer: () => simulator.fault({ kind: 'lost' }, { path: '/payments/payouts/initiate', times: 1 }),
    advance: (reference, end) => simulator.advance(reference, end),
    available: () => simulator.balances().payout,
  };
}

async function interswitchWorld(): Promise<World> {
  const simulator = await startInterswitch({ available: '1000.00', debitAt: 'completion', openCodeOf: () => '90009' });
  const pay = async (requestReference: string) => {
    const body = { requestReference, amount: 100, customerId: '0770000000', paymentCode: '53046936951' };
    return (await fetch(`${simulator.url}/isw/payments/pay`, { method: 'POST', body: JSON.stringify(body) })).json();
  };
  return {
    guard: guardOf(interswitch({ baseUrl: simulator.url, ...quick })),
    pay,
    loseAnswer: () => simulator.fault({ kind: 'lost' }, { path: '/isw/payments/pay', times: 1 }),
    advance: (reference, end) => simulator.advance(reference, end),
    available: () => `${simulator.balances().available}.00`,
  };
}

describe.each([
  ['JPay', jpayWorld],
  ['Interswitch', interswitchWorld],
])('%s: a payout whose answer got lost', (_, startWorld) => {
  const payout = { amount: '100', reference: 'ref-1', settles: 'later' as const };

  it.each([
    ['completed', { captured: 1, released: 0, open: 0 }, 'captured', '900.00'],
    ['failed', { captured: 0, released: 1, open: 0 }, 'released', '1000.00'],
  ] as const)('stays held until it has %s', async (end, settled, state, available) => {
    const { guard, pay, loseAnswer, advance, available: left } = await startWorld();
    loseAnswer();
    await failureOf(guard.withHold(payout, () => pay('ref-1')));
    const spendable = async () => Number((await guard.funds({ refresh: true })).spendable);
    expect([await spendable(), left()]).toEqual([900, '1000.00']);
    expect(await guard.reconcile({ olderThanMs: 0 })).toEqual({ captured: 0, released: 0, open: 1 });
    expect((await guard.getHold('ref-1'))?.state).toBe('sent');
    advance('ref-1', end);
    expect(await guard.reconcile({ olderThanMs: 0 })).toEqual(settled);
    expect((await guard.getHold('ref-1'))?.state).toBe(state);
    expect([await spendable(), left()]).toEqual([Number(available), available]);
  });

  it('stays held when it never arrived: nothing proves that it will not', async () => {
    const { guard } = await startWorld();
    await failureOf(guard.withHold(payout, () => Promise.reject(new Error('timeout'))));
    expect(await guard.reconcile({ olderThanMs: 0 })).toEqual({ captured: 0, released: 0, open: 1 });
    expect((await guard.getHold('ref-1'))?.state).toBe('sent');
  });
});
