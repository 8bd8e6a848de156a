// A Next.js route handler that pays (App Router). app/api/payouts/route.ts of your application is then
//
//   import { guard, makePayment, tenants } from '@/lib/payouts';
//   export const runtime = 'nodejs'; // stores need sockets or files
//   export const POST = payoutPost({ guard, makePayment, tenants });
//
// JPay is simulated, and a server of Node.js stands for Next.js.
import { pathToFileURL } from 'node:url';
import { getRequestListener } from '@hono/node-server';
import { createPayoutGuard } from 'payout-guard';
import { sqliteStore } from 'payout-guard/stores/sqlite';
import { holdFetch, holdOf } from 'payout-guard/web';
import { type PaymentApi, type PayoutBody, statusOf } from '../support/api.js';
import { curlPayout } from '../support/curl.js';
import { listen, stopOnSignal } from '../support/service.js';
import { simulatedJpay } from '../support/simulated-jpay.js';
import { type Tenant, tenantOf } from '../support/tenants.js';

export function payoutPost({ guard, makePayment, tenants }: PaymentApi): (request: Request) => Promise<Response> {
  const servedFor = (tenant: Tenant) =>
    holdFetch<PayoutBody>(
      guard,
      {
        wallet: tenant.wallet, // from the authenticated caller, never from the body
        amount: (_request, body) => body.amount,
        reference: (request) => {
          const key = request.headers.get('Idempotency-Key');
          return key && `${tenant.id}:${key}`; // a missing key stays missing
        },
        fingerprint: (_request, body) => body.to, // the same key for another payee is a conflict
      },
      async (request, pay, { to, amount }) => {
        const { wallet } = tenant;
        await pay(({ reference, signal }) => makePayment({ wallet, to, amount, reference, signal }));
        const hold = holdOf(request);
        return Response.json({ to, amount, state: hold?.state }, { status: statusOf(hold) });
      },
    );

  return async (request) => {
    const tenant = tenantOf(tenants, request.headers.get('authorization')); // your session, by `auth()` or the like
    return tenant ? servedFor(tenant)(request) : Response.json({ title: 'Unauthorized', status: 401 }, { status: 401 });
  };
}

async function serve(): Promise<void> {
  // In your application: lib/payouts.ts. Keep the guard on `globalThis` there, or each reload in development makes one.
  const { wallet, makePayment, file, close } = await simulatedJpay();
  const store = sqliteStore({ file });
  const guard = createPayoutGuard({ ...wallet, store });
  const tenants = new Map([['demo-token', { id: 'demo', wallet: 'default' }]]);
  const POST = payoutPost({ guard, makePayment, tenants });
  const { server, url } = await listen(getRequestListener(POST), Number(process.env.PORT ?? 3000));
  console.log(curlPayout(url, 'payout-1', '600.00'));

  stopOnSignal({ server, guard, store, closeClient: close });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await serve();
