// Payouts of the JPay simulator, over real HTTP, as the protocol notes describe them.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { ConfigurationError } from 'payout-guard';
import { type JpaySimulator, type JpaySimulatorOptions, jpaySimulator } from 'payout-guard/testing';
import { stoppedClock } from '../support/clock.js';

const running: { close(): Promise<unknown> }[] = [];

afterEach(async () => {
  jest.restoreAllMocks();
  await Promise.all(running.splice(0).map((party) => party.close()));
});

// 12 April 2024, 14:30:45 in Nairobi, from the vectors.
const nowMs = Date.parse('2024-04-12T11:30:45Z');
const clock = { now: () => nowMs };

async function start(options: JpaySimulatorOptions = {}): Promise<JpaySimulator> {
  const simulator = await jpaySimulator({ payout: '1000.00', clock, ...options });
  running.push(simulator);
  return simulator;
}

interface Reply {
  status: number;
  body: Record<string, unknown>;
}

async function call(simulator: JpaySimulator, path: string, init: RequestInit = {}): Promise<Reply> {
  const headers = { authorization: `Bearer ${simulator.accessToken()}` };
  const response = await fetch(`${simulator.url}/payments/payouts${path}`, { headers, ...init });
  expect(response.headers.get('content-type')).toBe('application/json');
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** A correct initiation with changes. A field that is `undefined` is left out. */
function initiation(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    payto: '+254712345678',
    amount: '100.00',
    ref_no: 'ref-1',
    callback_url: 'https://shop.example/paid',
    app_code: 12_345,
    ...changes,
  };
}

function initiate(simulator: JpaySimulator, changes?: Record<string, unknown>): Promise<Reply> {
  return call(simulator, '/initiate', { method: 'POST', body: JSON.stringify(initiation(changes)) });
}

function refusal(status: number, detail: string): Reply {
  return { status, body: { detail } };
}

const mpesa = { channel: 63_902, channel_name: 'M-Pesa', channel_type: 'Mobile Money' };
const first = {
  id: 'PAYOUT-SIM-1',
  payto: '+254712345678',
  amount: '100.00',
  ref_no: 'ref-1',
  status: 'pending',
  category: 'other',
  created_at: '12/04/2024 14:30:45',
  ...mpesa,
};

function payoutBalance(simulator: JpaySimulator): string {
  return simulator.balances().payout;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(1);
}

