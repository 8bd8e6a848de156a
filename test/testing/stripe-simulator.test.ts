// The Stripe simulator, and a guard with the adapter in front of it.
import { afterEach, describe, expect, it } from '@jest/globals';
import { createPayoutGuard, type GuardOptions, type Hold, type PayoutGuard, PayoutRejectedError } from 'payout-guard';
import { type StripeOptions, stripe } from 'payout-guard/providers/stripe';
import { type StripeSimulator, type StripeSimulatorOptions, stripeSimulator } from 'payout-guard/testing';
import { closeAll, failureOf, until } from '../providers/support.js';
import { expectEightOfFifty } from './payout-crowd.js';
import { testWrongOptions } from './simulated-wallet.js';
import { webhookRoute } from './webhook-route.js';

const running: { close(): Promise<unknown> }[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((party) => party.close()));
  await closeAll();
});

type Product = NonNullable<StripeOptions['product']>;

interface World {
  readonly simulator: StripeSimulator;
  readonly guard: PayoutGuard;
  readonly pay: (hold: Pick<Hold, 'reference'>) => Promise<unknown>;
  /** Statuses that the route for webhooks answered. */
  readonly answered: readonly number[];
}

/** A guard, and an application with a route for webhooks, on a simulator. */
async function start(
  product: Product,
  options: StripeSimulatorOptions = {},
  settings: Partial<GuardOptions> = {},
): Promise<World> {
  const route = await webhookRoute();
  const simulator = await stripeSimulator({ available: '800.00', webhookUrl: route.url, ...options });
  const { url: baseUrl, secretKey, webhookSecret } = simulator;
  const provider = stripe({ secretKey, account: options.account, product, webhookSecret, baseUrl });
  const wallet = { provider, currency: 'USD', returns: 'providerAnswer' } as const;
  const guard = createPayoutGuard({ ...wallet, lookupsPerSecond: 1_000, ...settings });
  running.push(guard, simulator);
  route.serve(provider, guard);
  const pay = async ({ reference }: Pick<Hold, 'reference'>) => {
    const { status, body } = await create(simulator, product, reference, options.account);
    if (status === 400) throw new PayoutRejectedError('the balance is too low');
    return body;
  };
  return { simulator, guard, pay, answered: route.answered };
}

