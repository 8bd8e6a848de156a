// Payouts through the simulators of Flutterwave, Monnify and Paystack, from 50 at once to settled holds.
import { afterEach, describe, expect, it } from '@jest/globals';
import { type BalanceProvider, createPayoutGuard } from 'payout-guard';
import { flutterwave } from 'payout-guard/providers/flutterwave';
import { monnify } from 'payout-guard/providers/monnify';
import { paystack } from 'payout-guard/providers/paystack';
import {
  type FlutterwaveSimulatorOptions,
  flutterwaveSimulator,
  type HostedWalletOptions,
  type HostedWalletSimulator,
  type MonnifySimulatorOptions,
  monnifySimulator,
  type PaystackSimulatorOptions,
  paystackSimulator,
} from 'payout-guard/testing';
import { closeAll, until } from '../providers/support.js';
import { stoppedClock } from '../support/clock.js';
import { captured, payAtOnce, statesAtEnd } from './payout-crowd.js';
import { webhookRoute } from './webhook-route.js';

interface Rig {
  readonly simulator: HostedWalletSimulator;
  readonly provider: BalanceProvider;
  readonly payPath: string;
  /** Sends a payout as an application would. */
  pay(reference: string, amount: string): Promise<unknown>;
}

const post = async (url: string, headers: Record<string, string>, body: string): Promise<unknown> =>
  (await fetch(url, { method: 'POST', headers, body })).json();

async function openFlutterwave(options: FlutterwaveSimulatorOptions): Promise<Rig> {
  const simulator = await flutterwaveSimulator(options);
  const { url, secretKey, webhookSecret } = simulator;
  const payPath = '/v3/transfers';
  const headers = { authorization: `Bearer ${secretKey}` };
  return {
    simulator,
    provider: flutterwave({ baseUrl: url, secretKey, webhookSecret }),
    payPath,
    pay: (reference, amount) =>
      post(url + payPath, headers, `{"reference":"${reference}","amount":${amount},"currency":"NGN"}`),
  };
}

async function openMonnify(options: MonnifySimulatorOptions): Promise<Rig> {
  const simulator = await monnifySimulator({ ...options, insufficientFunds: 'fail_later' });
  const { url, apiKey, secretKey, accountNumber } = simulator;
  const payPath = '/api/v2/disbursements/single';
  const keys = { authorization: `Basic ${Buffer.from(`${apiKey}:${secretKey}`).toString('base64')}` };
  const login = (await post(`${url}/api/v1/auth/login`, keys, '')) as { responseBody: { accessToken: string } };
  const headers = { authorization: `Bearer ${login.responseBody.accessToken}` };
  return {
    simulator,
    provider: monnify({ baseUrl: url, apiKey, secretKey, accountNumber }),
    payPath,
    pay: (reference, amount) => {
      const fields = `"reference":"${reference}","amount":${amount},"currency":"NGN"`;
      return post(url + payPath, headers, `{${fields},"sourceAccountNumber":"${accountNumber}"}`);
    },
  };
}

async function openPaystack(options: PaystackSimulatorOptions): Promise<Rig> {
  const simulator = await paystackSimulator({ ...options, insufficientFunds: 'fail_later' });
  const { url, secretKey, recipientCode: recipient } = simulator;
  const payPath = '/transfer';
  const headers = { authorization: `Bearer ${secretKey}` };
  return {
    simulator,
    provider: paystack({ baseUrl: url, secretKey }),
    payPath,
    pay: (reference, amount) => {
      const subunits = Number(amount.replace('.', ''));
      const body = { source: 'balance', amount: subunits, recipient, reference, currency: 'NGN' };
      return post(url + payPath, headers, JSON.stringify(body));
    },
  };
}

