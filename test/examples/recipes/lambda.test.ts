// Express routes in AWS Lambda, through each adapter and with both events of API Gateway. The responses of the adapters
// emit `finish` and no `close`, and a Lambda runs nothing after its answer.
import { configure } from '@codegenie/serverless-express';
import { afterEach, describe, expect, it } from '@jest/globals';
import express5, { type ErrorRequestHandler, type Express, type Request } from 'express';
import express4 from 'express4';
import { createPayoutGuard, type HoldStore, memoryStore, type PayoutGuard, PayoutRejectedError } from 'payout-guard';
import { payoutGuardErrors, payoutRoute, requireSufficientFunds } from 'payout-guard/express';
import { jpay } from 'payout-guard/providers/jpay';
import { jpaySimulator } from 'payout-guard/testing';
import serverlessHttp2 from 'serverless-http2';
import serverlessHttp3 from 'serverless-http3';
import serverlessHttp4 from 'serverless-http4';
import { type LambdaAnswer, payoutFunctions } from '../../../examples/recipes/lambda.js';
import type { Framework } from '../../express/api.js';
import { changed } from '../../support/stores.js';
import { scriptedWallet } from '../../support/wallet.js';
import { paid, payee, paymentsOf } from './queues.js';

type Invoke = (event: object) => Promise<LambdaAnswer>;

interface Adapter {
  readonly name: string;
  /** serverless-http 2 and 3 hand Express 5 a request whose body it does not read. */
  readonly express: Framework;
  /** The events of a response, in the order in which the adapter emits them. */
  readonly emits: readonly string[];
  readonly adapt: (app: Express) => Invoke;
}

const adapters: readonly Adapter[] = [
  {
    name: '@codegenie/serverless-express 4',
    express: express5,
    emits: ['finish'],
    adapt: (app) => {
      const serve = configure<object, LambdaAnswer>({ app });
      return async (event) => (await serve(event, {} as never, () => {})) as LambdaAnswer;
    },
  },
  {
    name: 'serverless-http 2',
    express: express4,
    emits: ['finish'],
    adapt: (app) => (event) => serverlessHttp2(app as never)(event as never, {} as never) as Promise<LambdaAnswer>,
  },
  {
    name: 'serverless-http 3',
    express: express4,
    emits: ['close', 'finish'],
    adapt: (app) => (event) => serverlessHttp3(app as never)(event as never, {} as never) as Promise<LambdaAnswer>,
  },
  {
    name: 'serverless-http 4',
    express: express5,
    emits: ['finish', 'close'],
    adapt: (app) => (event) => serverlessHttp4(app as never)(event as never, {} as never) as Promise<LambdaAnswer>,
  },
];

interface Call {
  readonly key: string;
  readonly ending: string;
  readonly amount?: string;
  readonly token?: string;
}

const events: Readonly<Record<string, (call: Call) => object>> = {
  'REST API (1.0)': ({ key, ending, amount = '100.00', token = '' }) => {
    const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': key, Authorization: `Bearer ${token}` };
    return {
      version: '1.0',
      resource: '/{proxy+}',
      path: '/payouts',
      httpMethod: 'POST',
      headers,
      multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
      queryStringParameters: { ending },
      multiValueQueryStringParameters: { ending: [ending] },
      requestContext: { httpMethod: 'POST', path: '/payouts', stage: 'test', identity: { sourceIp: '127.0.0.1' } },
      body: JSON.stringify({ amount, to: payee }),
      isBase64Encoded: false,
    };
  },
  'HTTP API (2.0)': ({ key, ending, amount = '100.00', token = '' }) => ({
    version: '2.0',
    routeKey: '$default',
    rawPath: '/payouts',
    rawQueryString: new URLSearchParams({ ending }).toString(),
    queryStringParameters: { ending },
    headers: { 'content-type': 'application/json', 'idempotency-key': key, authorization: `Bearer ${token}` },
    requestContext: { http: { method: 'POST', path: '/payouts', sourceIp: '127.0.0.1' }, stage: '$default' },
    body: Buffer.from(JSON.stringify({ amount, to: payee })).toString('base64'),
    isBase64Encoded: true,
  }),
};

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** The ends of a handler: what the client gets, the state of the hold, and what a retry under the same key gets. */
const endings = [
  ['pays', 201, 'captured', 'duplicate_reference'],
  ['pays, then streams', 200, 'captured', 'duplicate_reference'],
  ['pays, then redirects', 303, 'captured', 'duplicate_reference'],
  ['pays, then ends without a body', 204, 'captured', 'duplicate_reference'],
  ['pays, then throws', 500, 'captured', 'duplicate_reference'],
  ['times out at the provider', 500, 'sent', 'payout_in_progress'],
  ['is rejected by the provider', 422, 'released', 'duplicate_reference'],
  ['throws before it pays', 500, 'released', 'held again'],
  ['answers 404 before it pays', 404, 'released', 'held again'],
] as const;

