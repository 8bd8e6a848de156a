// The recipes for calls of clients, over real sockets with the real clients: GraphQL and tRPC. The handler for
// Next.js is given real requests by a server of Node.js; Next.js itself is not started.
import type { RequestListener } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createTRPCUntypedClient, httpBatchLink, TRPCClientError } from '@trpc/client';
import { createPayoutGuard, type PayoutGuard } from 'payout-guard';
import { jpay } from 'payout-guard/providers/jpay';
import { type JpaySimulator, jpaySimulator } from 'payout-guard/testing';
import { graphqlApi } from '../../../examples/recipes/graphql-payouts.js';
import { payoutPost } from '../../../examples/recipes/nextjs-route.js';
import { trpcApi } from '../../../examples/recipes/trpc-payouts.js';
import type { MakePayment } from '../../../examples/support/payments.js';
import { listen, shutDown } from '../../../examples/support/service.js';
import type { Tenant } from '../../../examples/support/tenants.js';
import { paid, payee, paymentsOf } from './queues.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

interface World {
  readonly simulator: JpaySimulator;
  readonly guard: PayoutGuard;
  readonly url: string;
}

type Api = (parts: {
  guard: PayoutGuard;
  tenants: ReadonlyMap<string, Tenant>;
  makePayment: MakePayment;
}) => RequestListener;

async function serve(api: Api): Promise<World> {
  const simulator = await jpaySimulator({ payout: '1000.00' });
  const { url: baseUrl, appKey, appSecret } = simulator;
  const guard = createPayoutGuard({ provider: jpay({ baseUrl, appKey, appSecret, maxAttempts: 1 }), currency: 'KES' });
  const tenants = new Map(['acme', 'other'].map((id) => [`${id}-token`, { id, wallet: 'default' }]));
  const { server, url } = await listen(api({ guard, tenants, makePayment: paymentsOf(simulator) }));
  closing.push(
    () => shutDown({ server, guard }),
    () => simulator.close(),
  );
  return { simulator, guard, url };
}

const headers = (tenant = 'acme') => ({
  authorization: `Bearer ${tenant}-token`,
  'content-type': 'application/json',
});

describe('the GraphQL recipe', () => {
  const mutation = (amount: string, key = 'p1', to = payee) =>
    `payOut(key: "${key}", to: "${to}", amount: "${amount}") { key amount state }`;

  async function ask({ url }: World, query: string, tenant = 'acme'): Promise<Record<string, unknown>> {
    const request = { method: 'POST', headers: headers(tenant), body: JSON.stringify({ query }) };
    const { data, errors = [] } = (await (await fetch(`${url}/graphql`, request)).json()) as {
      data: Record<string, unknown>;
      errors?: { extensions?: Record<string, unknown> }[];
    };
    return { data, refusals: errors.map(({ extensions }) => extensions) };
  }

  it('pays each mutation of one request under its own key, and no more than the wallet has', async () => {
    const world = await serve(graphqlApi);
    const query = `mutation { a: ${mutation('600.00', 'p1')} b: ${mutation('400.00', 'p2')} }`;
    expect(await ask(world, query)).toEqual({
      data: { a: { key: 'p1', amount: '600.00', state: 'sent' }, b: { key: 'p2', amount: '400.00', state: 'sent' } },
      refusals: [],
    });
    expect(await ask(world, `mutation { ${mutation('0.01', 'p3')} }`)).toEqual({
      data: null,
      refusals: [{ code: 'insufficient_funds', status: 422, retryable: false }],
    });
    expect(paid(world.simulator)).toEqual(['acme:p1 600.00 pending', 'acme:p2 400.00 pending']);
  });

  it('answers a repeated mutation with the state of its payout, and pays another tenant with that key', async () => {
    const world = await serve(graphqlApi);
    await ask(world, `mutation { ${mutation('300.00')} }`);
    const repeated = () => ask(world, `mutation { ${mutation('300.00')} }`);
    expect((await repeated()).refusals).toEqual([{ code: 'payout_in_progress', status: 409, retryable: true }]);
    await ask(world, `mutation { ${mutation('300.00')} }`, 'other');
    world.simulator.advance('acme:p1', 'completed');
    await world.guard.reconcile({ olderThanMs: 0 });
    expect((await repeated()).refusals).toEqual([{ code: 'duplicate_reference', status: 409, retryable: false }]);
    expect((await ask(world, 'query { payout(key: "p1") { state } }')).data).toEqual({ payout: { state: 'captured' } });
    expect(paid(world.simulator)).toEqual(['acme:p1 300.00 completed', 'other:p1 300.00 pending']);
  });

  it('refuses an empty key, and a payout while the balance is unavailable', async () => {
    const world = await serve(graphqlApi);
    expect((await ask(world, `mutation { ${mutation('1.00', '')} }`)).refusals).toEqual([
      { code: 'invalid_reference', status: 400, retryable: false },
    ]);
    world.simulator.fault({ kind: 'html_500' });
    expect((await ask(world, `mutation { ${mutation('1.00')} }`)).refusals).toEqual([
      { code: 'balance_unavailable', status: 503, retryable: true },
    ]);
    expect(paid(world.simulator)).toEqual([]);
  });
});

