// The MTN MoMo simulator, and a guard with the adapter in front of it.
import { afterEach, describe, expect, it } from '@jest/globals';
import { createPayoutGuard, type GuardOptions, type Hold, type PayoutGuard, PayoutRejectedError } from 'payout-guard';
import { mtnMomo, mtnMomoReferenceId } from 'payout-guard/providers/mtn-momo';
import { type MtnMomoSimulator, type MtnMomoSimulatorOptions, mtnMomoSimulator } from 'payout-guard/testing';
import { closeAll, failureOf, startServer, until } from '../providers/support.js';
import { stoppedClock } from '../support/clock.js';
import { captured, expectEightOfFifty, payAtOnce, statesAtEnd } from './payout-crowd.js';
import { testOneBalance, testWrongOptions } from './simulated-wallet.js';

const running: { close(): Promise<unknown> }[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((party) => party.close()));
  await closeAll();
});

interface World {
  readonly simulator: MtnMomoSimulator;
  readonly guard: PayoutGuard;
  readonly pay: (hold: Pick<Hold, 'reference'>) => Promise<void>;
}

/** A guard, and an application with a route for callbacks, on a simulator. */
async function start(options: MtnMomoSimulatorOptions = {}, settings: Partial<GuardOptions> = {}): Promise<World> {
  const simulator = await mtnMomoSimulator({ balance: '800', ...options });
  const { url: baseUrl, subscriptionKey, apiUser, apiKey, targetEnvironment } = simulator;
  const provider = mtnMomo({ subscriptionKey, apiUser, apiKey, targetEnvironment, baseUrl });
  const guard = createPayoutGuard({ provider, currency: 'UGX', lookupsPerSecond: 1_000, ...settings });
  running.push(guard, simulator);
  // No callback proves anything: its path is a secret, and it only starts a look-up.
  const { url } = await startServer((response, { text }) => {
    const reference: string = JSON.parse(text).externalId;
    void guard.reconcile({ reference }).then(() => response.writeHead(200).end());
  });
  const pay = async ({ reference }: Pick<Hold, 'reference'>) => {
    const sent = await transfer(simulator, reference, { callbackUrl: `${url}/webhooks/0f3c9a` });
    if (sent.status === 400) throw new PayoutRejectedError('MTN refused the transfer');
    if (sent.status !== 202) throw new Error(`HTTP ${sent.status}`);
  };
  return { simulator, guard, pay };
}

async function transfer(
  simulator: MtnMomoSimulator,
  reference: string,
  { callbackUrl, referenceId = mtnMomoReferenceId(reference), ...change }: Record<string, unknown> = {},
): Promise<Response> {
  const headers = { ...headersOf(simulator), 'x-reference-id': `${referenceId}` };
  return fetch(`${simulator.url}/disbursement/v1_0/transfer`, {
    method: 'POST',
    headers: callbackUrl === undefined ? headers : { ...headers, 'x-callback-url': `${callbackUrl}` },
    body: JSON.stringify({
      amount: '100',
      currency: 'UGX',
      externalId: reference,
      payee: { partyIdType: 'MSISDN', partyId: '256770000001' },
      ...change,
    }),
  });
}

function headersOf(simulator: MtnMomoSimulator): Record<string, string> {
  return {
    authorization: `Bearer ${simulator.accessToken()}`,
    'ocp-apim-subscription-key': simulator.subscriptionKey,
    'x-target-environment': simulator.targetEnvironment,
  };
}

