// Routes of `Request` and `Response`, over sockets.
import { getRequestListener } from '@hono/node-server';
import { describe, expect, it } from '@jest/globals';
import { InsufficientFundsError, type PayoutGuard, PayoutRejectedError } from 'payout-guard';
import {
  type GuardFetchOptions,
  guardFetch,
  type HoldFetchOptions,
  holdFetch,
  holdOf,
  problemOf,
  readPayout,
} from 'payout-guard/web';
import { type Answer, cleanUp, listen } from '../express/api.js';
import { thrownBy } from '../support/errors.js';
import { scriptedWallet } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';

const atTheEnd = cleanUp();
const warnings = collectWarnings();

// biome-ignore lint/suspicious/noExplicitAny: as users have it.
const amount = (_request: Request, body: any) => body.amount;
const reference = (request: Request) => request.headers.get('idempotency-key');

function newGuard(available = '1000.00'): PayoutGuard {
  const guard = scriptedWallet(available).guard();
  atTheEnd(() => guard.close({ waitMs: 0 }));
  return guard;
}

async function ask(handler: (request: Request) => Promise<Response>, body?: unknown, key = 'p-1'): Promise<Answer> {
  const { post } = await listen(getRequestListener(handler), atTheEnd);
  return post({ reference: key, ...(body !== undefined && { body }) }).answer;
}

describe('holdFetch', () => {
  it('holds, pays and settles by the payment function, and passes on what the framework gave', async () => {
    const guard = newGuard();
    const handler = holdFetch(
      guard,
      { amount, reference, settles: 'onReturn' },
      async (request, pay, body, context: { id: string }) => {
        const states = await pay(({ state }) => [state, holdOf(request)?.state]);
        return Response.json({ states, to: context.id, sum: body.amount, again: await request.json() });
      },
    );
    const { status, text } = await ask((request) => handler(request, { id: '7' }));
    expect([status, JSON.parse(text)]).toEqual([
      200,
      { states: ['sent', 'sent'], to: '7', sum: '400.00', again: { amount: '400.00' } },
    ]);
    expect((await guard.getHold('p-1'))?.state).toBe('captured');
  });

  it('passes on what `body` returned, and holds nothing for a request that it throws for', async () => {
    const guard = newGuard();
    const body = async (request: Request) => {
      const { amount } = (await request.json()) as { amount?: string };
      if (amount === undefined) throw new Error('no amount');
      return { total: amount };
    };
    const handler = holdFetch(
      guard,
      { body, amount: (_request, { total }) => total, reference },
      async (_request, pay, { total }) => {
        await pay(() => 'paid');
        return new Response(total);
      },
    );
    const refusing = (request: Request) => handler(request).catch((error) => new Response(error.message));
    expect((await ask(refusing, { amount: '12.50' })).text).toBe('12.50');
    expect((await ask(refusing, {}, 'p-2')).text).toBe('no amount');
    expect(await guard.getHold('p-2')).toBeUndefined();
  });

  it.each([
    ['an amount that is missing', {}, '400 invalid_amount'],
    ['a body that is not an object', 7, '400 invalid_amount'],
    ['more than there is', { amount: '1000.01' }, '422 insufficient_funds'],
  ])('answers %s as a problem, and the handler does not run', async (_, body, shown) => {
    const guard = newGuard();
    const handler = holdFetch(guard, { amount, reference }, () => Promise.reject(new Error('the handler ran')));
    const { status, code, headers } = await ask(handler, body);
    expect([`${status} ${code}`, headers['content-type']]).toEqual([shown, 'application/problem+json; charset=utf-8']);
  });

  it('shows amounts only where the options expose them', async () => {
    const options = { amount, reference, expose: 'amounts' } as const;
    const handler = holdFetch(newGuard('1.00'), options, async () => new Response());
    expect(JSON.parse((await ask(handler)).text)).toMatchObject({ available: '1.00', shortfall: '399.00' });
    const silent = holdFetch(newGuard('1.00'), { amount, reference }, async () => new Response());
    expect(JSON.parse((await ask(silent)).text)).not.toHaveProperty('available');
  });

  it('answers a taken reference from the record of the application, or with 409 and Retry-After', async () => {
    const guard = newGuard();
    const options: HoldFetchOptions<{ amount: string }> = { amount, reference };
    const pending = async (_request: Request, pay: <T>(fn: () => T) => Promise<T>) =>
      new Response(await pay(() => 'accepted'), { status: 202 });
    const handler = holdFetch(guard, options, pending);
    expect((await ask(handler)).status).toBe(202);
    const refused = await ask(handler);
    expect([refused.status, refused.code, refused.headers['retry-after']]).toEqual([409, 'payout_in_progress', '5']);
    const answering = holdFetch(
      guard,
      { ...options, onDuplicate: (_request, { amount }, hold) => Response.json({ amount, state: hold?.state }) },
      pending,
    );
    expect((await ask(answering)).text).toBe('{"amount":"400.00","state":"sent"}');
    const silent = holdFetch(guard, { ...options, onDuplicate: () => undefined }, pending);
    expect((await ask(silent)).status).toBe(409);
  });

  it.each([
    ['pays and returns no Response', true, '409 payout_in_progress', 'sent'],
    ['returns no Response', false, '500 configuration', 'released'],
  ])('answers a handler that %s as what it is', async (_, pays, shown, state) => {
    const guard = newGuard();
    const handler = holdFetch(guard, { amount, reference }, (async (
      _request: Request,
      pay: (fn: () => 1) => unknown,
    ) => {
      if (pays) await pay(() => 1);
    }) as never);
    const { status, code } = await ask(handler);
    expect([`${status} ${code}`, (await guard.getHold('p-1'))?.state]).toEqual([shown, state]);
  });

  it('does not run the handler for a client that has left', async () => {
    const guard = newGuard();
    const handler = holdFetch(guard, { amount, reference }, () => Promise.reject(new Error('the handler ran')));
    const request = new Request('http://127.0.0.1/', {
      method: 'POST',
      headers: { 'idempotency-key': 'p-1' },
      body: '{"amount":"1.00"}',
      signal: AbortSignal.abort(),
    });
    expect((await handler(request)).status).toBe(499);
    expect((await guard.getHold('p-1'))?.state).toBe('released');
  });

  it('reports a success without a payment, and refuses unknown options', async () => {
    await ask(holdFetch(newGuard(), { amount, reference }, async () => new Response()));
    expect(warnings).toEqual([expect.stringContaining('(POST /payouts) answered with success and never called pay()')]);
    expect(() =>
      holdFetch(newGuard(), { amount, reference, refrence: reference } as never, undefined as never),
    ).toThrow(/refrence.*handler: must be a function/s);
  });
});

