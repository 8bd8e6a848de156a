// The pawaPay simulator, and a guard with the adapter in front of it.
import { afterEach, describe, expect, it } from '@jest/globals';
import { createPayoutGuard, type GuardOptions, type Hold, type PayoutGuard } from 'payout-guard';
import { pawapay, pawapayPayoutId } from 'payout-guard/providers/pawapay';
import { type PawapaySimulator, type PawapaySimulatorOptions, pawapaySimulator } from 'payout-guard/testing';
import { closeAll, until } from '../providers/support.js';
import { expectEightOfFifty, statesAtEnd } from './payout-crowd.js';
import { testOneBalance, testWrongOptions } from './simulated-wallet.js';
import { webhookRoute } from './webhook-route.js';

const running: { close(): Promise<unknown> }[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((party) => party.close()));
  await closeAll();
});

interface World {
  readonly simulator: PawapaySimulator;
  readonly guard: PayoutGuard;
  readonly pay: (hold: Pick<Hold, 'reference'>, amount?: string) => Promise<unknown>;
  /** Statuses that the route for callbacks answered. */
  readonly answered: readonly number[];
}

/** A guard, and an application with a route for callbacks, on a simulator. */
async function start(options: PawapaySimulatorOptions = {}, settings: Partial<GuardOptions> = {}): Promise<World> {
  const route = await webhookRoute();
  const callbackUrl = route.url;
  const simulator = await pawapaySimulator({ balance: '800.00', callbackUrl, ...options });
  const { url: baseUrl, apiToken } = simulator;
  const provider = pawapay({ apiToken, country: 'UGA', baseUrl, callbackUrl });
  const wallet = { provider, currency: 'UGX', returns: 'providerAnswer' } as const;
  const guard = createPayoutGuard({ ...wallet, lookupsPerSecond: 1_000, ...settings });
  running.push(guard, simulator);
  route.serve(provider, guard);
  const pay = async ({ reference }: Pick<Hold, 'reference'>, amount = '100.00') =>
    (await call(simulator, '/v2/payouts', payoutOf(reference, amount))).body;
  return { simulator, guard, pay, answered: route.answered };
}

function payoutOf(reference: string, amount = '100.00') {
  return {
    payoutId: pawapayPayoutId(reference),
    amount,
    currency: 'UGX',
    recipient: { type: 'MMO', accountDetails: { phoneNumber: '256770000001', provider: 'MTN_MOMO_UGA' } },
    clientReferenceId: reference,
  };
}

async function call({ url, apiToken }: PawapaySimulator, path: string, body?: unknown, token = apiToken) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const init = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) };
  const response = await fetch(url + path, init);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe('50 payouts at once from a wallet that covers 8', () => {
  it('are 8, all settled by signed callbacks', async () => {
    // Without look-ups by timer.
    const { simulator, guard, pay, answered } = await start({ settleAfterMs: 30 }, { reconcileEveryMs: 0 });
    await expectEightOfFifty(guard, pay);
    expect(simulator.balance()).toBe('0.00');
    await until(() => simulator.callbacks.length === 8);
    expect(answered).toEqual(Array.from({ length: 8 }, () => 200));
  });

  it.each(['none', 'unsigned', 'forged'] as const)(
    'are 8 although debits come late, settled by look-ups with callbacks that are %s',
    async (callback) => {
      const { simulator, guard, pay, answered } = await start({ settleAfterMs: 30, debitAt: 'completion', callback });
      await expectEightOfFifty(guard, pay);
      expect(simulator.balance()).toBe('0.00');
      expect(answered.every((status) => status === 401)).toBe(true);
    },
  );

  it('are 8 although the answers to three are lost', async () => {
    const { simulator, guard, pay } = await start({ settleAfterMs: 30 });
    simulator.fault({ kind: 'lost' }, { path: '/v2/payouts', times: 2 });
    simulator.fault({ kind: 'lost', status: 502 }, { path: '/v2/payouts', times: 1 });
    await expectEightOfFifty(guard, pay, { mayThrow: true });
    expect([simulator.balance(), simulator.payouts.length]).toEqual(['0.00', 8]);
  });
});

