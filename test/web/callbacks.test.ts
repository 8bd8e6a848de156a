// Callbacks without a signature, over sockets: the simulators of JPay and MTN MoMo post them to a secret path.
import { afterEach, describe, expect, it } from '@jest/globals';
import express from 'express';
import { createPayoutGuard, type PayoutGuard } from 'payout-guard';
import { payoutWebhook } from 'payout-guard/express';
import { jpay } from 'payout-guard/providers/jpay';
import { mtnMomo, mtnMomoReferenceId } from 'payout-guard/providers/mtn-momo';
import {
  type JpaySimulatorOptions,
  jpaySimulator,
  type MtnMomoSimulatorOptions,
  mtnMomoSimulator,
} from 'payout-guard/testing';
import { callbackPath } from 'payout-guard/web';
import { cleanUp, listen } from '../express/api.js';
import { closeAll, until } from '../providers/support.js';
import { collectWarnings } from '../support/warnings.js';

afterEach(closeAll);
const atTheEnd = cleanUp();
collectWarnings();

const secret = 'e3b0c44298fc1c149afbf4c8996fb924';
const oldSecret = '27ae41e4649b934ca495991b7852b855';

interface Callback {
  readonly answer?: number | undefined;
  readonly status: string;
}

/** A provider that pays for the hold of a payout and calls back. */
interface World {
  readonly guard: PayoutGuard;
  readonly wallet: string;
  /** Pays with a callback to this last part of the path. */
  pay(reference: string, part?: string): Promise<void>;
  advance(reference: string, status: 'completed' | 'failed'): void;
  readonly callbacks: readonly Callback[];
  /** The look-ups that the provider has received. */
  lookups(): number;
  /** Posts to the route by hand. */
  post(part: string, body: string, method?: string): Promise<number>;
  stateOf(reference: string): Promise<string | undefined>;
}

type Behaviour = Pick<JpaySimulatorOptions & MtnMomoSimulatorOptions, 'callback'>;

async function route(
  guard: PayoutGuard,
  wallet: string,
): Promise<{ address(part: string): string } & Pick<World, 'post'>> {
  const app = express();
  const callbackSecret = [secret, oldSecret];
  app.use('/callbacks', express.raw({ type: () => true }), payoutWebhook(guard, { wallet, callbackSecret }));
  app.use(express.json());
  const { port } = await listen(app, atTheEnd);
  const address = (part: string) => `http://127.0.0.1:${port}/callbacks/${part}`;
  return {
    address,
    post: async (part, body, method = 'POST') => {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(address(part), { method, headers, body });
      await response.body?.cancel();
      return response.status;
    },
  };
}

async function jpayWorld(behaviour: Behaviour = {}): Promise<World> {
  const simulator = await jpaySimulator({ ...behaviour, payout: '1000.00' });
  const { url: baseUrl, appKey, appSecret } = simulator;
  const wallet = 'jpay-kes';
  const provider = jpay({ baseUrl, appKey, appSecret });
  const guard = createPayoutGuard({ wallets: { [wallet]: { provider, currency: 'KES' } } });
  const { address, post } = await route(guard, wallet);
  atTheEnd(async () => {
    await guard.close({ waitMs: 0 });
    await simulator.close();
  });
  const send = async (reference: string, part: string) => {
    const payout = { payto: '+254712345678', amount: '400.00', ref_no: reference, app_code: 12_345 };
    const response = await fetch(`${baseUrl}/payments/payouts/initiate`, {
      method: 'POST',
      headers: { authorization: `Bearer ${simulator.accessToken()}`, 'content-type': 'application/json' },
      body: JSON.stringify({ ...payout, callback_url: address(part) }),
    });
    expect(response.status).toBeLessThan(300);
  };
  return {
    ...worldOf(guard, wallet, post, send),
    advance: simulator.advance,
    callbacks: simulator.callbacks,
    lookups: () => simulator.count('/payments/payouts/list'),
  };
}