describe('the tRPC recipe', () => {
  const clientOf = ({ url }: World, tenant = 'acme') =>
    createTRPCUntypedClient({ links: [httpBatchLink({ url: `${url}/trpc`, headers: () => headers(tenant) })] });

  async function refusalOf(call: Promise<unknown>): Promise<unknown> {
    const error = await call.then(
      () => undefined,
      (rejected: unknown) => rejected,
    );
    if (!(error instanceof TRPCClientError)) throw error;
    const { code, payout } = error.data as { code: string; payout?: unknown };
    return [code, payout];
  }

  it('pays each call of a batch under its own key, and no more than the wallet has', async () => {
    const world = await serve(trpcApi);
    const client = clientOf(world);
    const payOut = (key: string, amount: string) => client.mutation('payOut', { key, to: payee, amount });
    const answers = await Promise.allSettled(['p1', 'p2', 'p3'].map((key) => payOut(key, '400.00')));
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    expect(await refusalOf(payOut('p4', '200.01'))).toEqual([
      'UNPROCESSABLE_CONTENT',
      { code: 'insufficient_funds', retryable: false },
    ]);
    expect(paid(world.simulator)).toHaveLength(2);
  });

  it('answers a repeated call with the state of its payout, and pays another tenant under the same key', async () => {
    const world = await serve(trpcApi);
    const pay = (tenant?: string) =>
      clientOf(world, tenant).mutation('payOut', { key: 'p1', to: payee, amount: '300.00' });
    expect(await pay()).toEqual({ key: 'p1', amount: '300.00', state: 'sent' });
    expect(await refusalOf(pay())).toEqual(['CONFLICT', { code: 'payout_in_progress', retryable: true }]);
    await pay('other');
    world.simulator.advance('acme:p1', 'completed');
    await world.guard.reconcile({ olderThanMs: 0 });
    expect(await refusalOf(pay())).toEqual(['CONFLICT', { code: 'duplicate_reference', retryable: false }]);
    expect(await clientOf(world).query('payout', { key: 'p1' })).toEqual({
      key: 'p1',
      amount: '300.00',
      state: 'captured',
    });
    expect(paid(world.simulator)).toEqual(['acme:p1 300.00 completed', 'other:p1 300.00 pending']);
  });

  it('refuses an empty key, an amount that is a number, and a payout while the balance is unavailable', async () => {
    const world = await serve(trpcApi);
    const call = (input: object) => refusalOf(clientOf(world).mutation('payOut', { to: payee, ...input }));
    expect(await call({ key: '', amount: '1.00' })).toEqual(['BAD_REQUEST', undefined]);
    expect(await call({ key: 'p1', amount: 1 })).toEqual(['BAD_REQUEST', undefined]);
    expect(await call({ key: 'p1', amount: '1,00' })).toEqual([
      'BAD_REQUEST',
      { code: 'invalid_amount', retryable: false },
    ]);
    world.simulator.fault({ kind: 'html_500' });
    expect(await call({ key: 'p1', amount: '1.00' })).toEqual([
      'SERVICE_UNAVAILABLE',
      { code: 'balance_unavailable', retryable: true },
    ]);
    expect(paid(world.simulator)).toEqual([]);
  });
});

describe('the recipe for Next.js', () => {
  async function post({ url }: World, key: string | undefined, amount: string, tenant = 'acme', to = payee) {
    const keyed = key === undefined ? {} : { 'idempotency-key': key };
    const body = JSON.stringify({ to, amount });
    const response = await fetch(url, { method: 'POST', headers: { ...headers(tenant), ...keyed }, body });
    const { code, state } = (await response.json()) as { code?: string; state?: string };
    return `${response.status} ${code ?? state}`;
  }
  const api: Api = (parts) => getRequestListener(payoutPost(parts));

  it('pays once for a key of a tenant, no more than the wallet has, and shows the state of a repetition', async () => {
    const world = await serve(api);
    expect(await Promise.all(['p1', 'p2'].map((key) => post(world, key, '600.00'))).then((all) => all.sort())).toEqual([
      '202 sent',
      '422 insufficient_funds',
    ]);
    const [{ refNo = '' } = {}] = world.simulator.payouts;
    const key = refNo.replace('acme:', '');
    expect(await post(world, key, '600.00')).toBe('409 payout_in_progress');
    expect(await post(world, key, '600.00', 'acme', '+254700000000')).toBe('422 hold_conflict');
    expect(await post(world, key, '400.00', 'other')).toBe('202 sent');
    world.simulator.advance(refNo, 'completed');
    await world.guard.reconcile({ olderThanMs: 0 });
    expect(await post(world, key, '600.00')).toBe('409 duplicate_reference');
    expect(paid(world.simulator)).toEqual([`${refNo} 600.00 completed`, `other:${key} 400.00 pending`]);
  });

  it('refuses a caller without a session, a missing key, and a payout that JPay rejects', async () => {
    const world = await serve(api);
    expect(await post(world, 'p1', '1.00', 'nobody')).toBe('401 undefined');
    expect(await post(world, undefined, '1.00')).toBe('400 invalid_reference');
    expect(await post(world, 'p1', '1.00', 'acme', 'no number')).toBe('422 payout_rejected');
    expect(await post(world, 'p1', '1.00', 'acme', 'no number')).toBe('409 duplicate_reference');
    expect(paid(world.simulator)).toEqual([]);
  });
});