describe('POST /payments/payouts/initiate', () => {
  it('answers 200 with the pending payout and debits the payout wallet', async () => {
    const simulator = await start();
    expect(await initiate(simulator)).toEqual({ status: 200, body: first });
    expect(simulator.balances()).toEqual({ payout: '900.00', collection: '45000.00', total: '45900.00' });
    expect(simulator.payouts).toEqual([
      { id: 'PAYOUT-SIM-1', refNo: 'ref-1', payto: '+254712345678', amount: '100.00', status: 'pending' },
    ]);
  });

  it('echoes the category, and writes payouts as older documentation shows them, or pending as 0', async () => {
    const old = await start({ objects: 'old' });
    const { channel: _1, channel_name: _2, channel_type: _3, ...bare } = first;
    expect((await initiate(old, { category: 'gaming' })).body).toEqual({ ...bare, category: 'gaming' });
    const integer = await start({ pendingAs: 0 });
    expect((await initiate(integer)).body).toEqual({ ...first, status: 0 });
    integer.advance('ref-1', 'processing');
    expect((await call(integer, '/PAYOUT-SIM-1')).body).toEqual({ ...first, status: 'processing' });
  });

  it.each([
    ['+254712345678', 63_902, 'M-Pesa'],
    ['+254733000000', 63_903, 'Airtel Money'],
    ['+254770000000', 63_907, 'T-Kash'],
  ])('infers the channel of %s', async (payto, channel, channel_name) => {
    expect((await initiate(await start(), { payto })).body).toMatchObject({ payto, channel, channel_name });
  });

  it.each([
    ['31/12/2024 23:59:59', '2024-12-31T20:59:59.999Z'],
    ['01/01/2025 00:00:00', '2024-12-31T21:00:00.000Z'],
  ])('writes the time %s in Nairobi', async (created_at, time) => {
    const simulator = await start({ clock: { now: () => Date.parse(time) } });
    expect((await initiate(simulator)).body.created_at).toBe(created_at);
  });

  it.each(['1.00', '1000.00', '5000.50', '999999.99'])('takes the amount %s', async (amount) => {
    const simulator = await start({ payout: '999999.99' });
    expect(await initiate(simulator, { amount })).toMatchObject({ status: 200, body: { amount } });
  });

  const tooLong = 'x'.repeat(51);
  const wrong: [string, Record<string, unknown>, number, string][] = [
    ...[
      '1000',
      '1000.5',
      '1000.123',
      '',
      'abc',
      '1,000.00',
      '-1.00',
      '0.99',
      '0.00',
      '1000000.00',
      1000.5,
      ' 1.00',
    ].map((amount): [string, Record<string, unknown>, number, string] => [
      `amount ${JSON.stringify(amount)}`,
      { amount },
      400,
      'Invalid amount',
    ]),
    ...['0712345678', '254712345678', '+2547123456', '', 254_712_345_678, '+254712345678\n', '+256712345678'].map(
      (payto): [string, Record<string, unknown>, number, string] => [
        `payto ${JSON.stringify(payto)}`,
        { payto },
        400,
        'Invalid phone number',
      ],
    ),
    ...['payto', 'amount', 'ref_no', 'callback_url', 'app_code'].map(
      (name): [string, Record<string, unknown>, number, string] => [
        `no ${name}`,
        { [name]: undefined },
        400,
        `${name} field is required`,
      ],
    ),
    ['a null', { amount: null }, 400, 'amount field is required'],
    ['a ref_no of 51 characters', { ref_no: tooLong }, 400, 'Invalid ref_no'],
    ['an empty ref_no', { ref_no: '' }, 400, 'Invalid ref_no'],
    ['a ref_no that is a number', { ref_no: 7 }, 400, 'Invalid ref_no'],
    ['another app', { app_code: 1 }, 404, 'App not found'],
    ['an app_code that is text', { app_code: '12345' }, 404, 'App not found'],
    ['a cent too much', { amount: '1000.01' }, 400, 'Insufficient balance in payout wallet'],
  ];

  it.each(wrong)('refuses %s, and nothing happens', async (_, changes, status, text) => {
    const simulator = await start();
    expect(await initiate(simulator, changes)).toEqual(refusal(status, text));
    expect([payoutBalance(simulator), simulator.payouts]).toEqual(['1000.00', []]);
  });

  it('takes a ref_no of 50 characters and a wallet to its last cent', async () => {
    const simulator = await start();
    const ref_no = 'x'.repeat(50);
    expect((await initiate(simulator, { ref_no, amount: '1000.00' })).status).toBe(200);
    expect(payoutBalance(simulator)).toBe('0.00');
    expect(await initiate(simulator, { ref_no: 'y', amount: '1.00' })).toEqual(
      refusal(400, 'Insufficient balance in payout wallet'),
    );
  });

  it('reports the problems of a request in the documented order', async () => {
    const simulator = await start({ products: ['collections'] });
    const post = (target: JpaySimulator, body: string, authorization: string) =>
      call(target, '/initiate', { method: 'POST', body, headers: { authorization } });
    simulator.refuseIp(true);
    expect(await post(simulator, '{', 'Bearer nonsense')).toEqual(refusal(401, 'Invalid or expired token'));
    const token = `Bearer ${simulator.accessToken()}`;
    expect(await post(simulator, '{', token)).toEqual(refusal(403, 'Access denied: IP address not allowed'));
    simulator.refuseIp(false);
    expect(await post(simulator, '{', token)).toEqual(refusal(403, 'The app is not enabled for payouts'));

    const able = await start();
    expect(await post(able, '{', `Bearer ${able.accessToken()}`)).toEqual(
      refusal(400, 'JSON parse error - Expecting value: line 1 column 1 (char 0)'),
    );
    await initiate(able);
    // From here on, each request has one problem less than the one before.
    const problems: [Record<string, unknown>, Reply][] = [
      [{ ref_no: undefined }, refusal(400, 'ref_no field is required')],
      [{ ref_no: tooLong }, refusal(400, 'Invalid phone number')],
      [{ ref_no: tooLong, payto: '+254712345678' }, refusal(400, 'Invalid amount')],
      [{ ref_no: tooLong, payto: '+254712345678', amount: '5000.00' }, refusal(400, 'Invalid ref_no')],
      [{ payto: '+254712345678', amount: '5000.00' }, refusal(404, 'App not found')],
      [
        { payto: '+254712345678', amount: '5000.00', app_code: 12_345 },
        refusal(400, 'Reference number already exists'),
      ],
      [
        { payto: '+254712345678', amount: '5000.00', app_code: 12_345, ref_no: 'ref-2' },
        refusal(400, 'Insufficient balance in payout wallet'),
      ],
    ];
    for (const [changes, expected] of problems) {
      expect(await initiate(able, { payto: 'x', amount: 'x', app_code: 0, ...changes })).toEqual(expected);
    }
    expect(able.payouts).toHaveLength(1);
  });
});

