// Errors of Fastify's own validation: they pass unchanged, and nothing is held.
import type { RequestListener } from 'node:http';
import { expect, it } from '@jest/globals';
import fastify, { type FastifyInstance } from 'fastify';
import type { PayoutGuard } from 'payout-guard';
import { payoutGuard, payoutRoute, type RequestOf, requireSufficientFunds } from 'payout-guard/fastify';
import { cleanUp, listen } from '../express/api.js';
import { scriptedWallet } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';

interface Payout {
  readonly amount: string;
}

const atTheEnd = cleanUp();
collectWarnings();

const schema = {
  body: { type: 'object', required: ['amount'], properties: { amount: { type: 'string', pattern: '^[0-9.]+$' } } },
};
const source = {
  amount: (request: RequestOf<Payout>) => request.body.amount,
  reference: (request: RequestOf<Payout>) => request.headers['idempotency-key'],
};

/** A route without a guard, and the same one with each of both, whose handlers answer 201. */
function addRoutes(app: FastifyInstance, guard: PayoutGuard, handled: string[]): void {
  const handler = async () => {
    handled.push('handled');
  };
  app.post('/unguarded', { schema }, handler);
  app.post<{ Body: Payout }>(
    '/payouts',
    { schema },
    payoutRoute<Payout>(guard, source, async (_request, reply, pay) => {
      await pay(({ reference }) => handled.push(reference));
      return reply.code(201).send({});
    }),
  );
  const preHandler = requireSufficientFunds<Payout>(guard, { ...source, verdictOn: 'none' });
  app.post<{ Body: Payout }>('/v1/payouts', { schema, preHandler }, async (_request, reply) => {
    await handler();
    return reply.code(201).send({});
  });
}

const invalid: [title: string, status: number, body: string, headers: Record<string, string>][] = [
  ['a body without an amount', 400, '{}', { 'content-type': 'application/json' }],
  ['an amount that the schema refuses', 400, '{"amount":"1,00"}', { 'content-type': 'application/json' }],
  ['a body that is not JSON', 400, '{"amount"', { 'content-type': 'application/json' }],
  ['a body of another type', 415, 'amount=1', { 'content-type': 'application/x-www-form-urlencoded' }],
];

it.each(invalid)('%s is answered as without a guard, and holds nothing', async (_title, status, body, given) => {
  const wallet = scriptedWallet('1000.00');
  const guard = wallet.guard({ settles: 'onReturn' });
  const handled: string[] = [];
  const app = fastify();
  addRoutes(app, guard, handled);
  await app.ready();
  const bare = await listen(app.routing as RequestListener, atTheEnd);
  const guarded = fastify();
  await guarded.register(payoutGuard);
  addRoutes(guarded, guard, handled);
  await guarded.ready();
  const { port } = await listen(guarded.routing as RequestListener, atTheEnd);
  atTheEnd(() => Promise.all([app.close(), guarded.close(), guard.close({ waitMs: 0 })]));

  const answerOf = async (at: number, path: string) => {
    const headers = { ...given, 'idempotency-key': 'p-1' };
    const response = await fetch(`http://127.0.0.1:${at}${path}`, { method: 'POST', headers, body });
    return [response.status, response.headers.get('content-type'), await response.text()];
  };
  const expected = await answerOf(bare.port, '/unguarded');
  expect(expected[0]).toBe(status);
  for (const path of ['/payouts', '/v1/payouts']) {
    expect(await answerOf(port, path)).toEqual(expected);
    expect(await answerOf(bare.port, path)).toEqual(expected);
  }
  expect([(await guard.listHolds()).holds, handled, wallet.asked]).toEqual([[], [], 0]);

  // The reference is still free, and the routes are the ones that hold.
  const post = async (path: string, key: string) => {
    const headers = { 'content-type': 'application/json', 'idempotency-key': key };
    const sent = { method: 'POST', headers, body: '{"amount":"1.00"}' };
    return (await fetch(`http://127.0.0.1:${port}${path}`, sent)).status;
  };
  expect([await post('/payouts', 'p-1'), await post('/v1/payouts', 'p-2')]).toEqual([201, 201]);
  const { holds } = await guard.listHolds();
  expect(holds.map(({ reference, state }) => `${reference} ${state}`).sort()).toEqual(['p-1 captured', 'p-2 sent']);
});