async function create(
  { url, secretKey }: StripeSimulator,
  product: Product,
  reference: string,
  account?: string,
  change: Record<string, string> = {},
): Promise<{ status: number; body: Record<string, unknown> }> {
  const own = product === 'transfers' ? { destination: 'acct_1ABC', transfer_group: reference } : {};
  const form = { amount: '10000', currency: 'usd', 'metadata[guard_reference]': reference, ...own, ...change };
  const headers = {
    authorization: `Bearer ${secretKey}`,
    'idempotency-key': reference,
    ...(account === undefined ? {} : { 'stripe-account': account }),
  };
  const response = await fetch(`${url}/v1/${product}`, { method: 'POST', headers, body: new URLSearchParams(form) });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe.each(['transfers', 'payouts'] as const)('50 %s at once from a balance that covers 8', (product) => {
  it.each<[string, StripeSimulatorOptions]>([
    ['debited at once', { settleAfterMs: 30 }],
    ['debited late', { settleAfterMs: 30, debitAt: { msAfterCompletion: 50 } }],
    ['of a connected account', { settleAfterMs: 30, account: 'acct_9XYZ' }],
    ['without events', { settleAfterMs: 30, events: 'none' }],
    ['with forged events', { settleAfterMs: 30, events: 'forged' }],
  ])('are 8, %s', async (_, options) => {
    const { simulator, guard, pay, answered } = await start(product, options);
    await expectEightOfFifty(guard, pay);
    await until(() => simulator.balance() === '0.00');
    expect(simulator.payments).toHaveLength(8);
    expect(answered.every((status) => status === (options.events === 'forged' ? 401 : 200))).toBe(true);
  });

  it('are 8 although the answers to three are lost', async () => {
    const { simulator, guard, pay } = await start(product, { settleAfterMs: 30, events: 'none' });
    simulator.fault({ kind: 'lost' }, { path: `/v1/${product}`, times: 2 });
    simulator.fault({ kind: 'lost', status: 502 }, { path: `/v1/${product}`, times: 1 });
    await expectEightOfFifty(guard, pay, { mayThrow: true });
    expect([simulator.balance(), simulator.payments.length]).toEqual(['0.00', 8]);
  });
});

describe('a payout through the Stripe simulator', () => {
  const request = { amount: '100', reference: 'po_1001' };

  it('is captured when it is accepted, and its failure is reported by a webhook', async () => {
    const { simulator, guard, pay } = await start('payouts');
    const failed: string[] = [];
    guard.on('failedAfterCapture', ({ hold }) => void failed.push(hold.reference));
    await guard.withHold(request, pay);
    expect([(await guard.getHold('po_1001'))?.state, simulator.balance()]).toEqual(['captured', '700.00']);
    simulator.advance('po_1001', 'processing');
    simulator.advance('po_1001', 'failed');
    await until(() => failed.length === 1);
    expect([(await guard.getHold('po_1001'))?.failed, simulator.balance()]).toEqual([true, '800.00']);
  });

  it('that lacks funds is refused, and its hold is free', async () => {
    const { simulator, guard, pay } = await start('payouts');
    await guard.funds();
    simulator.setBalance('50.00');
    expect(await failureOf(guard.withHold(request, pay))).toMatchObject({ code: 'payout_rejected' });
    expect((await guard.getHold('po_1001'))?.state).toBe('released');
  });

  it('that lacks funds after it was accepted is reported as failed', async () => {
    const { simulator, guard, pay } = await start('payouts', { insufficient: 'failed' });
    const failed: string[] = [];
    guard.on('failedAfterCapture', ({ hold }) => void failed.push(hold.reference));
    await guard.funds();
    simulator.setBalance('50.00');
    await guard.withHold(request, pay);
    await guard.reconcile({ reference: 'po_1001' });
    await until(() => failed.length === 1);
    expect(simulator.payments).toMatchObject([{ reference: 'po_1001', status: 'failed' }]);
  });

  it.each(['transfers', 'payouts'] as const)(
    'that was made before is answered as it was, and not made twice: %s',
    async (product) => {
      const { simulator, guard, pay } = await start(product, { events: 'none' });
      const first = await pay(request);
      expect(await guard.withHold(request, pay)).toEqual(first);
      expect([simulator.payments.length, simulator.balance()]).toEqual([1, '700.00']);
      expect((await guard.getHold('po_1001'))?.captured).toBe('100.00');
      expect(await failureOf(guard.withHold(request, pay))).toMatchObject({ code: 'duplicate_reference' });
    },
  );
});

describe('the Stripe simulator', () => {
  it('answers a key again with its first answer, and refuses other parameters', async () => {
    const { simulator } = await start('transfers');
    const first = await create(simulator, 'transfers', 'po_1001');
    expect(await create(simulator, 'transfers', 'po_1001')).toEqual(first);
    expect(simulator.payments).toHaveLength(1);
    const other = await create(simulator, 'transfers', 'po_1001', undefined, { amount: '1' });
    expect(other).toMatchObject({ status: 400, body: { error: { type: 'idempotency_error' } } });
  });

  it.each([
    [{ amount: '1.5' }, 'parameter_invalid_integer'],
    [{ currency: 'eur' }, 'balance_insufficient'],
    [{ amount: '80001' }, 'balance_insufficient'],
    [{ reference: 'po_1001' }, 'parameter_unknown'],
  ])('refuses a transfer with %j as %s', async (change, code) => {
    const { simulator } = await start('transfers');
    const answer = await create(simulator, 'transfers', 'po_1001', undefined, change as Record<string, string>);
    expect(answer).toMatchObject({ status: 400, body: { error: { code } } });
    expect([simulator.payments, simulator.balance()]).toEqual([[], '800.00']);
  });

  it('refuses another key, and a request for another account', async () => {
    const { simulator } = await start('transfers', { account: 'acct_9XYZ' });
    const ask = async (headers: Record<string, string>) =>
      (await fetch(`${simulator.url}/v1/balance`, { headers })).status;
    const authorization = `Bearer ${simulator.secretKey}`;
    expect(await ask({ authorization: 'Bearer sk_test_other' })).toBe(401);
    expect(await ask({ authorization })).toBe(403);
    expect(await ask({ authorization, 'stripe-account': 'acct_9XYZ' })).toBe(200);
  });

  it('counts in the unit of its currency', async () => {
    const simulator = await stripeSimulator({ currency: { code: 'UGX', exponent: 2 }, available: '1500.50' });
    running.push(simulator);
    const headers = { authorization: `Bearer ${simulator.secretKey}` };
    const body = await (await fetch(`${simulator.url}/v1/balance`, { headers })).json();
    expect(body).toMatchObject({ livemode: false, available: [{}, { amount: 150_050, currency: 'ugx' }] });
  });

  testWrongOptions<StripeSimulatorOptions>(
    [
      [{ available: '1.001' }, 'available'],
      [{ currency: 'usd' }, 'currency'],
      [{ events: 'never' }, 'events'],
      [{ outcomeOf: () => 'failed' }, 'outcomeOf'],
    ],
    stripeSimulator,
  );
});
