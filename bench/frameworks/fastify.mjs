// The routes of the benches in Fastify.
import fastify from 'fastify';
import { payoutGuard, payoutRoute, requireSufficientFunds } from 'payout-guard/fastify';
import { checked, held } from './routes.mjs';

export async function serve(guard) {
  const app = fastify();
  await app.register(payoutGuard);
  const amount = (request) => request.body.amount;
  const handler = async (request) => ({ paid: request.body.amount });
  app.post('/unguarded', handler);
  app.post('/guarded', { preHandler: requireSufficientFunds(guard, checked(amount)) }, handler);
  const pays = async (request, _reply, pay) => ({ paid: await pay(() => request.body.amount) });
  app.post('/held', payoutRoute(guard, held(amount), pays));
  return app.listen({ host: '127.0.0.1', port: 0 });
}
