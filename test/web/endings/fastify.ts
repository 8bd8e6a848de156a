// The table of endings on Fastify.
import type { RequestListener } from 'node:http';
import { Readable } from 'node:stream';
import fastify, { type FastifyError, type FastifyReply, type FastifyRequest } from 'fastify';
import { type Pay, payoutGuard, payoutRoute, requireSufficientFunds } from 'payout-guard/fastify';
import { listen } from '../../express/api.js';
import {
  type Driver,
  halves,
  hasOwnErrors,
  paysWithHold,
  type Reply,
  type Script,
  secondPayout,
  verdictsOf,
} from './driver.js';

export const fastifyDriver: Driver = {
  name: 'Fastify',
  serve: async (script, atTheEnd) => {
    const app = fastify();
    app.addHook('onRequest', async (_request, reply) =>
      script.layer((status) => void reply.code(status).send({ error: 'timeout' })),
    );
    await app.register(payoutGuard, { errors: !hasOwnErrors(script) });
    if (hasOwnErrors(script)) {
      app.setErrorHandler((error: FastifyError & { status?: number }, _request, reply) =>
        reply.code(error.status ?? 500).send({ code: error.code }),
      );
    }
    const { preHandler, handler } = routeOf(script);
    app.post('/payouts', { preHandler }, handler);
    await app.ready();
    atTheEnd(() => app.close());
    return listen(app.routing as RequestListener, atTheEnd);
  },
};

// biome-ignore lint/suspicious/noExplicitAny: as users have it.
type AnyRequest = FastifyRequest & { body: any };

function routeOf(script: Script) {
  const source = {
    wallet: 'kes',
    amount: (request: AnyRequest) => request.body.amount,
    reference: (request: AnyRequest) => request.headers['idempotency-key'],
  };
  const handle = async (request: FastifyRequest, reply: FastifyReply, pay?: Pay) => {
    const answer = await script.handle(
      pay,
      () => request.payoutHold,
      (early) => void give(reply, early),
    );
    return give(reply, answer);
  };
  if (script.ending.route === 'payoutRoute')
    return { preHandler: [], handler: payoutRoute(script.guard, source, handle) };
  const verdictOn = verdictsOf(script, (_request: FastifyRequest, reply: FastifyReply) => reply.statusCode);
  const preHandler = [requireSufficientFunds(script.guard, { ...source, verdictOn })];
  if (script.ending.route === 'requireSufficientFunds twice') {
    const reference = (request: AnyRequest) => `${request.headers['idempotency-key']}/2`;
    preHandler.push(requireSufficientFunds(script.guard, { ...secondPayout, reference, verdictOn }));
  }
  const handler = (request: FastifyRequest, reply: FastifyReply) =>
    handle(request, reply, paysWithHold(script) ? request.payoutHold?.pay : undefined);
  return { preHandler, handler };
}

function give(reply: FastifyReply, answer: Reply): unknown {
  switch (answer.kind) {
    case 'json':
      return reply.code(answer.status).send({});
    case 'empty':
      return reply.code(answer.status).send();
    case 'redirect':
      return reply.redirect(answer.to, answer.status);
    case 'stream':
    case 'broken stream':
      return reply.code(answer.status).send(Readable.from(halves(answer.kind !== 'stream')));
    case 'destroyed':
      return void reply.code(500).hijack().raw.destroy();
    case 'given':
      return reply;
    case 'passed on':
      reply.callNotFound();
      return reply;
    default:
      return undefined;
  }
}