describe('a ref_no that was used before', () => {
  it('is refused, even if all other fields differ', async () => {
    const simulator = await start();
    await initiate(simulator);
    expect(await initiate(simulator, { amount: '7.00' })).toEqual(refusal(400, 'Reference number already exists'));
    simulator.advance('ref-1', 'failed');
    expect(await initiate(simulator)).toEqual(refusal(400, 'Reference number already exists'));
    expect([payoutBalance(simulator), simulator.payouts.length]).toEqual(['1000.00', 1]);
  });

  it('return_first: yields the first payout as it is now, and no second one', async () => {
    const simulator = await start({ duplicateRefNo: 'return_first' });
    await initiate(simulator);
    simulator.advance('ref-1', 'completed');
    expect(await initiate(simulator, { amount: '7.00' })).toEqual({
      status: 200,
      body: { ...first, status: 'completed' },
    });
    expect([payoutBalance(simulator), simulator.payouts.length]).toEqual(['900.00', 1]);
  });

  it('create_second: makes two payouts, which have different ids', async () => {
    const simulator = await start({ duplicateRefNo: 'create_second' });
    await initiate(simulator);
    expect((await initiate(simulator)).body).toEqual({ ...first, id: 'PAYOUT-SIM-2' });
    expect(payoutBalance(simulator)).toBe('800.00');
    simulator.advance('PAYOUT-SIM-2', 'processing');
    simulator.advance('ref-1', 'completed');
    simulator.advance('ref-1', 'failed');
    expect(simulator.payouts.map(({ status }) => status)).toEqual(['completed', 'failed']);
    expect(() => simulator.advance('ref-1', 'failed')).toThrow('a payout that is completed cannot become failed');
  });
});

