// Payout lists and callbacks of the JPay simulator.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, jest } from '@jest/globals';
import type { JpaySimulator } from 'payout-guard/testing';
import { call, first, initiate, type Reply, refusal, running, start } from './jpay-payouts-support.js';

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(1);
}

describe('GET /payments/payouts/{id}', () => {
  it('answers the payout as it is now, by its id only', async () => {
    const simulator = await start();
    await initiate(simulator);
    expect(await call(simulator, '/PAYOUT-SIM-1')).toEqual({ status: 200, body: first });
    simulator.advance('ref-1', 'completed');
    expect(await call(simulator, '/PAYOUT-SIM-1')).toEqual({ status: 200, body: { ...first, status: 'completed' } });
    for (const path of ['/PAYOUT-SIM-2', '/ref-1', '/SIM-1', '/', '/PAYOUT-SIM-1/', '/a/PAYOUT-SIM-1', '/{id}']) {
      expect([path, await call(simulator, path)]).toEqual([path, refusal(404, 'Not found.')]);
    }
  });

  it('requires a token and a method other than POST', async () => {
    const simulator = await start();
    for (const path of ['/PAYOUT-SIM-1', '', '/list']) {
      expect(await call(simulator, path, { headers: {} })).toEqual(
        refusal(401, 'Authentication credentials were not provided'),
      );
      expect(await call(simulator, path, { method: 'POST', body: '{}' })).toEqual(
        refusal(405, 'Method "POST" not allowed.'),
      );
    }
    expect(await call(simulator, '/initiate')).toEqual(refusal(405, 'Method "GET" not allowed.'));
  });
});

describe.each(['', '/list'])('GET /payments/payouts%s', (path) => {
  const ids = ({ body }: Reply) => (body.results as { id: string }[]).map(({ id }) => id.replace('PAYOUT-SIM-', ''));

  it('lists all payouts, the newest first', async () => {
    const simulator = await start();
    expect(await call(simulator, path)).toEqual({
      status: 200,
      body: { count: 0, next: null, previous: null, results: [] },
    });
    await initiate(simulator);
    await initiate(simulator, { ref_no: 'ref-2' });
    expect(await call(simulator, path)).toEqual({
      status: 200,
      body: {
        count: 2,
        next: null,
        previous: null,
        results: [{ ...first, id: 'PAYOUT-SIM-2', ref_no: 'ref-2' }, first],
      },
    });
  });

  it('filters by the exact ref_no and by status, where processing counts as pending', async () => {
    const simulator = await start({ duplicateRefNo: 'create_second' });
    const references = ['a', 'A', 'a b&c=d', 'a', 'é'];
    for (const ref_no of references) await initiate(simulator, { ref_no });
    simulator.advance('PAYOUT-SIM-1', 'completed');
    simulator.advance('PAYOUT-SIM-2', 'failed');
    simulator.advance('PAYOUT-SIM-3', 'processing');
    const found = async (query: string) => ids(await call(simulator, `${path}?${query}`));
    expect(await found('ref_no=a')).toEqual(['4', '1']);
    expect(await found('ref_no=a%20b%26c%3Dd')).toEqual(['3']);
    expect(await found('ref_no=%C3%A9')).toEqual(['5']);
    expect(await found('ref_no=b')).toEqual([]);
    expect(await found('ref_no=')).toEqual([]);
    expect(await found('status=pending')).toEqual(['5', '4', '3']);
    expect(await found('status=completed')).toEqual(['1']);
    expect(await found('status=failed&ref_no=A')).toEqual(['2']);
    expect(await found('status=failed&ref_no=a')).toEqual([]);
  });

  it('has pages of 50 by default, linked to each other', async () => {
    const simulator = await start({ payout: '999999.99' });
    for (let payout = 1; payout <= 51; payout += 1) await initiate(simulator, { ref_no: `r${payout}`, amount: '1.00' });
    const url = `${simulator.url}/payments/payouts${path}`;
    const pageOne = await call(simulator, path);
    expect([pageOne.body.count, pageOne.body.next, pageOne.body.previous]).toEqual([51, `${url}?page=2`, null]);
    expect(ids(pageOne)).toHaveLength(50);
    const pageTwo = await call(simulator, `${path}?page=2`);
    expect([pageTwo.body.count, pageTwo.body.next, pageTwo.body.previous]).toEqual([51, null, `${url}?page=1`]);
    expect(ids(pageTwo)).toEqual(['1']);
    const middle = await call(simulator, `${path}?page=2&page_size=2&status=pending`);
    expect([ids(middle), middle.body.next]).toEqual([['49', '48'], `${url}?page=3&page_size=2&status=pending`]);
    expect(ids(await call(simulator, `${path}?page_size=100`))).toHaveLength(51);
    expect(await call(simulator, `${path}?page=3`)).toEqual(refusal(404, 'Invalid page.'));
  });

  it.each([
    ['page=0', 'page'],
    ['page=1.5', 'page'],
    ['page_size=0', 'page_size'],
    ['page_size=101', 'page_size'],
    ['status=processing', 'status'],
    ['status=', 'status'],
    ['refno=ref-1', 'refno'],
    ['constructor=1', 'constructor'],
  ])('refuses %s', async (query, name) => {
    expect(await call(await start(), `${path}?${query}`)).toEqual(refusal(400, `Invalid query parameter: ${name}`));
  });
});

