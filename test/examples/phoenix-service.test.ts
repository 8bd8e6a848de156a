// The whole chain over real sockets: guard, adapter, service and Phoenix.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createPayoutGuard, type PayoutGuard } from 'payout-guard';
import { interswitch } from 'payout-guard/providers/interswitch';
import { type PhoenixOptions, phoenixTerminal } from 'payout-guard/providers/phoenix';
import type { PhoenixSimulator, PhoenixSimulatorOptions } from 'payout-guard/testing';
import { phoenixService } from '../../examples/phoenix-service.js';
import { closeAll, failureOf, quick, startPhoenix } from '../providers/support.js';
import { runExample } from './support.js';

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await closeAll();
});

interface World {
  readonly simulator: PhoenixSimulator;
  readonly guard: PayoutGuard;
  /** Sends a payout of this amount to the service and returns the whole answer. */
  readonly pay: (
    requestReference: string,
    amount: number,
  ) => Promise<{ status: number; body: Record<string, unknown> }>;
}

async function start(options: PhoenixSimulatorOptions = {}, changes: Partial<PhoenixOptions> = {}): Promise<World> {
  const simulator = await startPhoenix({ available: '1000', ledger: '9000', ...options });
  const terminal = phoenixTerminal({ baseUrl: simulator.url, ...simulator.credentials(), ...quick, ...changes });
  const server = phoenixService(terminal).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const guard = createPayoutGuard({
    provider: interswitch({ baseUrl, ...quick }),
    currency: 'UGX',
    cache: { maxAgeMs: 0 },
    visibilityLagMs: 0,
  });
  closing.push(
    () => guard.close(),
    () => server.close(),
    () => server.closeAllConnections(),
  );
  const pay = async (requestReference: string, amount: number) => {
    const body = JSON.stringify({ requestReference, amount, customerId: '0770000000', paymentCode: '53046936951' });
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${baseUrl}/isw/payments/pay`, { method: 'POST', headers, body });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  return { simulator, guard, pay };
}

/** Pays as an application would: the adapter judges the provider's answer. */
async function paid({ pay }: World, reference: string, amount: number): Promise<unknown> {
  return (await pay(reference, amount)).body;
}

const exchanges = ({ simulator }: World) => simulator.count('/client/doKeyExchange');

describe('guard, service, Phoenix', () => {
  it.each([{}, { shape: 'flat' }, { amounts: 'javaDouble', currency: '800' }] as const)(
    'decide on the available balance to the shilling (%j)',
    async (options) => {
      const { guard } = await start(options);
      expect((await guard.checkFunds('1000')).sufficient).toBe(true);
      expect((await guard.checkFunds('1001')).sufficient).toBe(false);
    },
  );

  it('approve as many of forty concurrent payouts as the wallet covers, over one session', async () => {
    const world = await start();
    const payouts = Array.from({ length: 40 }, (_, index) =>
      world.guard.withHold({ amount: '300', reference: `ref-${index}` }, (hold) => paid(world, hold.reference, 300)),
    );
    const settled = await Promise.allSettled(payouts);
    const codes = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []));
    expect(codes).toEqual(Array(37).fill('insufficient_funds'));
    expect(world.simulator.balances()).toEqual({ available: '100', ledger: '8100' });
    expect(world.simulator.payouts.map(({ status }) => status)).toEqual(Array(3).fill('completed'));
    expect(exchanges(world)).toBe(1);
  });

  it.each(['expireSessions', 'replaceSessions'] as const)(
    'go on after a session is gone (%s): balance, payment and status, each renewed once',
    async (end) => {
      const world = await start();
      expect((await world.guard.checkFunds('1000')).sufficient).toBe(true);
      world.simulator[end]();
      expect((await world.guard.checkFunds('1000')).sufficient).toBe(true);
      expect(exchanges(world)).toBe(2);
      await world.guard.withHold({ amount: '300', reference: 'ref-1' }, async (hold) => {
        world.simulator[end]();
        return paid(world, hold.reference, 300);
      });
      expect((await world.guard.getHold('ref-1'))?.state).toBe('captured');
      expect([exchanges(world), world.simulator.payouts.length]).toEqual([3, 1]);
      expect(world.simulator.balances().available).toBe('700');
    },
  );

  it('keep a payout held whose answer was lost, until Phoenix reports its outcome', async () => {
    const world = await start({ debitAt: 'completion', openCodeOf: () => '90009' });
    world.simulator.fault({ kind: 'lost' }, { path: '/sente/xpayment', times: 1 });
    const payout = { amount: '300', reference: 'ref-1' };
    const answer = await world.guard.withHold(payout, (hold) => world.pay(hold.reference, 300));
    expect(answer).toEqual({ status: 502, body: { status: 502, error: 'Bad Gateway' } });
    expect((await world.guard.getHold('ref-1'))?.state).toBe('sent');
    expect((await world.guard.funds({ refresh: true })).spendable).toBe('700');
    expect(await world.guard.reconcile({ olderThanMs: 0 })).toEqual({
      captured: 0,
      released: 0,
      open: 1,
      neverSeen: [],
    });
    world.simulator.advance('ref-1', 'completed');
    world.simulator.replaceSessions();
    expect(await world.guard.reconcile({ olderThanMs: 0 })).toEqual({
      captured: 1,
      released: 0,
      open: 0,
      neverSeen: [],
    });
    expect((await world.guard.funds({ refresh: true })).spendable).toBe('700');
    expect(world.simulator.payouts.length).toBe(1);
  });

  it('pass on the answers of Phoenix: declined, sent before, not covered, not found', async () => {
    const world = await start({
      outcomeOf: ({ requestReference }) => (requestReference === 'bad' ? 'failed' : 'completed'),
    });
    expect((await world.pay('bad', 100)).body).toMatchObject({ responseCode: '90020' });
    expect((await world.pay('good', 100)).body).toMatchObject({ responseCode: '90000', requestReference: 'good' });
    expect((await world.pay('good', 100)).body).toMatchObject({ responseCode: '90026' });
    expect((await world.pay('much', 901)).body).toMatchObject({ responseCode: '90051' });
    expect((await world.pay('large', 1e21)).status).toBe(400);
    expect((await world.pay('a b', 1)).status).toBe(500);
    expect(world.simulator.payouts.map(({ requestReference }) => requestReference)).toEqual(['bad', 'good', 'much']);
  });

  it.each<[string, Partial<PhoenixOptions>, string]>([
    ['secret', { clientSecret: 'wrong' }, 'provider_error'],
    ['password', { password: 'wrong' }, 'provider_error'],
  ])('approve nothing with a wrong %s, and send nothing', async (_, changes, reason) => {
    const world = await start({}, changes);
    expect(await failureOf(world.guard.checkFunds('1'))).toMatchObject({ code: 'balance_unavailable', reason });
    expect(await world.pay('ref-1', 1)).toEqual({ status: 503, body: { status: 503, error: 'balance_unavailable' } });
    expect([world.simulator.count('/sente/xpayment'), world.simulator.count('/sente/accountBalance')]).toEqual([0, 0]);
  });

  it.each([
    ['HTML', { kind: 'html_500' }, 'malformed'],
    ['a sentence', { kind: 'body', body: 'Cannot Continue with Account Balance' }, 'malformed'],
    ['a refusal', { kind: 'body', body: '{"responseCode":"90063"}' }, 'unauthorized'],
    ['silence', { kind: 'reset' }, 'provider_error'],
  ] as const)('approve nothing when Phoenix answers %s', async (_, fault, reason) => {
    const world = await start();
    world.simulator.fault(fault);
    expect(await failureOf(world.guard.checkFunds('1'))).toMatchObject({ code: 'balance_unavailable', reason });
    world.simulator.clearFaults();
    expect((await world.guard.checkFunds('1000')).sufficient).toBe(true);
  });
});

it('the example pays what the wallet covers', async () => {
  const { code, stdout, stderr } = await runExample('phoenix-service');
  expect([code, stderr]).toEqual([0, '']);
  const lines = stdout.trim().split('\n');
  expect(lines.at(-1)).toBe('100 UGX left, 1 key exchange');
  expect(
    lines
      .slice(0, -1)
      .map((line) => line.replace(/^payout-\d: /, ''))
      .sort(),
  ).toEqual(['captured', 'captured', 'captured', 'insufficient_funds']);
});
