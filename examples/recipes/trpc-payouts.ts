// A tRPC procedure that pays, over HTTP. JPay is simulated.
import { pathToFileURL } from 'node:url';
import { initTRPC, TRPCError } from '@trpc/server';
import { createExpressMiddleware } from '@trpc/server/adapters/express';
import express, { type Express } from 'express';
import { createPayoutGuard, isPayoutGuardError } from 'payout-guard';
import { sqliteStore } from 'payout-guard/stores/sqlite';
import { z } from 'zod';
import type { PaymentApi } from '../support/api.js';
import { listen, stopOnSignal } from '../support/service.js';
import { simulatedJpay } from '../support/simulated-jpay.js';
import { authenticate, type Tenant } from '../support/tenants.js';

const trpc = initTRPC.context<{ readonly tenant: Tenant }>().create({
  errorFormatter: ({ shape, error }) => {
    const { cause } = error;
    if (!isPayoutGuardError(cause)) return shape;
    const { code, status, expose } = cause;
    // After `payout_in_progress` and `balance_unavailable`, the same call may be made again, with the same key.
    const payout = { code, retryable: status === 503 || code === 'payout_in_progress' };
    const message = expose ? shape.message : 'The payout could not be processed right now.';
    return { ...shape, message, data: { ...shape.data, stack: undefined, payout } };
  },
});

const refusals: Readonly<Record<number, TRPCError['code']>> = {
  400: 'BAD_REQUEST',
  409: 'CONFLICT',
  422: 'UNPROCESSABLE_CONTENT',
  423: 'PRECONDITION_FAILED', // the wallet is frozen
  503: 'SERVICE_UNAVAILABLE',
};

/** Gives the errors of a guard the status that they have in HTTP. All others are 500 by themselves. */
const payoutProcedure = trpc.procedure.use(async ({ next }) => {
  const result = await next();
  if (result.ok || !isPayoutGuardError(result.error.cause)) return result;
  const { message, status } = result.error.cause;
  throw new TRPCError({ code: refusals[status] ?? 'INTERNAL_SERVER_ERROR', message, cause: result.error.cause });
});

// The key of a payout is part of its input, not a header: a batch of calls shares its headers.
const key = z.string().min(1);

/** For typed clients, export `type PayoutRouter = ReturnType<typeof payoutRouter>`. */
function payoutRouter({ guard, makePayment }: PaymentApi) {
  return trpc.router({
    payOut: payoutProcedure
      // The amount is text: a number of JSON would not be exact. The guard checks its format.
      .input(z.strictObject({ key, to: z.string(), amount: z.string() }))
      .mutation(async ({ ctx: { tenant }, input: { key, to, amount } }) => {
        const { wallet } = tenant; // from the authenticated caller, never from the input
        const reference = key && `${tenant.id}:${key}`;
        await guard.withHold({ wallet, amount, reference, fingerprint: to }, (hold) =>
          makePayment({ wallet, to, amount, reference: hold.reference, signal: hold.signal }),
        );
        const hold = await guard.getHold(reference).catch(() => undefined); // the payout counts, not this look at it
        // Captured: the provider confirmed the payout. Sent: the outcome comes later.
        return { key, amount: hold?.amount ?? amount, state: hold?.state ?? 'sent' };
      }),
    payout: payoutProcedure.input(z.strictObject({ key })).query(async ({ ctx: { tenant }, input: { key } }) => {
      const hold = await guard.getHold(`${tenant.id}:${key}`);
      return hold ? { key, amount: hold.amount, state: hold.state } : null;
    }),
  });
}

export function trpcApi(api: PaymentApi): Express {
  const app = express();
  app.use(authenticate(api.tenants));
  const router = payoutRouter(api);
  app.use('/trpc', createExpressMiddleware({ router, createContext: ({ req }) => ({ tenant: req.tenant }) }));
  return app;
}

async function serve(): Promise<void> {
  // In your service: the address of JPay and your credentials.
  const { wallet, makePayment, file, close } = await simulatedJpay();
  const store = sqliteStore({ file });
  const guard = createPayoutGuard({ ...wallet, store });
  const tenants = new Map([['demo-token', { id: 'demo', wallet: 'default' }]]);
  const { server, url } = await listen(trpcApi({ guard, tenants, makePayment }), Number(process.env.PORT ?? 3000));
  console.log(
    `curl -i ${url}/trpc/payOut -H 'authorization: Bearer demo-token' -H 'content-type: application/json' ` +
      `-d '{"key":"payout-1","to":"+254712345678","amount":"600.00"}'`,
  );

  stopOnSignal({ server, guard, store, closeClient: close });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await serve();