describe('callbacks', () => {
  /** An application that listens for callbacks. */
  async function application(status = 200): Promise<{ url: string; received: Record<string, unknown>[] }> {
    const received: Record<string, unknown>[] = [];
    const server = createServer((request, response) => {
      void text(request).then((body) => {
        const { 'content-type': type, authorization } = request.headers;
        received.push({ method: request.method, url: request.url, type, authorization, body: JSON.parse(body) });
        response.writeHead(status, { location: 'https://shop.example/elsewhere' }).end('thanks');
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    running.push({
      close: async () => {
        server.close();
        server.closeAllConnections();
      },
    });
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/paid?token=t1`, received };
  }

  async function finished(simulator: JpaySimulator, callback_url: string, end: 'completed' | 'failed', calls: number) {
    await initiate(simulator, { callback_url });
    simulator.advance('ref-1', 'processing');
    simulator.advance('ref-1', end);
    await until(() => simulator.callbacks.length === calls);
  }

  const post = { method: 'POST', url: '/paid?token=t1', type: 'application/json', authorization: undefined };

  it.each(['completed', 'failed'] as const)('report once that a payout %s, without a signature', async (end) => {
    const [simulator, { url, received }] = [await start(), await application()];
    await finished(simulator, url, end, 1);
    expect(received).toEqual([{ ...post, body: { ...first, status: end } }]);
    expect(simulator.callbacks).toEqual([{ refNo: 'ref-1', status: end, answer: 200 }]);
  });

  it('arrive twice on request', async () => {
    const [simulator, { url, received }] = [await start({ callback: 'twice' }), await application()];
    await finished(simulator, url, 'completed', 2);
    expect(received.map(({ body }) => body)).toEqual(Array(2).fill({ ...first, status: 'completed' }));
  });

  it.each([
    ['completed', 'failed'],
    ['failed', 'completed'],
  ] as const)('of a forger say the opposite when a payout %s, and the details the truth', async (end, lie) => {
    const [simulator, { url, received }] = [await start({ callback: 'forged' }), await application()];
    await finished(simulator, url, end, 1);
    expect(received.map(({ body }) => body)).toEqual([{ ...first, status: lie }]);
    expect((await call(simulator, '/PAYOUT-SIM-1')).body.status).toBe(end);
  });

  it('do not arrive if they are off, nor before the end', async () => {
    const [silent, simulator, { url, received }] = [
      await start({ callback: 'none' }),
      await start(),
      await application(),
    ];
    await finished(silent, url, 'completed', 0);
    await initiate(simulator, { callback_url: url });
    simulator.advance('ref-1', 'processing');
    await sleep(30);
    expect([received, silent.callbacks, simulator.callbacks]).toEqual([[], [], []]);
  });

  it('arrive for payouts that end by settleAfterMs', async () => {
    const [simulator, { url, received }] = [await start({ settleAfterMs: 5 }), await application()];
    await initiate(simulator, { callback_url: url });
    await until(() => simulator.callbacks.length === 1);
    expect(received).toHaveLength(1);
  });

  it('that are not accepted are recorded with any answer, and redirects are not followed', async () => {
    const { url } = await application(307);
    const redirected = await start();
    await finished(redirected, url, 'completed', 1);
    expect(redirected.callbacks).toEqual([{ refNo: 'ref-1', status: 'completed', answer: 307 }]);
    const refused = await start();
    await finished(refused, 'http://127.0.0.1:9/', 'completed', 1);
    expect(refused.callbacks).toEqual([{ refNo: 'ref-1', status: 'completed', problem: expect.any(String) }]);
  });

  it.each([
    'https://shop.example/paid',
    'http://127.0.0.1.shop.example/',
    'http://localhost.shop.example/',
    'http://10.0.0.1/',
    'http://0.0.0.0/',
    'http://[::ffff:10.0.0.1]/',
    'http://127.0.0.1@shop.example/',
    'not a url',
  ])('are not posted to %s', async (url) => {
    const fetched = jest.spyOn(globalThis, 'fetch');
    const simulator = await start();
    await finished(simulator, url, 'completed', 1);
    expect(simulator.callbacks).toEqual([{ refNo: 'ref-1', status: 'completed', problem: 'not a loopback address' }]);
    expect(fetched.mock.calls.map(([target]) => String(target))).toEqual([
      `${simulator.url}/payments/payouts/initiate`,
    ]);
  });

  it('stop with the simulator', async () => {
    const server = createServer(() => {});
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const simulator = await start();
    await initiate(simulator, { callback_url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` });
    const arrived = once(server, 'request');
    simulator.advance('ref-1', 'completed');
    await arrived;
    await simulator.close();
    await until(() => simulator.callbacks.length === 1);
    expect(simulator.callbacks[0]?.answer).toBeUndefined();
    await new Promise((resolve) => server.close(resolve));
  });
});
