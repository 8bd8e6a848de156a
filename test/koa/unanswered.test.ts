// Koa answers 404 when nothing has. That is no answer of a handler.
import { expect, it } from '@jest/globals';
import Koa, { type Context } from 'koa';
import { requireSufficientFunds } from 'payout-guard/koa';
import { cleanUp, listen, outcome } from '../express/api.js';
import { scriptedWallet } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';

const atTheEnd = cleanUp();
const warnings = collectWarnings();

async function guarded(handler: (ctx: Context) => void) {
  const guard = scriptedWallet('1000.00').guard();
  atTheEnd(() => guard.close({ waitMs: 0 }));
  const asked: number[] = [];
  const verdictOn = (ctx: Context) => {
    asked.push(ctx.status);
    return 'completed' as const;
  };
  const reference = (ctx: Context) => ctx.get('Idempotency-Key');
  const app = new Koa();
  app.use(requireSufficientFunds(guard, { amount: () => '400.00', reference, verdictOn }));
  app.use((ctx) => handler(ctx as Context));
  const { post } = await listen(app.callback(), atTheEnd);
  return { guard, post, asked };
}

it('asks no verdict when the handler has set neither body nor status, and reports it once with its route', async () => {
  const { guard, post, asked } = await guarded(() => {});
  for (const reference of ['p-1', 'p-2']) expect((await post({ reference }).answer).status).toBe(404);
  expect([await outcome(guard), await outcome(guard, 'p-2'), asked]).toEqual([
    'sent, spendable 200.00',
    'sent, spendable 200.00',
    [],
  ]);
  expect(warnings).toEqual([
    'PAYOUT_GUARD_VERDICT: The money of payout p-1 stays held (POST /payouts): the handler gave no answer of its ' +
      'own, so verdictOn was not called. Answer in the handler. This is reported once.',
  ]);
});

it.each<[string, (ctx: Context) => void, number]>([
  [
    'a status',
    (ctx) => {
      ctx.status = 404;
    },
    404,
  ],
  [
    'a body',
    (ctx) => {
      ctx.body = {};
    },
    200,
  ],
])('asks for one when the handler has set %s', async (_, handler, status) => {
  const { guard, post, asked } = await guarded(handler);
  expect((await post({ reference: 'p-1' }).answer).status).toBe(status);
  expect([await outcome(guard), asked, warnings]).toEqual(['captured, spendable 600.00', [status], []]);
});