describe('guardFetch', () => {
  const options: GuardFetchOptions<{ amount: string }> = {
    amount,
    reference,
    verdictOn: ({ status }) => (status === 201 ? 'completed' : status === 404 || status === 410 ? 'failed' : undefined),
  };

  it.each([
    [201, 'captured', false],
    [202, 'sent', false],
    [410, 'released', true],
    // A 404 proves nothing.
    [404, 'sent', false],
  ])('settles by the verdict on the Response: %i', async (status, state, failed) => {
    const guard = newGuard();
    let held: string | undefined;
    const handler = guardFetch(guard, options, async (request) => {
      held = holdOf(request)?.state;
      return new Response(undefined, { status });
    });
    expect((await ask(handler)).status).toBe(status);
    const hold = await guard.getHold('p-1');
    expect([held, hold?.state, hold?.failed === true]).toEqual(['sent', state, failed]);
  });

  it('answers for both holds when the second of two refuses, and judges no answer of its own', async () => {
    const guard = newGuard('700.00');
    const second = { ...options, reference: () => 'p-2', verdictOn: () => 'failed' as const };
    const first = { ...options, verdictOn: () => 'failed' as const };
    const handler = guardFetch(
      guard,
      first,
      guardFetch(guard, second, async () => new Response()),
    );
    const { status, code } = await ask(handler);
    expect([`${status} ${code}`, (await guard.getHold('p-1'))?.state]).toEqual(['409 payout_in_progress', 'sent']);
  });

  it('releases by a rejection of the handler, and takes no hold in mode check', async () => {
    const guard = newGuard();
    const rejected = guardFetch(guard, options, async () => {
      throw new PayoutRejectedError();
    });
    expect((await ask(rejected)).code).toBe('payout_rejected');
    expect((await guard.getHold('p-1'))?.failed).toBe(true);
    const checked = guardFetch(guard, { amount, mode: 'check' }, async (request) =>
      Response.json({ hold: holdOf(request) ?? 'none' }),
    );
    expect((await ask(checked, undefined, 'p-2')).text).toBe('{"hold":"none"}');
    expect((await ask(checked, { amount: '1000.01' }, 'p-2')).code).toBe('insufficient_funds');
  });
});

describe('problemOf', () => {
  it('describes an error of the guard, and none of the application', async () => {
    const error = await thrownBy(scriptedWallet('1.00').guard().assertSufficientFunds('2.00'));
    expect(error).toBeInstanceOf(InsufficientFundsError);
    expect(problemOf(error)).toMatchObject({
      status: 422,
      body: { code: 'insufficient_funds', title: 'Insufficient funds' },
    });
    expect(problemOf(error, { expose: 'amounts' })?.body).toMatchObject({ shortfall: '1.00' });
    expect(problemOf(new Error('broken'))).toBeUndefined();
  });

  it('claims of no request whose payment began that its payout was not made', async () => {
    const guard = newGuard();
    const hold = await guard.hold({ amount: '1.00', reference: 'p-1' });
    await hold.pay(() => 'accepted');
    const error = await thrownBy(guard.assertSufficientFunds('2000.00'));
    expect(problemOf(error, { holds: [hold] })).toMatchObject({ status: 409, headers: { 'retry-after': '5' } });
  });
});

describe('readPayout', () => {
  it('reads a payout from whatever a framework has', () => {
    const source = {
      amount: (body: { sum: string }) => body.sum,
      reference: () => 'p-1',
      wallet: 'kes',
      fee: () => '2.00',
    };
    expect(readPayout(source, [{ sum: '5.00' }])).toEqual({
      amount: '5.00',
      reference: 'p-1',
      wallet: 'kes',
      fee: '2.00',
    });
    expect(() => readPayout({ ...source, fee: (() => undefined) as never }, [{ sum: '5.00' }])).toThrow(
      /fee: returned nothing/,
    );
  });
});