describe('the life of a payout', () => {
  it('goes from pending through processing to its end, and no further', async () => {
    for (const end of ['completed', 'failed'] as const) {
      const simulator = await start();
      await initiate(simulator);
      const status = async () => (await call(simulator, '/PAYOUT-SIM-1')).body.status;
      expect(await status()).toBe('pending');
      simulator.advance('ref-1', 'processing');
      expect(await status()).toBe('processing');
      expect(() => simulator.advance('ref-1', 'processing')).toThrow(ConfigurationError);
      expect(() => simulator.advance('ref-1', 'pending' as 'processing')).toThrow(ConfigurationError);
      simulator.advance('ref-1', end);
      expect(await status()).toBe(end);
      for (const next of ['processing', 'completed', 'failed'] as const) {
        expect(() => simulator.advance('ref-1', next)).toThrow(`a payout that is ${end} cannot become ${next}`);
      }
      expect(await status()).toBe(end);
    }
  });

  it('can end from pending, and a missing payout cannot move on', async () => {
    const simulator = await start();
    expect(() => simulator.advance('ref-1', 'completed')).toThrow('there is no such payout');
    await initiate(simulator);
    simulator.advance('PAYOUT-SIM-1', 'completed');
    expect(simulator.payouts[0]?.status).toBe('completed');
  });

  it('ends after settleAfterMs with the outcome of outcomeOf', async () => {
    const time = stoppedClock(nowMs);
    const simulator = await start({
      clock: time,
      settleAfterMs: 400,
      outcomeOf: ({ refNo, amount, payto }) =>
        refNo === 'bad' ? 'failed' : amount === '13.00' && payto === '+254733000000' ? 'stuck' : 'completed',
    });
    await initiate(simulator, { ref_no: 'good' });
    await initiate(simulator, { ref_no: 'bad' });
    await initiate(simulator, { ref_no: 'stuck', amount: '13.00', payto: '+254733000000' });
    await initiate(simulator, { ref_no: 'early' });
    simulator.advance('early', 'failed');
    expect(simulator.payouts.map(({ status }) => status)).toEqual(['pending', 'pending', 'pending', 'failed']);
    await time.pass(399);
    expect(simulator.payouts.map(({ status }) => status)).toEqual(['pending', 'pending', 'pending', 'failed']);
    await time.pass(1);
    expect(simulator.payouts.map(({ status }) => status)).toEqual(['completed', 'failed', 'pending', 'failed']);
    expect(payoutBalance(simulator)).toBe('887.00');
  });

  it('does not end after the simulator was closed, nor keep the process alive', async () => {
    const set = jest.spyOn(globalThis, 'setTimeout');
    const simulator = await start({ settleAfterMs: 54_321 });
    await initiate(simulator);
    const index = set.mock.calls.findIndex(([, delayMs]) => delayMs === 54_321);
    const timer = set.mock.results[index]?.value as NodeJS.Timeout;
    expect(timer.hasRef()).toBe(false);
    const cleared = jest.spyOn(globalThis, 'clearTimeout');
    await simulator.close();
    expect(cleared.mock.calls.filter(([given]) => given === timer)).toHaveLength(1);
  });

  it.each([
    [{ outcomeOf: () => 'failed' }, 'outcomeOf: needs settleAfterMs'],
    [{ outcomeOf: 'failed', settleAfterMs: 1 }, 'outcomeOf: pass a function'],
    [{ settleAfterMs: -1 }, 'settleAfterMs: Too small'],
    [{ refundAfterMs: 2 ** 31 }, 'refundAfterMs: Too big'],
    [{ debitAt: 'acceptance' }, 'debitAt: pass "initiation", "completion" or { msAfterCompletion }'],
    [{ debitAt: { msAfterCompletion: -1 } }, 'debitAt'],
    [{ fee: '0.001' }, 'fee: Invalid amount: it has more decimals'],
    [{ fee: '-1.00' }, 'fee: Invalid amount: it is negative'],
    [{ duplicateRefNo: 'ignore' }, 'duplicateRefNo: Invalid option'],
    [{ callback: 'late' }, 'callback: Invalid option'],
    [{ objects: 'newest' }, 'objects: Invalid option'],
    [{ pendingAs: 1 }, 'pendingAs: Invalid input'],
  ])('is refused to be told as %j', async (options, problem) => {
    const attempt = jpaySimulator(options as JpaySimulatorOptions);
    await expect(attempt).rejects.toBeInstanceOf(ConfigurationError);
    await expect(attempt).rejects.toThrow(problem);
  });
});

describe('the debit', () => {
  it('happens at initiation, and is refunded with the fee when the payout fails', async () => {
    const simulator = await start({ fee: '2.50' });
    await initiate(simulator);
    expect(payoutBalance(simulator)).toBe('897.50');
    simulator.advance('ref-1', 'processing');
    expect(payoutBalance(simulator)).toBe('897.50');
    simulator.advance('ref-1', 'failed');
    expect(payoutBalance(simulator)).toBe('1000.00');
    await initiate(simulator, { ref_no: 'ref-2' });
    simulator.advance('ref-2', 'completed');
    expect(payoutBalance(simulator)).toBe('897.50');
  });

  it('is refunded later when the options require it', async () => {
    const time = stoppedClock(nowMs);
    const simulator = await start({ clock: time, refundAfterMs: 40 });
    await initiate(simulator);
    simulator.advance('ref-1', 'failed');
    expect(payoutBalance(simulator)).toBe('900.00');
    await time.pass(40);
    expect(payoutBalance(simulator)).toBe('1000.00');
  });

  it('happens at completion when the options require it, and never for a failure', async () => {
    const simulator = await start({ debitAt: 'completion', fee: '2.50' });
    for (const ref_no of ['ref-1', 'ref-2']) await initiate(simulator, { ref_no });
    simulator.advance('ref-1', 'processing');
    simulator.advance('ref-2', 'failed');
    expect(payoutBalance(simulator)).toBe('1000.00');
    simulator.advance('ref-1', 'completed');
    expect(payoutBalance(simulator)).toBe('897.50');
  });

  it('happens some time after completion when the options require it', async () => {
    const time = stoppedClock(nowMs);
    const simulator = await start({ clock: time, debitAt: { msAfterCompletion: 40 } });
    await initiate(simulator);
    simulator.advance('ref-1', 'completed');
    expect(payoutBalance(simulator)).toBe('1000.00');
    await time.pass(40);
    expect(payoutBalance(simulator)).toBe('900.00');
  });

  it('that is late overdraws a wallet that was promised twice, which holds prevent', async () => {
    const simulator = await start({ debitAt: 'completion' });
    for (const ref_no of ['ref-1', 'ref-2']) {
      expect((await initiate(simulator, { ref_no, amount: '600.00' })).status).toBe(200);
    }
    simulator.advance('ref-1', 'completed');
    simulator.advance('ref-2', 'completed');
    expect(payoutBalance(simulator)).toBe('-200.00');
    expect(await initiate(simulator, { ref_no: 'ref-3', amount: '1.00' })).toMatchObject({ status: 400 });
  });

  it('must be covered together with its fee', async () => {
    const simulator = await start({ fee: '2.50' });
    expect(await initiate(simulator, { amount: '997.51' })).toEqual(
      refusal(400, 'Insufficient balance in payout wallet'),
    );
    expect((await initiate(simulator, { amount: '997.50' })).status).toBe(200);
    expect(payoutBalance(simulator)).toBe('0.00');
  });
});

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

