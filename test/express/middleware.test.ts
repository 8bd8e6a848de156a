import { describe, expect, it } from '@jest/globals';
import express5, { type ErrorRequestHandler, type Express, type Request } from 'express';
import express4 from 'express4';
import { BalanceUnavailableError, ConfigurationError, type PayoutGuard, type PayoutGuardOptions } from 'payout-guard';
import {
  type PayoutGuardErrorsOptions,
  payoutGuardErrors,
  type RequireSufficientFundsOptions,
  requireSufficientFunds,
} from 'payout-guard/express';
import request from 'supertest';
import { type ScriptedWallet, scriptedWallet } from '../support/wallet.js';

const frameworks: [string, typeof express5][] = [
  ['Express 5', express5],
  ['Express 4', express4],
];

interface Setup {
  route?: Partial<RequireSufficientFundsOptions>;
  guard?: Partial<PayoutGuardOptions>;
  errors?: PayoutGuardErrorsOptions;
  ownHandler?: ErrorRequestHandler;
}

describe.each(frameworks)('on %s', (_, express) => {
  function api(wallet: ScriptedWallet, setup: Setup = {}): { app: Express; paid: unknown[]; guard: PayoutGuard } {
    const guard = wallet.guard(setup.guard);
    const paid: unknown[] = [];
    const app = express();
    app.use(express.json());
    app.post(
      '/payouts',
      requireSufficientFunds(guard, { amount: (req) => req.body.amount, ...setup.route }),
      (req, res) => {
        paid.push(req.body.amount);
        res.status(201).json({ paid: req.body.amount });
      },
    );
    app.use(setup.ownHandler ?? payoutGuardErrors(setup.errors));
    return { app, paid, guard };
  }

  it('lets a payout through that the wallet covers, once', async () => {
    const { app, paid } = api(scriptedWallet('1000.00'));
    const response = await request(app).post('/payouts').send({ amount: '1000.00' });
    expect([response.status, response.body, paid]).toEqual([201, { paid: '1000.00' }, ['1000.00']]);
  });

  it('answers 422 to one that it does not cover, without a balance, and runs no handler', async () => {
    const { app, paid } = api(scriptedWallet('1000.00'));
    const response = await request(app).post('/payouts').send({ amount: '1000.01' });
    expect(response.status).toBe(422);
    expect(response.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(response.headers['retry-after']).toBeUndefined();
    expect(JSON.parse(response.text)).toEqual({
      type: 'urn:payout-guard:insufficient_funds',
      title: 'Insufficient funds',
      status: 422,
      detail: 'The wallet cannot cover this payout.',
      code: 'insufficient_funds',
      temporary: false,
    });
    expect(paid).toEqual([]);
  });

  it('adds the amounts only when told to', async () => {
    const wallet = scriptedWallet('1000.00');
    const { app } = api(wallet, { errors: { expose: 'amounts' }, guard: { floor: '1.00' } });
    const response = await request(app).post('/payouts').send({ amount: '1000.01' });
    expect(JSON.parse(response.text)).toMatchObject({
      required: '1000.01',
      available: '1000.00',
      held: '0.00',
      spendable: '999.00',
      shortfall: '1.01',
      currency: 'KES',
      asOf: new Date(wallet.clock.now()).toISOString(),
    });
  });

  it('answers 503 with Retry-After and the reason when nobody can tell, and runs no handler', async () => {
    const wallet = scriptedWallet();
    wallet.answer = async () => {
      throw new BalanceUnavailableError('rate_limited', { retryAfterMs: 2_001, detail: 'HTTP 429' });
    };
    const { app, paid } = api(wallet);
    const response = await request(app).post('/payouts').send({ amount: '1.00' });
    expect([response.status, response.headers['retry-after'], paid]).toEqual([503, '3', []]);
    expect(JSON.parse(response.text)).toEqual({
      type: 'urn:payout-guard:balance_unavailable',
      title: 'Balance unavailable',
      status: 503,
      detail: 'The balance cannot be told right now. The payout was not made; try again later.',
      code: 'balance_unavailable',
      reason: 'rate_limited',
    });
  });

  it.each([
    ['nothing', {}],
    ['null', { amount: null }],
    ['an exponent', { amount: '1e3' }],
    ['a negative amount', { amount: '-5.00' }],
    ['zero', { amount: 0 }],
    ['an array', { amount: ['5.00'] }],
    ['an object', { amount: { __proto__: null, toFixed: 'x' } }],
    ['three decimals', { amount: '5.001' }],
  ])('answers 400 to %s as an amount', async (_case, body) => {
    const { app, paid } = api(scriptedWallet());
    const response = await request(app).post('/payouts').send(body);
    expect([response.status, JSON.parse(response.text).code, paid]).toEqual([400, 'invalid_amount', []]);
  });

  it('answers 400 when there is no body to find an amount in', async () => {
    const { app, paid } = api(scriptedWallet(), { route: { amount: (req: Request) => req.body.payout.amount } });
    const response = await request(app).post('/payouts').type('text/plain').send('5.00');
    expect([response.status, JSON.parse(response.text).code, paid]).toEqual([400, 'invalid_amount', []]);
  });

  it('counts the fee', async () => {
    const { app } = api(scriptedWallet('1000.00'), { route: { fee: () => '0.01' } });
    expect((await request(app).post('/payouts').send({ amount: '999.99' })).status).toBe(201);
    expect((await request(app).post('/payouts').send({ amount: '1000.00' })).status).toBe(422);
  });

  it('answers 422 to another currency of the client and 503 to one of the provider', async () => {
    const wallet = scriptedWallet();
    const { app, paid } = api(wallet, { route: { currency: (req: Request) => req.body.currency } });
    const wrong = await request(app).post('/payouts').send({ amount: '1.00', currency: 'UGX<script>' });
    expect([wrong.status, JSON.parse(wrong.text).detail]).toEqual([
      422,
      'The payout is in another currency, this guard decides in KES.',
    ]);
    wallet.balance = { available: '1000.00', currency: 'UGX' };
    const mismatch = await request(app).post('/payouts').send({ amount: '1.00', currency: 'KES' });
    expect([mismatch.status, JSON.parse(mismatch.text).code, paid]).toEqual([503, 'currency_mismatch', []]);
  });

  it('takes the wallet from a key or from who is signed in', async () => {
    const wallet = scriptedWallet('0', { wallets: 'many' });
    wallet.answer = async (asked) => ({ available: asked.wallet === 'm/1' ? '5.00' : '0.00', currency: 'KES' });
    const guard = { wallets: ['m/1', 'm/2'] };
    const fixed = api(wallet, { guard, route: { wallet: 'm/1' } });
    expect((await request(fixed.app).post('/payouts').send({ amount: '5.00' })).status).toBe(201);
    const signedIn = api(wallet, { guard, route: { wallet: (req: Request) => `m/${req.get('x-user')}` } });
    const status = async (user: string) =>
      (await request(signedIn.app).post('/payouts').set('x-user', user).send({ amount: '5.00' })).status;
    expect([await status('1'), await status('2'), await status('3')]).toEqual([201, 422, 500]);
  });

  it('tells a client nothing about a misconfigured server', async () => {
    const { app } = api(scriptedWallet(), { route: { wallet: 'nobody' } });
    const response = await request(app).post('/payouts').send({ amount: '1.00' });
    expect([response.status, JSON.parse(response.text).detail]).toEqual([
      500,
      'The payout was not made. The operator of this API has to act.',
    ]);
  });

  it('works with an error handler of the application, through status and expose', async () => {
    const ownHandler: ErrorRequestHandler = (error, _req, res, _next) => {
      res.status(error.status).json({ message: error.expose ? error.message : 'hidden', name: error.name });
    };
    const { app } = api(scriptedWallet('0.00'), { ownHandler, guard: { insufficientFundsStatus: 402 } });
    const response = await request(app).post('/payouts').send({ amount: '1.00' });
    expect([response.status, response.body]).toEqual([
      402,
      { message: 'The wallet cannot cover this payout.', name: 'InsufficientFundsError' },
    ]);
  });

  it('leaves the errors of others alone', async () => {
    const app = express();
    app.get('/', () => {
      throw Object.assign(new Error('not ours'), { status: 418, code: 'insufficient_funds' });
    });
    app.use(payoutGuardErrors());
    app.use(((error, _req, res, _next) => res.status(error.status).send('other')) as ErrorRequestHandler);
    const response = await request(app).get('/');
    expect([response.status, response.text]).toEqual([418, 'other']);
  });

  it('does not write over an answer that has begun', async () => {
    const app = express();
    const { assertSufficientFunds } = scriptedWallet('0.00').guard();
    app.get('/', (_req, res, next) => {
      res.write('half');
      assertSufficientFunds('1.00').catch(next);
    });
    app.use(payoutGuardErrors());
    await expect(request(app).get('/')).rejects.toThrow(/aborted|hang up/);
  });
});

describe('at creation', () => {
  const guard = scriptedWallet().guard();

  it.each([
    [
      'no amount',
      () => requireSufficientFunds(guard, {} as RequireSufficientFundsOptions),
      /amount: must be a function/,
    ],
    ['a typo', () => requireSufficientFunds(guard, { amount: () => '1', fees: () => '1' } as never), /fees/],
    ['no guard', () => requireSufficientFunds(undefined as never, { amount: () => '1' }), /guard: must be/],
    ['no options', () => requireSufficientFunds(guard, undefined as never), /configured/],
    ['an odd exposure', () => payoutGuardErrors({ expose: true } as never), /expose/],
  ])('%s is refused', (_, act, message) => {
    expect(act).toThrow(ConfigurationError);
    expect(act).toThrow(message);
  });
});
