// Handlers of Fastify that are no async functions and send their answer later.
import type { RequestListener } from 'node:http';
import { expect, it } from '@jest/globals';
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { type Pay, payoutGuard, payoutRoute, requireSufficientFunds } from 'payout-guard/fastify';
import { cleanUp, listen, outcome } from '../express/api.js';
import { scriptedWallet } from '../support/wallet.js';
import { codesOf, collectWarnings } from '../support/warnings.js';

const atTheEnd = cleanUp();
const warnings = collectWarnings();

// biome-ignore lint/suspicious/noExplicitAny: as users have it.
type AnyRequest = FastifyRequest & { body: any };
type Handler = (request: FastifyRequest, reply: FastifyReply, pay: Pay) => unknown;
type Route = 'payoutRoute' | 'requireSufficientFunds';

const source = {
  amount: (request: AnyRequest) => request.body.amount,
  reference: (request: AnyRequest) => request.headers['idempotency-key'],
};

async function ask(route: Route, handler: Handler) {
  const guard = scriptedWallet('1000.00').guard({ settles: 'onReturn' });
  atTheEnd(() => guard.close({ waitMs: 0 }));
  const app = fastify();
  await app.register(payoutGuard);
  if (route === 'payoutRoute') app.post('/payouts', payoutRoute(guard, source, handler));
  else {
    const verdictOn = (_request: FastifyRequest, reply: FastifyReply) =>
      reply.statusCode < 300 ? ('completed' as const) : undefined;
    const preHandler = requireSufficientFunds(guard, { ...source, verdictOn });
    app.post('/payouts', { preHandler }, (request, reply) => handler(request, reply, async (fn) => fn({} as never)));
  }
  await app.ready();
  atTheEnd(() => app.close());
  const { post } = await listen(app.routing as RequestListener, atTheEnd);
  const { status, text } = await post({ reference: 'p-1' }).answer;
  return { answer: `${status} ${text}`, hold: await outcome(guard) };
}

const later: Handler = (_request, reply, pay) => {
  pay(async () => 'paid').then(
    () => setTimeout(() => void reply.code(422).send({ later: true }), 10),
    () => {},
  );
};

it.each<[Route, string]>([
  ['payoutRoute', 'captured, spendable 600.00'],
  ['requireSufficientFunds', 'sent, spendable 600.00'],
])('waits for the answer that a handler of %s sends after it has returned', async (route, hold) => {
  expect(await ask(route, later)).toEqual({ answer: '422 {"later":true}', hold });
  expect(warnings).toEqual([]);
});

it.each<[string, Handler]>([
  ['returns its answer', (_request, _reply, pay) => pay(async () => ({ state: 'made' }))],
  ['is async and sends it', async (_request, reply, pay) => reply.send(await pay(async () => ({ state: 'made' })))],
  [
    'sends it at once',
    (_request, reply, pay) => void pay(async () => 'paid').then(() => reply.send({ state: 'made' })),
  ],
])('takes the answer of a handler that %s', async (_, handler) => {
  const made = { answer: '200 {"state":"made"}', hold: 'captured, spendable 600.00' };
  expect(await ask('payoutRoute', handler)).toEqual(made);
});

it('asks no verdict on the empty 200 that Fastify gives for an async handler without an answer', async () => {
  expect(await ask('requireSufficientFunds', async () => {})).toEqual({
    answer: '200 ',
    hold: 'sent, spendable 600.00',
  });
  expect(codesOf(warnings)).toEqual(['PAYOUT_GUARD_VERDICT']);
});

it('asks for one on an empty 200 that the handler has set', async () => {
  const hold = 'captured, spendable 600.00';
  expect(await ask('requireSufficientFunds', (_request, reply) => reply.code(200).send())).toEqual({
    answer: '200 ',
    hold,
  });
});