describe('an answer that is lost', () => {
  const path = '/payments/payouts/initiate';

  it.each([
    ['lost', { kind: 'lost' }, 'fetch failed'],
    ['reset_midway', { kind: 'reset_midway' }, 'terminated'],
  ] as const)('%s: the payout was made all the same', async (_, fault, message) => {
    const simulator = await start();
    simulator.fault(fault, { path, times: 1 });
    await expect(initiate(simulator)).rejects.toThrow(message);
    expect(simulator.payouts.map(({ refNo, status }) => [refNo, status])).toEqual([['ref-1', 'pending']]);
    expect(payoutBalance(simulator)).toBe('900.00');
    expect(await initiate(simulator)).toEqual(refusal(400, 'Reference number already exists'));
  });

  it.each([
    [500, 'Internal Server Error'],
    [502, 'Bad Gateway'],
  ])('lost with status %i: a gateway answers in its place', async (status, title) => {
    const simulator = await start();
    simulator.fault({ kind: 'lost', status }, { path, times: 1 });
    const headers = { authorization: `Bearer ${simulator.accessToken()}` };
    const body = JSON.stringify(initiation());
    const response = await fetch(`${simulator.url}${path}`, { method: 'POST', headers, body });
    expect([response.status, response.headers.get('content-type')]).toEqual([status, 'text/html']);
    expect(await response.text()).toBe(`<html><head><title>${status} ${title}</title></head><body>Oops.</body></html>`);
    expect(payoutBalance(simulator)).toBe('900.00');
  });

  it('slow: the payout is made before the answer', async () => {
    const simulator = await start();
    simulator.fault({ kind: 'slow', ms: 60_000 }, { path, times: 1 });
    const headers = { authorization: `Bearer ${simulator.accessToken()}` };
    const init = { method: 'POST', headers, body: JSON.stringify(initiation()), signal: AbortSignal.timeout(100) };
    await expect(fetch(`${simulator.url}${path}`, init)).rejects.toThrow('timeout');
    expect(payoutBalance(simulator)).toBe('900.00');
  });

  it('reset, hang and html_500: the payout was not processed', async () => {
    const simulator = await start();
    for (const kind of ['reset', 'html_500'] as const) {
      simulator.fault({ kind }, { path, times: 1 });
      await initiate(simulator).catch(() => {});
    }
    expect([payoutBalance(simulator), simulator.payouts]).toEqual(['1000.00', []]);
  });

  it('also loses the answer to a refused request', async () => {
    const simulator = await start();
    simulator.fault({ kind: 'lost' }, { path, times: 1 });
    await expect(initiate(simulator, { amount: '5000.00' })).rejects.toThrow('fetch failed');
    expect(simulator.payouts).toEqual([]);
  });

  it('is lost only with an error status', async () => {
    const simulator = await start();
    for (const status of [399, 600, 200]) {
      expect(() => simulator.fault({ kind: 'lost', status })).toThrow(ConfigurationError);
    }
  });
});