async function mtnWorld(behaviour: Behaviour = {}): Promise<World> {
  const simulator = await mtnMomoSimulator({ ...(behaviour as MtnMomoSimulatorOptions), balance: '1000' });
  const { url: baseUrl, subscriptionKey, apiUser, apiKey, targetEnvironment } = simulator;
  const wallet = 'mtn-ugx';
  const provider = mtnMomo({ baseUrl, subscriptionKey, apiUser, apiKey, targetEnvironment });
  const guard = createPayoutGuard({ wallets: { [wallet]: { provider, currency: 'UGX' } } });
  const { address, post } = await route(guard, wallet);
  atTheEnd(async () => {
    await guard.close({ waitMs: 0 });
    await simulator.close();
  });
  const send = async (reference: string, part: string) => {
    const payee = { partyIdType: 'MSISDN', partyId: '256770000001' };
    const response = await fetch(`${baseUrl}/disbursement/v1_0/transfer`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${simulator.accessToken()}`,
        'ocp-apim-subscription-key': subscriptionKey,
        'x-target-environment': targetEnvironment,
        'x-reference-id': mtnMomoReferenceId(reference),
        'x-callback-url': address(part),
      },
      body: JSON.stringify({ amount: '400', currency: 'UGX', externalId: reference, payee }),
    });
    expect(response.status).toBe(202);
  };
  return {
    ...worldOf(guard, wallet, post, send),
    advance: simulator.advance,
    callbacks: simulator.callbacks,
    lookups: () =>
      simulator.requests.filter(({ method, path }) => method === 'GET' && path.includes('/transfer/')).length,
  };
}

function worldOf(
  guard: PayoutGuard,
  wallet: string,
  post: World['post'],
  send: (reference: string, part: string) => Promise<void>,
): Pick<World, 'guard' | 'wallet' | 'pay' | 'post' | 'stateOf'> {
  return {
    guard,
    wallet,
    post,
    pay: async (reference, part = callbackPath(secret, wallet)) => {
      // Marked by hand, so that no look-up follows by itself.
      const hold = await guard.hold({ amount: '400', reference });
      await hold.sent();
      await send(hold.reference, part);
    },
    stateOf: async (reference) => (await guard.getHold(reference))?.state,
  };
}

describe.each([
  ['JPay', jpayWorld, (reference: string) => JSON.stringify({ ref_no: reference, status: 'completed' })],
  ['MTN MoMo', mtnWorld, (reference: string) => JSON.stringify({ externalId: reference, status: 'SUCCESSFUL' })],
])('the callback of %s', (_, open, bodyOf) => {
  it('makes the guard ask, and settles what the provider answers', async () => {
    const world = await open();
    await world.pay('payout-1');
    await world.pay('payout-2');
    world.advance('payout-1', 'completed');
    world.advance('payout-2', 'failed');
    await until(() => world.callbacks.length === 2);
    expect(world.callbacks.map(({ answer }) => answer)).toEqual([200, 200]);
    expect(await world.stateOf('payout-1')).toBe('captured');
    expect(world.lookups()).toBe(2);
  });

  it('settles nothing by itself: a forged one changes nothing that the provider does not confirm', async () => {
    const world = await open({ callback: 'forged' });
    await world.pay('payout-1');
    await world.pay('payout-2');
    const part = callbackPath(secret, world.wallet);
    expect([await world.post(part, bodyOf('payout-2')), await world.stateOf('payout-2')]).toEqual([200, 'sent']);
    world.advance('payout-1', 'completed'); // its callback reports a failure
    await until(() => world.callbacks.length === 1);
    expect(await world.stateOf('payout-1')).toBe('captured');
  });

  it('is 404 under any other path, and asks nothing', async () => {
    const world = await open();
    await world.pay('payout-1', callbackPath(secret, 'another wallet'));
    world.advance('payout-1', 'completed');
    await until(() => world.callbacks.length === 1);
    expect(world.callbacks[0]?.answer).toBe(404);
    const right = callbackPath(secret, world.wallet);
    const wrong = [
      '',
      'x',
      secret,
      right.slice(1),
      `${right}x`,
      `${right}/`,
      `${right}/x`,
      `x?${right}`,
      right.toLowerCase(),
    ];
    const statuses = [];
    for (const part of wrong) statuses.push(await world.post(part, bodyOf('payout-1')));
    expect([new Set(statuses), world.lookups(), await world.stateOf('payout-1')]).toEqual([new Set([404]), 0, 'sent']);
    expect([await world.post(`${right}?a=b`, bodyOf('payout-1')), await world.stateOf('payout-1')]).toEqual([
      200,
      'captured',
    ]);
  });

  it('is received under the path of the old secret as well, during a rotation', async () => {
    const world = await open();
    await world.pay('payout-1', callbackPath(oldSecret, world.wallet));
    world.advance('payout-1', 'completed');
    await until(() => world.callbacks.length === 1);
    expect([world.callbacks[0]?.answer, await world.stateOf('payout-1')]).toEqual([200, 'captured']);
  });

  it('is 200 without a look-up when its body names no payout of ours', async () => {
    const world = await open();
    const part = callbackPath(secret, world.wallet);
    const statuses = [];
    for (const body of ['', '{}', '[]', 'ref_no=payout-1', '{"ref_no":5,"externalId":5}', bodyOf('unknown')]) {
      statuses.push(await world.post(part, body));
    }
    statuses.push(await world.post(part, bodyOf('unknown'), 'PUT'));
    expect([new Set(statuses), world.lookups()]).toEqual([new Set([200]), 0]);
  });
});
