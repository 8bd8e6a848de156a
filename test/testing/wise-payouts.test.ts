// Payouts through the Wise simulator, with a guard and the adapter in front of it.
import { afterEach, describe, expect, it } from '@jest/globals';
import { wiseCustomerTransactionId } from 'payout-guard/providers/wise';
import type { WiseSimulatorOptions } from 'payout-guard/testing';
import { failureOf, until } from '../providers/support.js';
import { payAtOnce, statesAtEnd } from './payout-crowd.js';
import { closeWorlds, start, type World } from './wise-simulator-support.js';

afterEach(closeWorlds);

const captured = Array.from({ length: 8 }, () => 'captured');

describe('50 payouts at once from a balance that covers 8', () => {
  it.each<[string, WiseSimulatorOptions]>([
    ['debited at once', {}],
    ['debited late', { debitAt: { msAfterCompletion: 50 } }],
    ['with forged events', { events: 'forged' }],
    ['with unsigned events', { events: 'unsigned' }],
  ])('are 8, captured by the transfers that were funded, %s', async (_, options) => {
    const { simulator, guard, pay, answered } = await start({ settleAfterMs: 30, ...options });
    const approved = await payAtOnce(guard, 50, '100', pay);
    expect(approved).toHaveLength(8);
    expect(await statesAtEnd(guard, approved)).toEqual(captured);
    await until(() => simulator.balance() === '0.00');
    expect(simulator.transfers).toHaveLength(8);
    await until(() => simulator.events.length === 16);
    const isTrusted = options.events === undefined;
    expect(new Set(answered)).toEqual(new Set([isTrusted ? 200 : 401]));
  });

  it.each<[string, WiseSimulatorOptions]>([
    ['signed events', { events: 'twice' }],
    ['look-ups alone', { events: 'none', debitAt: 'completion' }],
  ])('are 8 although their answers prove nothing, settled by %s', async (_, options) => {
    // Without look-ups by timer where there are events.
    const settings = options.events === 'none' ? {} : { reconcileEveryMs: 0 };
    const { simulator, guard, pay } = await start({ settleAfterMs: 100, ...options }, settings);
    const approved = await payAtOnce(guard, 50, '100', async (hold) => void (await pay(hold)));
    expect(approved).toHaveLength(8);
    expect(await statesAtEnd(guard, approved)).toEqual(captured);
    expect([simulator.balance(), simulator.transfers.length]).toEqual(['0.00', 8]);
  });

  it('are 8 although the answers to three fundings are lost', async () => {
    const { simulator, guard, pay } = await start({ settleAfterMs: 30, events: 'none' });
    simulator.fault({ kind: 'lost' }, { path: '/payments', times: 2 });
    simulator.fault({ kind: 'lost', status: 502 }, { path: '/payments', times: 1 });
    const approved = await payAtOnce(guard, 50, '100', pay, { mayThrow: true });
    expect(approved).toHaveLength(8);
    expect(await statesAtEnd(guard, approved)).toEqual(captured);
    expect([simulator.balance(), simulator.transfers.length]).toEqual(['0.00', 8]);
  });
});

describe('a payout through the Wise simulator', () => {
  const request = { amount: '100', reference: 'po_1001' };
  const stateOf = async ({ guard }: World) => (await guard.getHold(request.reference))?.state;
  const transferId = wiseCustomerTransactionId(request.reference);

  it('that lacks funds is refused when it is funded, its hold is free, and its transfer stays unfunded', async () => {
    const world = await start();
    await world.guard.funds();
    world.simulator.setBalance('50.00');
    const failure = await failureOf(world.guard.withHold(request, world.pay));
    expect(failure).toMatchObject({ code: 'payout_rejected', message: 'transfer.insufficient_funds' });
    expect(await stateOf(world)).toBe('released');
    expect(world.simulator.transfers).toMatchObject([{ status: 'incoming_payment_waiting' }]);
  });

  it('that lacks funds after its transfer was accepted stays held while the refusal is lost', async () => {
    const world = await start();
    await world.guard.funds();
    world.simulator.setBalance('50.00');
    world.simulator.fault({ kind: 'lost' }, { path: '/payments', times: 1 });
    await failureOf(world.guard.withHold(request, world.pay));
    await world.guard.reconcile({ reference: request.reference });
    // Not funded may be not funded yet.
    expect(await stateOf(world)).toBe('sent');
    world.simulator.advance(transferId, 'failed');
    expect(world.simulator.transfers).toMatchObject([{ status: 'cancelled' }]);
    expect(await statesAtEnd(world.guard, [request.reference])).toEqual(['released']);
    expect(world.simulator.balance()).toBe('50.00');
  });

  it('that was made before is not funded twice, stays held, and is looked up', async () => {
    const world = await start({ events: 'none' });
    await world.pay(request);
    expect((await failureOf(world.guard.withHold(request, world.pay))).message).toBe('HTTP 422');
    expect([await stateOf(world), world.simulator.transfers.length]).toEqual(['sent', 1]);
    expect(world.simulator.balance()).toBe('700.00');
    world.simulator.advance(transferId, 'completed');
    await world.guard.reconcile({ reference: request.reference });
    expect(await stateOf(world)).toBe('captured');
  });

  it('is captured when it is funded, and the return of its money is reported by a webhook', async () => {
    const world = await start({ refundAfterMs: 50 });
    const failed: string[] = [];
    world.guard.on('failedAfterCapture', ({ hold }) => void failed.push(hold.reference));
    await world.guard.withHold(request, world.pay);
    expect([await stateOf(world), world.simulator.balance()]).toEqual(['captured', '700.00']);
    world.simulator.advance(transferId, 'processing');
    world.simulator.advance(transferId, 'failed');
    expect(world.simulator.transfers).toMatchObject([{ status: 'bounced_back' }]);
    await until(() => failed.length === 1);
    expect(world.simulator.transfers).toMatchObject([{ status: 'funds_refunded' }]);
    expect([(await world.guard.getHold('po_1001'))?.failed, world.simulator.balance()]).toEqual([true, '800.00']);
    await until(() => world.simulator.events.length === 4);
    const states = world.simulator.events.map(({ currentState }) => currentState);
    expect(states.toSorted()).toEqual(['bounced_back', 'funds_converted', 'funds_refunded', 'processing']);
  });
});
