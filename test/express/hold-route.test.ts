import { once } from 'node:events';
import { Agent, createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import express5, { type ErrorRequestHandler, type RequestHandler } from 'express';
import express4 from 'express4';
import {
  ConfigurationError,
  memoryStore,
  type PayoutGuard,
  type PayoutGuardOptions,
  PayoutRejectedError,
} from 'payout-guard';
import {
  holdOf,
  payoutGuardErrors,
  type RequireSufficientFundsOptions,
  requireSufficientFunds,
} from 'payout-guard/express';
import request from 'supertest';
import { deferred, scriptedWallet } from '../support/wallet.js';

interface Setup {
  route?: Partial<RequireSufficientFundsOptions>;
  guard?: Partial<PayoutGuardOptions>;
  provider?: Parameters<typeof scriptedWallet>[1];
}

const open: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

describe.each([
  ['Express 5', express5],
  ['Express 4', express4],
])('a route that holds, on %s', (_, express) => {
  function api(handler: RequestHandler, setup: Setup = {}): { server: Server; guard: PayoutGuard; url: () => string } {
    const guard = scriptedWallet('1000.00', { settles: 'onReturn', ...setup.provider }).guard(setup.guard);
    const app = express();
    app.use(express.json());
    const hold = requireSufficientFunds(guard, {
      amount: (req) => req.body.amount,
      reference: (req) => req.get('Idempotency-Key'),
      ...setup.route,
    });
    app.post('/payouts', hold, handler);
    app.use(payoutGuardErrors());
    app.use(((error, _req, res, _next) => res.status(error.status ?? 500).send('error')) as ErrorRequestHandler);
    const server = createServer(app).listen(0, '127.0.0.1');
    open.push(() => {
      server.closeAllConnections();
      server.close();
      return guard.close();
    });
    return { server, guard, url: () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/payouts` };
  }

  const post = (server: Server, reference: string | undefined, amount: unknown = '400.00') => {
    const asked = request(server).post('/payouts');
    if (reference !== undefined) asked.set('Idempotency-Key', reference);
    return asked.send({ amount });
  };

  /** The state of a hold once it is no longer this one; holds are settled just after the answer. */
  async function stateAfter(guard: PayoutGuard, reference: string, before = 'sent'): Promise<string | undefined> {
    for (let turn = 0; turn < 100; turn++) {
      const state = (await guard.getHold(reference))?.state;
      if (state !== before) return state;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return before;
  }

  /** The state of a hold that is expected to stay as it is. */
  async function stateLater(guard: PayoutGuard, reference: string): Promise<string | undefined> {
    await new Promise((resolve) => setTimeout(resolve, 60));
    return (await guard.getHold(reference))?.state;
  }

  it('holds as sent before the handler runs, and shows it the hold', async () => {
    let seen: unknown;
    const { server, guard } = api(
      async (_req, res) => {
        const hold = holdOf(res);
        seen = [hold?.reference, hold?.amount, hold?.state, (await guard.funds()).held];
        res.status(201).end();
      },
      { route: { fee: () => '10.00', metadata: (req) => ({ ip: String(req.ip) }) } },
    );
    expect((await post(server, 'p-1')).status).toBe(201);
    expect(seen).toEqual(['p-1', '410.00', 'sent', '410.00']);
    expect((await guard.getHold('p-1'))?.metadata).toEqual({ ip: expect.stringContaining('127.0.0.1') });
  });

  it.each([
    [200, 'captured'],
    [201, 'captured'],
    [204, 'captured'],
    [202, 'sent'],
    [302, 'sent'],
    [400, 'released'],
    [404, 'released'],
    [422, 'released'],
    [500, 'sent'],
    [502, 'sent'],
    [503, 'sent'],
  ])('after an answer of %i the hold is %s', async (status, state) => {
    const { server, guard } = api((_req, res) => void res.status(status).end());
    expect((await post(server, 'p-1')).status).toBe(status);
    expect(state === 'sent' ? await stateLater(guard, 'p-1') : await stateAfter(guard, 'p-1')).toBe(state);
  });

  it.each([
    ['later', 'unknown', undefined, 'sent'],
    ['later', 'completion', undefined, 'sent'],
    ['later', 'acceptance', undefined, 'captured'],
    ['onReturn', 'completion', 'later', 'sent'],
    ['later', 'completion', 'onReturn', 'captured'],
  ] as const)(
    'with settles %s, debit visible at %s and settles of the route %p, 201 leaves it %s',
    async (settles, debitVisibleAt, ofRoute, state) => {
      const { server, guard } = api((_req, res) => void res.status(201).end(), {
        provider: { settles, debitVisibleAt },
        route: { settles: ofRoute },
      });
      await post(server, 'p-1');
      expect(state === 'sent' ? await stateLater(guard, 'p-1') : await stateAfter(guard, 'p-1')).toBe(state);
    },
  );

  it('refuses what the wallet no longer covers, and a reference that is taken', async () => {
    const { server } = api((_req, res) => void res.status(202).end());
    expect((await post(server, 'p-1', '700.00')).status).toBe(202);
    const codes = [];
    for (const [reference, amount] of [
      ['p-2', '300.01'],
      ['p-1', '700.00'],
      ['p-1', '1.00'],
      [undefined, '1.00'],
      ['a b', '1.00'],
    ] as const) {
      const response = await post(server, reference, amount);
      codes.push([response.status, JSON.parse(response.text).code]);
    }
    expect(codes).toEqual([
      [422, 'insufficient_funds'],
      [409, 'duplicate_reference'],
      [422, 'hold_conflict'],
      [400, 'invalid_reference'],
      [400, 'invalid_reference'],
    ]);
    const refused = JSON.parse((await post(server, 'p-3', '500.00')).text);
    expect([refused.temporary, refused.detail]).toEqual([true, expect.stringContaining('may succeed later')]);
  });

  it('of 50 concurrent payouts lets exactly those through that the wallet covers', async () => {
    const { server, guard } = api((_req, res) => void setTimeout(() => res.status(201).end(), 20));
    await once(server, 'listening').catch(() => {});
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_value, index) => post(server, `p-${index}`, '120.00')),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(8);
    expect(answers.filter(({ status }) => status === 422)).toHaveLength(42);
    for (let index = 0; index < 50; index++) await stateAfter(guard, `p-${index}`);
    expect((await guard.funds()).spendable).toBe('40.00');
  });

  it('stays sent when the handler throws, and is released when it says that nothing was sent', async () => {
    const { server, guard } = api((req) => {
      throw req.get('Idempotency-Key') === 'p-1'
        ? new Error('gateway timeout')
        : new PayoutRejectedError('Wrong number.');
    });
    expect((await post(server, 'p-1', '1.00')).status).toBe(500);
    const rejected = await post(server, 'p-2', '1.00');
    expect([rejected.status, JSON.parse(rejected.text).detail]).toEqual([422, 'Wrong number.']);
    expect([await stateLater(guard, 'p-1'), await stateAfter(guard, 'p-2')]).toEqual(['sent', 'released']);
  });

  it('stays as the handler settled it', async () => {
    const { server, guard } = api(async (req, res) => {
      const hold = holdOf(res);
      if (req.get('Idempotency-Key') === 'p-1') await hold?.capture('399.00');
      else await hold?.release();
      res.status(req.get('Idempotency-Key') === 'p-1' ? 400 : 201).end();
    });
    await post(server, 'p-1');
    await post(server, 'p-2');
    expect([await stateLater(guard, 'p-1'), await stateLater(guard, 'p-2')]).toEqual(['captured', 'released']);
  });

  it('stays sent when the client leaves before the answer, whatever the handler answers then', async () => {
    const entered = deferred<void>();
    const gone = deferred<void>();
    const { server, guard, url } = api((_req, res) => {
      entered.resolve();
      res.once('close', () => {
        res.status(201).end();
        gone.resolve();
      });
    });
    await once(server, 'listening').catch(() => {});
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'p-1' };
    const client = httpRequest(url(), { method: 'POST', headers });
    client.on('error', () => {});
    client.end('{"amount":"400.00"}');
    await entered.promise;
    client.destroy();
    await gone.promise;
    expect(await stateLater(guard, 'p-1')).toBe('sent');
  });

  it('is released, and the handler does not run, when the client left while the hold was taken', async () => {
    const store = memoryStore();
    const held = deferred<void>();
    const goOn = deferred<void>();
    let ran = 0;
    const { server, guard, url } = api(() => void ran++, { guard: { store } });
    const { hold } = store;
    store.hold = async (taken) => {
      const answer = await hold.call(store, taken);
      held.resolve();
      await goOn.promise;
      return answer;
    };
    const closed = deferred<void>();
    server.on('request', (_req, res) => res.once('close', () => closed.resolve()));
    await once(server, 'listening').catch(() => {});
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'p-1' };
    const client = httpRequest(url(), { method: 'POST', headers });
    client.on('error', () => {});
    client.end('{"amount":"400.00"}');
    await held.promise;
    client.destroy();
    await closed.promise;
    goOn.resolve();
    expect([await stateAfter(guard, 'p-1'), ran]).toEqual(['released', 0]);
  });

  it('stays sent when the handler never answers', async () => {
    const { server, guard, url } = api(() => {});
    await once(server, 'listening').catch(() => {});
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'p-1' };
    const asked = fetch(url(), {
      method: 'POST',
      headers,
      body: '{"amount":"400.00"}',
      signal: AbortSignal.timeout(100),
    });
    await expect(asked).rejects.toThrow();
    expect(await stateLater(guard, 'p-1')).toBe('sent');
  });

  it('is captured after a streamed answer, and stays sent after one that broke off', async () => {
    const { server, guard } = api((req, res) => {
      res.status(201).write('half ');
      setTimeout(() => (req.get('Idempotency-Key') === 'p-1' ? res.end('whole') : res.destroy()), 10);
    });
    expect((await post(server, 'p-1', '1.00')).text).toBe('half whole');
    await expect(post(server, 'p-2', '1.00')).rejects.toThrow(/aborted|hang up/);
    expect([await stateAfter(guard, 'p-1'), await stateLater(guard, 'p-2')]).toEqual(['captured', 'sent']);
  });

  it('belongs to its own answer when two share a connection', async () => {
    const sockets = new Set<unknown>();
    const { server, guard, url } = api((req, res) => {
      sockets.add(req.socket);
      res.status(req.get('Idempotency-Key') === 'p-1' ? 201 : 400).end();
    });
    await once(server, 'listening').catch(() => {});
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const send = async (reference: string) => {
      const headers = { 'content-type': 'application/json', 'idempotency-key': reference };
      const client = httpRequest(url(), { method: 'POST', headers, agent });
      client.end('{"amount":"1.00"}');
      const [response] = await once(client, 'response');
      response.resume();
      await once(response, 'end');
    };
    await send('p-1');
    await send('p-2');
    agent.destroy();
    expect([await stateAfter(guard, 'p-1'), await stateAfter(guard, 'p-2'), sockets.size]).toEqual([
      'captured',
      'released',
      1,
    ]);
  });

  it('is not taken in check mode, and there is no hold to be seen', async () => {
    let seen: unknown = 'nothing yet';
    const { server, guard } = api(
      (_req, res) => {
        seen = holdOf(res);
        res.status(201).end();
      },
      { route: { mode: 'check' } },
    );
    expect((await post(server, 'p-1', '1000.00')).status).toBe(201);
    expect([seen, (await guard.listHolds()).holds]).toEqual([undefined, []]);
  });
});

it('a route cannot be told to hold without a reference', () => {
  const guard = scriptedWallet().guard();
  const act = () => requireSufficientFunds(guard, { amount: () => '1.00', mode: 'hold' });
  expect(act).toThrow(ConfigurationError);
  expect(act).toThrow(/mode: 'hold' needs a reference/);
});