function api({ express }: Adapter, store?: HoldStore): { app: Express; guard: PayoutGuard; emitted: string[] } {
  const guard = scriptedWallet('1000.00').guard({ settles: 'onReturn', ...(store && { store }) });
  closing.push(() => guard.close({ waitMs: 0 }));
  const emitted: string[] = [];
  const app = express();
  app.use((_req, res, next) => {
    for (const event of ['finish', 'close']) res.on(event, () => emitted.push(event));
    next();
  });
  app.use(express.json());
  const source = {
    amount: (req: Request) => req.body.amount,
    reference: (req: Request) => req.headers['idempotency-key'],
  };
  app.post(
    '/payouts',
    payoutRoute(guard, source, async (req, res, pay) => {
      const { ending } = req.query;
      if (ending === 'throws before it pays') throw new Error('unexpected');
      if (ending === 'answers 404 before it pays') return res.status(404).json({});
      await pay(({ reference }) => {
        if (ending === 'times out at the provider') throw new Error('timeout');
        if (ending === 'is rejected by the provider') throw new PayoutRejectedError();
        return `paid ${reference}`;
      });
      if (ending === 'pays, then throws') throw new Error('unexpected');
      if (ending === 'pays, then redirects') return res.redirect(303, '/elsewhere');
      if (ending === 'pays, then ends without a body') return res.status(204).end();
      if (ending === 'pays, then streams') {
        res.write('one');
        return res.end('two');
      }
      return res.status(201).json({});
    }),
  );
  app.post(
    '/guarded',
    requireSufficientFunds(guard, {
      ...source,
      verdictOn: (_req, res) => (res.statusCode === 201 ? 'completed' : undefined),
    }),
    (_req, res) => void res.status(201).json({}),
  );
  app.use(payoutGuardErrors());
  app.use(((_error, _req, res, _next) => void res.status(500).json({})) as ErrorRequestHandler);
  return { app, guard, emitted };
}

const codeOf = ({ body }: LambdaAnswer) => JSON.parse(body || '{}').code;

describe.each(adapters)('$name', (adapter) => {
  describe.each(Object.entries(events))('with events of a %s', (_, eventOf) => {
    it.each(endings)('a handler that %s: %i, the hold is %s, a retry is %s', async (ending, status, state, retry) => {
      const { app, guard, emitted } = api(adapter);
      const invoke = adapter.adapt(app);
      const answer = await invoke(eventOf({ key: 'p1', ending }));
      expect(emitted).toEqual(adapter.emits);
      expect([answer.statusCode, (await guard.getHold('p1'))?.state]).toEqual([status, state]);
      const again = await invoke(eventOf({ key: 'p1', ending: 'pays' }));
      expect(again.statusCode === 201 ? 'held again' : codeOf(again)).toBe(retry);
    });

    it('refuses what the wallet does not cover', async () => {
      const { app } = api(adapter);
      const answer = await adapter.adapt(app)(eventOf({ key: 'p1', ending: 'pays', amount: '1000.01' }));
      expect([answer.statusCode, codeOf(answer)]).toEqual([422, 'insufficient_funds']);
    });
  });

  it('answers after the outcome is stored; stores a verdict on the answer after it, or never in a Lambda', async () => {
    const store = memoryStore();
    let isFrozen = false;
    const slow = changed(store, {
      settle: async (request) => {
        await new Promise((resolve) => setTimeout(resolve, 50));
        if (isFrozen) return new Promise(() => {});
        return store.settle(request);
      },
    });
    const { app } = api(adapter, slow);
    const invoke = adapter.adapt(app);
    const call = { ...events['HTTP API (2.0)']?.({ key: 'p1', ending: 'pays' }) };
    expect((await invoke(call)).statusCode).toBe(201);
    expect((await store.get('p1')).hold?.state).toBe('captured');
    const guarded = { ...events['HTTP API (2.0)']?.({ key: 'p2', ending: 'pays' }), rawPath: '/guarded' };
    const answer = await invoke({
      ...guarded,
      requestContext: { http: { method: 'POST', path: '/guarded', sourceIp: '127.0.0.1' }, stage: '$default' },
    });
    isFrozen = true;
    expect(answer.statusCode).toBe(201);
    expect((await store.get('p2')).hold?.state).toBe('sent');
  });
});

it.each(['serverless-http 2', 'serverless-http 3'])('%s refuses each payout in front of Express 5', async (name) => {
  const adapter = adapters.find((one) => one.name === name) as Adapter;
  const { app, guard } = api({ ...adapter, express: express5 });
  const answer = await adapter.adapt(app)({ ...events['HTTP API (2.0)']?.({ key: 'p1', ending: 'pays' }) });
  expect([answer.statusCode, codeOf(answer), await guard.getHold('p1')]).toEqual([400, 'invalid_amount', undefined]);
});

describe('the Lambda recipe', () => {
  it.each(Object.entries(events))('pays once, and settles by its schedule, with events of a %s', async (_, eventOf) => {
    const simulator = await jpaySimulator({ payout: '1000.00' });
    const { url: baseUrl, appKey, appSecret } = simulator;
    const guard = createPayoutGuard({ provider: jpay({ baseUrl, appKey, appSecret }), currency: 'KES' });
    closing.push(
      () => guard.close(),
      () => simulator.close(),
    );
    const tenants = new Map([['token', { id: 'acme', wallet: 'default' }]]);
    const { handler, settle } = payoutFunctions({ guard, tenants, makePayment: paymentsOf(simulator) });
    const call = (key: string) => handler(eventOf({ key, ending: '', amount: '600.00', token: 'token' }));
    expect((await call('p1')).statusCode).toBe(202);
    expect(codeOf(await call('p1'))).toBe('payout_in_progress');
    expect(codeOf(await call('p2'))).toBe('insufficient_funds');
    simulator.advance('acme:p1', 'completed');
    await settle();
    expect(codeOf(await call('p1'))).toBe('duplicate_reference');
    expect(paid(simulator)).toEqual(['acme:p1 600.00 completed']);
  });
});