const rigs: readonly { readonly name: string; open(options: HostedWalletOptions): Promise<Rig> }[] = [
  { name: 'flutterwave', open: openFlutterwave },
  {
    name: 'flutterwave, with signatures',
    open: (options) => openFlutterwave({ ...options, webhookProof: 'signature' }),
  },
  { name: 'monnify', open: openMonnify },
  { name: 'paystack', open: openPaystack },
  { name: 'paystack, which reverses', open: (options) => openPaystack({ ...options, failedAs: 'reversed' }) },
];

// Paystack takes references of 16 characters and more.
const reference = 'payout-2026-0001';
const referenceOf = (index: number) => `payout-2026-${1_000 + index}`;

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
  await closeAll();
});

async function start(open: (typeof rigs)[number]['open'], options: HostedWalletOptions, withWebhooks = true) {
  const route = await webhookRoute();
  const rig = await open({ ...options, ...(withWebhooks ? { webhookUrl: route.url } : {}) });
  const guard = createPayoutGuard({ provider: rig.provider, currency: 'NGN', lookupsPerSecond: 1_000 });
  route.serve(rig.provider, guard);
  closing.push(
    () => rig.simulator.close(),
    () => guard.close().then(() => undefined),
  );
  const send = (reference: string, amount: string, pay = rig.pay) =>
    guard.withHold({ amount, reference }, (hold) => pay(hold.reference, amount));
  return { ...rig, ...route, guard, send };
}

describe.each(rigs)('the simulator of $name', ({ open }) => {
  it.each([
    ['by webhook, debited at once', true, 'initiation'],
    ['by look-up, debited at once', false, 'initiation'],
    ['by webhook, debited late', true, { msAfterCompletion: 100 }],
  ] as const)(
    'approves 8 of 50 payouts at once against a wallet for 8, and all are settled %s',
    async (_, hooks, debitAt) => {
      const options = { available: '12000.00', fee: '10.00', settleAfterMs: 50, debitAt };
      const { simulator, guard, pay, events } = await start(open, options, hooks);
      const approved = await payAtOnce(guard, 50, '1490.00', ({ reference }) => pay(reference, '1490.00'), {
        fee: '10.00',
        referenceOf,
      });
      expect(approved).toHaveLength(8);
      expect(await statesAtEnd(guard, approved)).toEqual(captured(8));
      await until(() => simulator.balances().available === '0.00');
      expect(await Promise.all(approved.map(async (reference) => (await guard.getHold(reference))?.captured))).toEqual(
        approved.map(() => '1500.00'),
      );
      expect(events).toHaveLength(hooks ? 8 : 0);
    },
  );

  it('approves 8 of 50 payouts at once although the answers to three are lost', async () => {
    const { simulator, guard, pay, payPath } = await start(open, { available: '12000.00', settleAfterMs: 50 });
    simulator.fault({ kind: 'lost' }, { path: payPath, times: 2 });
    simulator.fault({ kind: 'lost', status: 502 }, { path: payPath, times: 1 });
    const payOne = ({ reference: held }: { reference: string }) => pay(held, '1500.00');
    const approved = await payAtOnce(guard, 50, '1500.00', payOne, { referenceOf, mayThrow: true });
    expect(approved).toHaveLength(8);
    expect(await statesAtEnd(guard, approved)).toEqual(captured(8));
    expect([simulator.balances().available, simulator.payouts.length]).toEqual(['0.00', 8]);
  });

  it('frees the money of a payout that failed after it was accepted, for want of funds', async () => {
    const { simulator, guard, send, pay, events } = await start(open, { available: '1000.00', settleAfterMs: 20 });
    const drained = async (paid: string, amount: string) => {
      simulator.setBalance({ available: '100.00' });
      return pay(paid, amount);
    };
    await send(reference, '500.00', drained);
    await until(() => events.length === 1);
    await until(() => simulator.webhooks[0]?.answer === 200);
    // The payment code has ended, so its failure is final.
    while ((await guard.getHold(reference))?.state === 'sent') await guard.reconcile({ reference });
    expect(await guard.getHold(reference)).toMatchObject({ state: 'released', failed: true });
    expect(simulator.balances().available).toBe('100.00');
  });

  it('keeps the money of a payout whose answer was lost, and settles it by look-up', async () => {
    const { simulator, guard, send, pay, payPath } = await start(open, { available: '1000.00' });
    simulator.fault({ kind: 'lost' }, { path: payPath, times: 1 });
    await expect(send(reference, '500.00', pay)).rejects.toThrow();
    expect((await guard.getHold(reference))?.state).toBe('sent');
    // A second payout of the same reference is not made: the provider has it already.
    expect(JSON.stringify(await pay(reference, '500.00'))).toMatch(/reference already exists/i);
    expect(simulator.payouts).toHaveLength(1);
    simulator.advance(reference, 'completed');
    while ((await guard.getHold(reference))?.state === 'sent') await guard.reconcile({ reference });
    expect(await guard.getHold(reference)).toMatchObject({ state: 'captured', captured: '500.00' });
  });

  it('keeps the money of a payout that was made before, and settles it by look-up', async () => {
    const { simulator, guard, send, pay } = await start(open, { available: '1000.00' }, false);
    await pay(reference, '500.00');
    expect(JSON.stringify(await send(reference, '500.00'))).toMatch(/reference already exists/i);
    expect([(await guard.getHold(reference))?.state, simulator.payouts.length]).toEqual(['sent', 1]);
    simulator.advance(reference, 'completed');
    await guard.reconcile({ reference });
    expect([(await guard.getHold(reference))?.state, simulator.balances().available]).toEqual(['captured', '500.00']);
  });

  it('posts events that a wrong secret does not open, and posts them again on demand', async () => {
    const { simulator, send, pay, events } = await start(open, { available: '1000.00', webhooks: 'forged' });
    await send(reference, '500.00', pay);
    simulator.advance(reference, 'completed');
    await until(() => simulator.webhooks.length === 1);
    await simulator.resendWebhook(reference);
    await expect(simulator.resendWebhook('payout-2026-0002')).rejects.toMatchObject({ code: 'configuration' });
    expect(events).toEqual([undefined, undefined]);
    expect(simulator.webhooks.map(({ answer }) => answer)).toEqual([401, 401]);
  });
});

