// A payment API on Fastify: a route that pays, a guard in front of a handler that exists, callbacks of the provider,
// and the console. JPay is simulated.
import { pathToFileURL } from 'node:url';
import fastify, { type FastifyInstance, type FastifyPluginAsync, type FastifyReply } from 'fastify';
import { payoutConsole } from 'payout-guard/console';
import {
  mountConsole,
  payoutGuard,
  payoutRoute,
  payoutWebhook,
  type RequestOf,
  requireSufficientFunds,
} from 'payout-guard/fastify';
import { type PaymentService, type PayoutBody, statusOf } from './support/api.js';
import type { Serving } from './support/service.js';
import { serveSimulated } from './support/simulated-jpay.js';
import { operatorOf, type Tenant, tenantOf } from './support/tenants.js';

declare module 'fastify' {
  interface FastifyRequest {
    tenant: Tenant;
  }
}

const schema = {
  body: {
    type: 'object',
    required: ['to', 'amount'],
    properties: { to: { type: 'string' }, amount: { type: 'string' } },
  },
};

const source = {
  wallet: (request: RequestOf<PayoutBody>) => request.tenant.wallet,
  amount: (request: RequestOf<PayoutBody>) => request.body.amount,
  reference: (request: RequestOf<PayoutBody>) => {
    const key = request.headers['idempotency-key'];
    return key && `${request.tenant.id}:${key}`; // a missing key stays missing
  },
  fingerprint: (request: RequestOf<PayoutBody>) => request.body.to, // the same key for another payee is a conflict
};

export async function fastifyApi(service: PaymentService): Promise<FastifyInstance> {
  const { guard, operators, callbackSecret } = service;
  // An amount that is a number of JSON is refused, not converted: it would not be exact.
  const app = fastify({ ajv: { customOptions: { coerceTypes: false } } });
  await app.register(payoutGuard); // `request.payoutHold`, and the answers to errors of the guard
  await app.register(payoutWebhook(guard, { callbackSecret }), { prefix: '/callbacks' });
  const console = payoutConsole(guard, {
    authorize: ({ headers }) => operatorOf(operators, headers.authorization),
    basePath: '/ops/payouts',
  });
  await app.register(mountConsole(console), { prefix: '/ops/payouts' });
  await app.register(payouts, service);
  return app;
}

/** The routes of tenants. Their hooks concern neither callbacks nor the console. */
const payouts: FastifyPluginAsync<PaymentService> = async (api, { guard, tenants, makePayment }) => {
  api.decorateRequest('tenant');
  api.addHook('onRequest', async (request, reply) => {
    const tenant = tenantOf(tenants, request.headers.authorization);
    if (!tenant) return reply.code(401).send({ title: 'Unauthorized', status: 401 });
    request.tenant = tenant;
  });

  const pays = payoutRoute<PayoutBody>(guard, source, async (request, reply, pay) => {
    const { to, amount } = request.body;
    await pay(({ wallet, reference, signal }) => makePayment({ wallet, to, amount, reference, signal }));
    return reply.code(statusOf(request.payoutHold)).send({ to, amount, state: request.payoutHold?.state });
  });
  api.post<{ Body: PayoutBody }>('/payouts', { schema }, pays);

  // A handler that pays by itself, as it was before the guard.
  const existing = async (request: RequestOf<PayoutBody>, reply: FastifyReply) => {
    const { to, amount } = request.body;
    const hold = request.payoutHold;
    if (!to.startsWith('+254')) {
      await hold?.release({ notSent: true });
      return reply.code(404).send({ title: 'Unknown payee' });
    }
    const { wallet = '', reference = '' } = hold ?? {};
    await makePayment({ wallet, to, amount, reference, signal: AbortSignal.timeout(20_000) });
    return reply.code(202).send({ to, amount });
  };
  // No status of this API proves anything: errors of other code may carry a 404 as well.
  const preHandler = requireSufficientFunds<PayoutBody>(guard, { ...source, verdictOn: 'none' });
  api.post<{ Body: PayoutBody }>('/v1/payouts', { schema, preHandler }, existing);
};

export async function serveFastify(service: PaymentService, port = 0): Promise<Serving> {
  const app = await fastifyApi(service);
  return { server: app.server, app, url: await app.listen({ host: '127.0.0.1', port }) };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await serveSimulated(serveFastify);
