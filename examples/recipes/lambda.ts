// A payment API in AWS Lambda: an Express application, and a function that a schedule calls. Needs Redis at REDIS_URL
// or on its standard local port; JPay and the API gateway are simulated.
//
// Lambda stops a process when it has answered, and starts others beside it. So the holds are in a store that all of
// them share, never in memory or in a file; what is open after an answer is settled by `settle`, not by a timer; and
// the route is a payoutRoute, which stores the outcome before it answers.
import { pathToFileURL } from 'node:url';
import { configure } from '@codegenie/serverless-express';
import { Redis } from 'ioredis';
import { createPayoutGuard } from 'payout-guard';
import { redisStore } from 'payout-guard/stores/redis';
import { paymentApi } from '../payment-api.js';
import type { PaymentApi } from '../support/api.js';
import { shutDown } from '../support/service.js';
import { simulatedJpay } from '../support/simulated-jpay.js';

/** The answer to API Gateway, without the fields that the adapter adds. */
export interface LambdaAnswer {
  readonly statusCode: number;
  readonly body: string;
}

export interface PayoutFunctions {
  /** For API Gateway. Give it more time than your payment takes; a payout that was cut off stays held. */
  readonly handler: (event: object, context?: object) => Promise<LambdaAnswer>;
  /** For a schedule, such as `rate(1 minute)`: looks up the payouts whose outcome is open. */
  readonly settle: () => Promise<void>;
}

export function payoutFunctions(api: PaymentApi): PayoutFunctions {
  const serve = configure<object, LambdaAnswer>({ app: paymentApi(api) });
  return {
    handler: async (event, context = {}) => (await serve(event, context as never, () => {})) as LambdaAnswer,
    settle: async () => void (await api.guard.reconcile({ olderThanMs: 0 })),
  };
}

async function demonstrate(): Promise<void> {
  const { wallet, makePayment, close } = await simulatedJpay({ settleAfterMs: 100 });
  const redis = new Redis(process.env.REDIS_URL ?? 'redis://127.0.0.1:6379');
  redis.on('error', (error) => console.error(`redis: ${error.message}`));
  const store = redisStore({ client: redis });
  const guard = createPayoutGuard({ ...wallet, store });
  const tenants = new Map([['demo-token', { id: 'demo', wallet: 'default' }]]);
  const { handler, settle } = payoutFunctions({ guard, tenants, makePayment });

  for (const key of [`${Date.now()}-1`, `${Date.now()}-2`]) {
    const { statusCode, body } = await handler(gatewayEvent(key, { to: '+254712345678', amount: '600.00' }));
    console.log(`${key}: ${statusCode} ${body}`);
  }
  await settle();

  await shutDown({ guard, store, closeClient: () => redis.disconnect() });
  await close();
}

/** As an HTTP API of API Gateway sends it. */
function gatewayEvent(key: string, body: object): object {
  return {
    version: '2.0',
    rawPath: '/payouts',
    rawQueryString: '',
    headers: { 'content-type': 'application/json', authorization: 'Bearer demo-token', 'idempotency-key': key },
    requestContext: { http: { method: 'POST', path: '/payouts', sourceIp: '127.0.0.1' }, stage: '$default' },
    body: JSON.stringify(body),
    isBase64Encoded: false,
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await demonstrate();