async function read(simulator: MtnMomoSimulator, path: string, change: Record<string, string> = {}) {
  const response = await fetch(simulator.url + path, { headers: { ...headersOf(simulator), ...change } });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const statusOf = (simulator: MtnMomoSimulator, reference: string) =>
  read(simulator, `/disbursement/v1_0/transfer/${mtnMomoReferenceId(reference)}`);

describe('50 payouts at once from a float that covers 8', () => {
  it('are 8, all settled by look-ups that callbacks start', async () => {
    // Without look-ups by timer.
    const { simulator, guard, pay } = await start({ settleAfterMs: 30 }, { reconcileEveryMs: 0 });
    await expectEightOfFifty(guard, pay);
    expect([simulator.balance(), simulator.count('/disbursement/token/')]).toEqual(['0', 1]);
  });

  it('are 8 although debits come late, settled by look-ups without callbacks', async () => {
    const { simulator, guard, pay } = await start({ settleAfterMs: 30, debitAt: 'completion', callback: 'none' });
    await expectEightOfFifty(guard, pay);
    expect(simulator.balance()).toBe('0');
  });

  it('are 8 although callbacks report the opposite', async () => {
    const { simulator, guard, pay } = await start({ settleAfterMs: 30, callback: 'forged' }, { reconcileEveryMs: 0 });
    const approved = await payAtOnce(guard, 50, '100', pay);
    expect(await statesAtEnd(guard, approved)).toEqual(captured(8));
    expect(simulator.callbacks.map(({ status }) => status)).toContain('FAILED');
  });

  it('are 8 although the answers to three are lost and every token dies', async () => {
    const { simulator, guard, pay } = await start({ settleAfterMs: 30 });
    simulator.fault({ kind: 'lost' }, { path: '/transfer', times: 2 });
    simulator.fault({ kind: 'lost', status: 502 }, { path: '/transfer', times: 1 });
    const approved = await payAtOnce(guard, 50, '100', pay, { mayThrow: true });
    simulator.expireAccessTokens();
    expect(approved).toHaveLength(8);
    expect(await statesAtEnd(guard, approved)).toEqual(captured(8));
    expect([simulator.balance(), simulator.transfers.length]).toEqual(['0', 8]);
  });
});

describe('a payout through the MTN MoMo simulator', () => {
  const request = { amount: '100', reference: 'po_1001' };
  const stateOf = async ({ guard }: World) => (await guard.getHold(request.reference))?.state;

  it('that lacks funds after it was accepted stays held until a look-up', async () => {
    const world = await start();
    await world.guard.funds();
    world.simulator.setBalance('50');
    await world.guard.withHold(request, world.pay);
    expect(await statesAtEnd(world.guard, [request.reference])).toEqual(['released']);
    expect((await statusOf(world.simulator, 'po_1001')).body).toMatchObject({
      status: 'FAILED',
      reason: 'NOT_ENOUGH_FUNDS',
    });
  });

  it('that lacks funds and is answered as a fault stays held: it may have been made', async () => {
    const world = await start({ outOfFunds: 'fault' });
    await world.guard.funds();
    world.simulator.setBalance('50');
    expect((await failureOf(world.guard.withHold(request, world.pay))).message).toBe('HTTP 500');
    const { absent, stillOpen } = { absent: world.simulator.transfers, stillOpen: await stateOf(world) };
    expect([absent, stillOpen]).toEqual([[], 'sent']);
  });

  it('that was made before is refused as a duplicate, stays held, and is looked up', async () => {
    const world = await start({ callback: 'none' });
    await world.pay(request);
    expect((await failureOf(world.guard.withHold(request, world.pay))).message).toBe('HTTP 409');
    expect([await stateOf(world), world.simulator.transfers.length]).toEqual(['sent', 1]);
    world.simulator.advance('po_1001', 'completed');
    await world.guard.reconcile({ reference: 'po_1001' });
    expect(await stateOf(world)).toBe('captured');
  });
});

describe('the MTN MoMo simulator', () => {
  it('answers a transfer with 202 and nothing, and its status by the reference id', async () => {
    const { simulator } = await start({ reasonAs: 'object' });
    const answer = await transfer(simulator, 'po_1001');
    expect([answer.status, await answer.text()]).toEqual([202, '']);
    const payee = { partyIdType: 'MSISDN', partyId: '256770000001' };
    const pending = { amount: '100', currency: 'UGX', externalId: 'po_1001', payee, status: 'PENDING' };
    expect(await statusOf(simulator, 'po_1001')).toEqual({ status: 200, body: pending });
    simulator.advance('po_1001', 'failed');
    const reason = { code: 'COULD_NOT_PERFORM_TRANSACTION', message: 'COULD_NOT_PERFORM_TRANSACTION' };
    expect((await statusOf(simulator, 'po_1001')).body).toEqual({ ...pending, status: 'FAILED', reason });
    expect(await statusOf(simulator, 'po_1002')).toMatchObject({ status: 404, body: { code: 'RESOURCE_NOT_FOUND' } });
  });

  it('has a float of each product', async () => {
    const { simulator } = await start();
    const balances = ['disbursement', 'collection'].map((product) =>
      read(simulator, `/${product}/v1_0/account/balance`),
    );
    expect((await Promise.all(balances)).map(({ body }) => body.availableBalance)).toEqual(['800', '9000000']);
  });

  it.each([
    ['another subscription key', { 'ocp-apim-subscription-key': 'other' }, 401, 'ACCESS_DENIED'],
    ['another token', { authorization: 'Bearer other' }, 401, 'UNAUTHORIZED'],
    ['another environment', { 'x-target-environment': 'sandbox' }, 500, 'NOT_ALLOWED_TARGET_ENVIRONMENT'],
  ])('refuses %s', async (_, change, status, code) => {
    const { simulator } = await start();
    const answer = await read(simulator, '/disbursement/v1_0/account/balance', change);
    expect(answer).toMatchObject({ status, body: { code } });
  });

  it('ends tokens after an hour', async () => {
    const clock = stoppedClock();
    const { simulator } = await start({ clock });
    const headers = headersOf(simulator);
    clock.advance(3_600_000 - 1);
    expect((await read(simulator, '/disbursement/v1_0/account/balance', headers)).status).toBe(200);
    clock.advance(1);
    expect((await read(simulator, '/disbursement/v1_0/account/balance', headers)).status).toBe(401);
  });

  it.each([
    ['a reference id that is no UUID', { referenceId: 'po_1001' }, 400, 'BAD_REQUEST'],
    ['an amount that is a number', { amount: 100 }, 400, 'BAD_REQUEST'],
    ['no amount', { amount: '0' }, 400, 'BAD_REQUEST'],
    ['no payee', { payee: undefined }, 400, 'BAD_REQUEST'],
    ['another currency', { currency: 'EUR' }, 500, 'INVALID_CURRENCY'],
  ])('refuses a transfer with %s', async (_, change, status, code) => {
    const { simulator } = await start();
    const answer = await transfer(simulator, 'po_1001', change);
    expect([answer.status, await answer.json()]).toMatchObject([status, { code }]);
    expect(simulator.transfers).toEqual([]);
  });

  it('posts callbacks to loopback addresses only, once', async () => {
    const { simulator } = await start({ settleAfterMs: 1 });
    await transfer(simulator, 'po_1001', { callbackUrl: 'https://example.com/webhooks' });
    await until(() => simulator.callbacks.length === 1);
    const problem = 'not a loopback address';
    expect(simulator.callbacks).toEqual([{ externalId: 'po_1001', status: 'SUCCESSFUL', problem }]);
  });

  testWrongOptions<MtnMomoSimulatorOptions>(
    [
      [{ balance: '1.001' }, 'balance'],
      [{ currency: 'ugx' }, 'currency'],
      [{ outOfFunds: 'never' }, 'outOfFunds'],
      [{ outcomeOf: () => 'failed' }, 'outcomeOf'],
    ],
    mtnMomoSimulator,
  );
  testOneBalance('-3', start);
});