describe('a payout through the pawaPay simulator', () => {
  const request = { amount: '100', reference: 'po_1001' };
  const stateOf = async ({ guard }: World) => (await guard.getHold(request.reference))?.state;

  it('that is rejected for lack of funds frees its hold', async () => {
    const world = await start();
    await world.guard.funds();
    world.simulator.setBalance('50.00');
    const answer = await world.guard.withHold(request, world.pay);
    expect(answer).toMatchObject({ status: 'REJECTED', failureReason: { failureCode: 'PAWAPAY_WALLET_OUT_OF_FUNDS' } });
    expect(await stateOf(world)).toBe('released');
  });

  it('that lacks funds after it was accepted stays held until a look-up', async () => {
    const world = await start({ outOfFunds: 'failed' });
    await world.guard.funds();
    world.simulator.setBalance('50.00');
    expect(await world.guard.withHold(request, world.pay)).toMatchObject({ status: 'ACCEPTED' });
    expect(await statesAtEnd(world.guard, [request.reference])).toEqual(['released']);
    expect(world.simulator.payouts).toMatchObject([{ clientReferenceId: 'po_1001', status: 'failed' }]);
  });

  it('that was made before stays held as a duplicate, and is looked up', async () => {
    const world = await start({ callback: 'none' });
    await world.pay(request);
    expect(await world.guard.withHold(request, world.pay)).toMatchObject({ status: 'DUPLICATE_IGNORED' });
    expect([await stateOf(world), world.simulator.payouts.length]).toEqual(['sent', 1]);
    world.simulator.advance('po_1001', 'completed');
    await world.guard.reconcile({ reference: 'po_1001' });
    expect(await stateOf(world)).toBe('captured');
  });

  it.each(['PROCESSING', 'ENQUEUED', 'IN_RECONCILIATION'] as const)(
    'stays held while it is %s',
    async (processingAs) => {
      const world = await start({ processingAs, callback: 'none' });
      await world.guard.withHold(request, world.pay);
      world.simulator.advance('po_1001', 'processing');
      expect((await call(world.simulator, `/v2/payouts/${pawapayPayoutId('po_1001')}`)).body).toMatchObject({
        status: 'FOUND',
        data: { status: processingAs, amount: '100.00' },
      });
      await world.guard.reconcile({ reference: 'po_1001' });
      expect(await stateOf(world)).toBe('sent');
    },
  );
});

describe('the pawaPay simulator', () => {
  it('shows the wallet among those of operators and other countries', async () => {
    const { simulator } = await start();
    const own = { country: 'UGA', currency: 'UGX', provider: '', balance: '800.00' };
    const operator = { country: 'UGA', currency: 'UGX', provider: 'AIRTEL_OAPI_UGA', balance: '9000000.00' };
    expect((await call(simulator, '/v2/wallet-balances?country=UGA')).body).toEqual({ balances: [operator, own] });
    expect((await call(simulator, '/v2/wallet-balances')).body.balances).toHaveLength(3);
  });

  it.each([
    ['no token', undefined, 401, 'NO_AUTHENTICATION'],
    ['another token', 'Bearer other', 403, 'AUTHENTICATION_ERROR'],
  ])('refuses %s', async (_, authorization, status, failureCode) => {
    const { simulator } = await start();
    const headers = authorization === undefined ? {} : { authorization };
    const response = await fetch(`${simulator.url}/v2/wallet-balances`, { headers });
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ failureReason: { failureCode } });
  });

  it.each([
    ['an id that is no UUID', { payoutId: 'po_1001' }],
    ['an amount that is a number', { amount: 100 }],
    ['three decimals', { amount: '1.001' }],
    ['no recipient', { recipient: undefined }],
  ])('refuses a payout with %s', async (_, change) => {
    const { simulator } = await start();
    const answer = await call(simulator, '/v2/payouts', { ...payoutOf('po_1001'), ...change });
    expect(answer).toMatchObject({ status: 400, body: { failureReason: { failureCode: 'INVALID_INPUT' } } });
    expect(simulator.payouts).toEqual([]);
  });

  it.each([
    ['another currency', { currency: 'KES' }, 'INVALID_CURRENCY'],
    ['no amount', { amount: '0.00' }, 'INVALID_AMOUNT'],
  ])('rejects a payout with %s', async (_, change, failureCode) => {
    const { simulator } = await start();
    const answer = await call(simulator, '/v2/payouts', { ...payoutOf('po_1001'), ...change });
    expect(answer).toMatchObject({ status: 200, body: { status: 'REJECTED', failureReason: { failureCode } } });
  });

  it('sends a callback again on request', async () => {
    const { simulator, pay } = await start({ settleAfterMs: 1 });
    await pay({ reference: 'po_1001' });
    await until(() => simulator.callbacks.length === 1);
    const answer = await call(simulator, `/v2/payouts/resend-callback/${pawapayPayoutId('po_1001')}`, {});
    expect(answer.body).toMatchObject({ status: 'ACCEPTED' });
    await until(() => simulator.callbacks.length === 2);
    const delivered = { payoutId: pawapayPayoutId('po_1001'), status: 'COMPLETED', answer: 200 };
    expect(simulator.callbacks).toEqual([delivered, delivered]);
    const other = await call(simulator, `/v2/payouts/resend-callback/${pawapayPayoutId('po_1002')}`, {});
    expect(other.body).toMatchObject({ status: 'REJECTED' });
  });

  it('posts callbacks to loopback addresses only', async () => {
    const { simulator, pay } = await start({ settleAfterMs: 1, callbackUrl: 'https://example.com/webhooks' });
    await pay({ reference: 'po_1001' });
    await until(() => simulator.callbacks.length === 1);
    expect(simulator.callbacks).toMatchObject([{ status: 'COMPLETED', problem: 'not a loopback address' }]);
  });

  testWrongOptions<PawapaySimulatorOptions>(
    [
      [{ balance: '1.001' }, 'balance'],
      [{ country: 'UG' }, 'country'],
      [{ callback: 'never' }, 'callback'],
      [{ outcomeOf: () => 'failed' }, 'outcomeOf'],
    ],
    pawapaySimulator,
  );
  testOneBalance('-3.00', start);
});