describe('the sandbox of flutterwave', () => {
  it('ends transfers as the end of their reference demands', async () => {
    const clock = stoppedClock();
    const simulator = await flutterwaveSimulator({ clock });
    closing.push(() => simulator.close());
    const { url, secretKey } = simulator;
    for (const reference of ['a_PMCKDU_2', 'b_PMCKDU_2_PMCK_ST_F', 'c']) {
      const body = `{"reference":"${reference}","amount":1,"currency":"NGN"}`;
      await post(`${url}/v3/transfers`, { authorization: `Bearer ${secretKey}` }, body);
    }
    await clock.pass(119_999);
    expect(simulator.payouts.map(({ status }) => status)).toEqual(['pending', 'pending', 'pending']);
    await clock.pass(1);
    expect(simulator.payouts.map(({ status }) => status)).toEqual(['completed', 'pending', 'pending']);
  });

  it.each([
    ['FLWSECK_TEST-0-X', 'failed'],
    ['FLWSECK-0-X', 'completed'],
  ])('fails a transfer by its reference with a test key only: %s', async (secretKey, status) => {
    const simulator = await flutterwaveSimulator({ secretKey, settleAfterMs: 1 });
    closing.push(() => simulator.close());
    const body = '{"reference":"x_PMCK_ST_F","amount":1,"currency":"NGN"}';
    await post(`${simulator.url}/v3/transfers`, { authorization: `Bearer ${secretKey}` }, body);
    await until(() => simulator.payouts[0]?.status !== 'pending');
    expect(simulator.payouts[0]?.status).toBe(status);
  });
});
