// A route that pays: the hold at the end of the handler, and the validation of the options.
import { describe, expect, it } from '@jest/globals';
import type { ErrorRequestHandler, Request, Response } from 'express';
import {
  BalanceUnavailableError,
  ConfigurationError,
  createPayoutGuard,
  type Hold,
  type HoldInfo,
  type HoldStore,
  memoryStore,
  type PayoutGuard,
  PayoutRejectedError,
} from 'payout-guard';
import {
  holdOf,
  type Pay,
  type PayoutHandler,
  type PayoutRouteOptions,
  payoutGuardErrors,
  payoutRoute,
} from 'payout-guard/express';
import { thrownBy } from '../support/errors.js';
import { changed } from '../support/stores.js';
import { deferred, type ScriptedWallet, scriptedWallet } from '../support/wallet.js';
import { codesOf, collectWarnings } from '../support/warnings.js';
import { cleanUp, frameworks, type Listening, listen, settled } from './api.js';

const atTheEnd = cleanUp();
const warnings = collectWarnings();

interface Setup {
  readonly route?: Partial<PayoutRouteOptions>;
  readonly guard?: Parameters<ScriptedWallet['guard']>[0];
  readonly wallet?: ScriptedWallet;
}

describe.each(frameworks)('payoutRoute on %s', (_, express) => {
  async function api(handler: PayoutHandler, setup: Setup = {}): Promise<Listening & { guard: PayoutGuard }> {
    const guard = (setup.wallet ?? scriptedWallet('1000.00')).guard(setup.guard);
    atTheEnd(() => guard.close({ waitMs: 0 }));
    const app = express();
    app.use(express.json());
    const options = {
      amount: (req: Request) => req.body.amount,
      reference: (req: Request) => req.get('Idempotency-Key'),
      ...setup.route,
    };
    app.post('/payouts', payoutRoute(guard, options, handler));
    app.use(payoutGuardErrors());
    app.use(((error, _req, res, next) => {
      if (res.headersSent) return next(error);
      res.status(error.status ?? 500).json({ message: error.message });
    }) as ErrorRequestHandler);
    return { ...(await listen(app, atTheEnd)), guard };
  }

  /** State, use of the reference, and the spendable amount of the wallet. */
  async function outcome(guard: PayoutGuard, reference = 'p-1'): Promise<string> {
    await settled();
    const hold = await guard.getHold(reference);
    return `${hold?.state}${hold?.failed ? ' failed' : ''}, spendable ${(await guard.funds()).spendable}`;
  }
  const released = 'released, spendable 1000.00';
  const sent = 'sent, spendable 600.00';
  const captured = 'captured, spendable 600.00';

  it('holds as reserved before the handler runs, and marks as sent before the payment does', async () => {
    const seen: unknown[] = [];
    const { guard, post } = await api(
      async (_req, res, pay) => {
        const hold = holdOf(res);
        seen.push(hold?.reference, hold?.amount, hold?.state, (await guard.funds()).held);
        const receipt = await pay((same) => {
          seen.push(same === hold, same.state);
          return { id: 7 };
        });
        res.status(202).json(receipt);
      },
      { route: { fee: () => '10.00', metadata: (req) => ({ to: req.body.to }), fingerprint: (req) => req.body.to } },
    );
    const answer = await post({ reference: 'p-1', body: { amount: '400.00', to: 'alice' } }).answer;
    expect([answer.status, answer.text]).toEqual([202, '{"id":7}']);
    expect(seen).toEqual(['p-1', '410.00', 'reserved', '410.00', true, 'sent']);
    expect((await guard.getHold('p-1'))?.metadata).toEqual({ to: 'alice' });
    const other = await post({ reference: 'p-1', body: { amount: '400.00', to: 'bob' } }).answer;
    expect([other.status, other.code]).toEqual([422, 'hold_conflict']);
  });

  it.each<[string, Partial<PayoutRouteOptions>, Parameters<Pay>[1], string]>([
    ['nothing', {}, undefined, sent],
    ['settles of the route', { settles: 'onReturn' }, undefined, captured],
    ['settles of the call', {}, { settles: 'onReturn' }, captured],
    ['returns of the route', { returns: 'providerAnswer' }, undefined, 'released failed, spendable 1000.00'],
    ['returns of the call', {}, { returns: 'providerAnswer' }, 'released failed, spendable 1000.00'],
  ])('settles by the options: %s', async (name, route, options, expected) => {
    const verdict = name.startsWith('returns') ? 'failed' : undefined;
    const wallet = scriptedWallet('1000.00', { verdictOfResult: () => verdict });
    const { guard, post } = await api(
      async (_req, res, pay) => {
        await pay(() => 'answer', options);
        res.status(201).end();
      },
      { wallet, route },
    );
    expect((await post({ reference: 'p-1' }).answer).status).toBe(201);
    expect(await outcome(guard)).toBe(expected);
  });

  it.each<[string, PayoutHandler, number]>([
    ['answers', async (_req, res) => void res.status(404).end(), 404],
    ['answers and returns the response', async (_req, res) => res.status(404).end(), 404],
    ['answers without a promise', (_req, res) => void res.status(404).end(), 404],
    ['answers 201', async (_req, res) => void res.status(201).end(), 201],
    ['throws', () => Promise.reject(Object.assign(new Error('gone'), { status: 410 })), 410],
    [
      'throws without a promise',
      () => {
        throw Object.assign(new Error('gone'), { status: 410 });
      },
      410,
    ],
    ['rejects the payout', () => Promise.reject(new PayoutRejectedError('no such payee')), 422],
  ])(
    'releases the hold of a handler that %s without pay, for a retry to use the reference',
    async (_, handler, status) => {
      const handlers: PayoutHandler[] = [
        handler,
        async (_req, res, pay) => res.status(201).json(await pay(() => 'paid')),
      ];
      const { guard, post } = await api((req, res, pay) => handlers.shift()?.(req, res, pay));
      expect((await post({ reference: 'p-1' }).answer).status).toBe(status);
      expect(await outcome(guard)).toBe(released);
      expect((await post({ reference: 'p-1' }).answer).status).toBe(201);
      expect(await outcome(guard)).toBe(sent);
    },
  );

  it.each<[string, number | undefined, PayoutHandler]>([
    ['an asynchronous one', undefined, async (_req, res) => void setTimeout(() => res.status(200).end(), 5)],
    ['one that has answered', 202, (_req, res) => void res.status(202).end()],
  ])('P4. rejects a pay that comes after the handler has ended: %s', async (_, status, handler) => {
    let paid = 0;
    const late = deferred<unknown>();
    const { guard, post } = await api((req, res, pay) => {
      setTimeout(() => late.resolve(thrownBy(pay(() => ++paid))), 1);
      return handler(req, res, pay);
    });
    expect((await post({ reference: 'p-1' }).answer).status).toBe(status ?? 200);
    expect(await late.promise).toMatchObject({ code: 'hold_state', reference: 'p-1', state: 'released' });
    expect([paid, await outcome(guard)]).toEqual([0, released]);
  });

  it('P4. rejects a pay that comes after the handler has ended, also when it has marked the hold as sent', async () => {
    let paid = 0;
    const late = deferred<unknown>();
    const { guard, post } = await api(async (_req, res, pay) => {
      await holdOf(res)?.sent();
      setTimeout(() => late.resolve(thrownBy(pay(() => ++paid))), 1);
      res.status(202).end();
    });
    expect((await post({ reference: 'p-1' }).answer).status).toBe(202);
    expect(await late.promise).toMatchObject({ code: 'hold_state', reference: 'p-1', state: 'sent' });
    expect([paid, await outcome(guard)]).toEqual([0, sent]);
  });

  it('P4. begins once: a second pay rejects and changes nothing', async () => {
    let paid = 0;
    const { guard, post } = await api(async (_req, res, pay) => {
      const first = pay(async () => ++paid);
      const second = await thrownBy(pay(async () => ++paid));
      const third = await thrownBy(holdOf(res)?.pay(async () => ++paid) ?? Promise.resolve());
      res.json([await first, (second as { code: string }).code, (third as { code: string }).code]);
    });
    const answer = await post({ reference: 'p-1' }).answer;
    expect([answer.text, paid]).toEqual(['[1,"hold_state","hold_state"]', 1]);
    expect(await outcome(guard)).toBe(sent);
  });

  it('P4. reports a forgotten await, and lets the payment function decide all the same', async () => {
    const gate = deferred<void>();
    const { guard, post } = await api(async (_req, res, pay) => {
      void pay(() => gate.promise, { settles: 'onReturn' });
      res.status(202).end();
    });
    expect((await post({ reference: 'p-1' }).answer).status).toBe(202);
    expect(await outcome(guard)).toBe(sent);
    expect(warnings).toEqual([
      'PAYOUT_GUARD_NOT_AWAITED: A handler ended without awaiting pay() of payout p-1: put `await` before it.',
    ]);
    gate.resolve();
    expect(await outcome(guard)).toBe(captured);
  });

  it('P4. reports the failure of a payment that is not awaited, and the process continues', async () => {
    const { guard, post } = await api(async (_req, res, pay) => {
      void pay(() => Promise.reject(new Error('socket hang up')));
      res.status(202).end();
    });
    expect((await post({ reference: 'p-1' }).answer).status).toBe(202);
    expect(await outcome(guard)).toBe(sent);
    expect(codesOf(warnings)).toEqual(['PAYOUT_GUARD_NOT_AWAITED', 'PAYOUT_GUARD_NOT_AWAITED']);
  });

  it.each<
    [string, (pay: Pay, hold: Hold, guard: PayoutGuard, clock: ScriptedWallet['clock']) => unknown, number, string]
  >([
    ['was given no function', (pay) => pay(undefined as never), 400, 'invalid_argument'],
    [
      'was refused because the wallet is frozen',
      async (pay, _hold, guard) => {
        await guard.freeze('default', 'audit');
        await pay(() => 'paid');
      },
      423,
      'wallet_frozen',
    ],
    [
      'was refused because the guard closes',
      async (pay, _hold, guard) => {
        void guard.close({ waitMs: 0 });
        await pay(() => 'paid');
      },
      503,
      'balance_unavailable',
    ],
    [
      'came after the reservation had expired',
      async (pay, _hold, _guard, clock) => {
        clock.advance(60_000);
        await pay(() => 'paid');
      },
      409,
      'hold_state',
    ],
  ])('releases the hold when pay %s', async (_, act, status, code) => {
    const wallet = scriptedWallet('1000.00');
    const store = memoryStore({ clock: wallet.clock });
    const { guard, post } = await api(async (_req, res, pay) => act(pay, holdOf(res) as Hold, guard, wallet.clock), {
      wallet,
      guard: { store },
    });
    const answer = await post({ reference: 'p-1' }).answer;
    expect([answer.status, answer.code]).toEqual([status, code]);
    await settled();
    const { hold } = await store.get('p-1');
    expect([hold?.state, hold?.failed]).toEqual(['released', undefined]);
  });

  it('releases the hold when pay was not sure to be sent, with one report while the store stays silent', async () => {
    const wallet = scriptedWallet('1000.00');
    const memory = memoryStore({ clock: wallet.clock });
    let isSilent = false;
    const settle: HoldStore['settle'] = (request) => {
      if (isSilent) throw new Error('connection terminated');
      return memory.settle(request);
    };
    let paid = 0;
    const { guard, post } = await api(
      async (_req, res, pay) => {
        isSilent = true;
        await pay(() => ++paid);
        res.status(201).end();
      },
      { wallet, guard: { store: changed(memory, { settle }) } },
    );
    const answer = await post({ reference: 'p-1' }).answer;
    expect([answer.status, answer.code, paid]).toEqual([503, 'balance_unavailable', 0]);
    expect(codesOf(warnings)).toEqual(['PAYOUT_GUARD_SETTLEMENT_FAILED']);
    isSilent = false;
    await wallet.clock.pass(1_000);
    expect(await outcome(guard)).toBe(released);
  });

  it('R4. takes a reference that carries the tenant, and a missing key stays missing', async () => {
    const reference = (req: Request) => {
      const key = req.get('Idempotency-Key');
      return key && `${req.get('x-tenant')}:${key}`;
    };
    const { guard, post } = await api(async (_req, res, pay) => res.status(201).json(await pay(() => 'paid')), {
      route: { reference },
    });
    const ask = (tenant: string, key: string | undefined) =>
      post({ reference: key, headers: { 'x-tenant': tenant } }).answer;
    const answers = [await ask('acme', 'p-1'), await ask('umbrella', 'p-1'), await ask('acme', undefined)];
    expect(answers.map(({ status, code }) => [status, code])).toEqual([
      [201, undefined],
      [201, undefined],
      [400, 'invalid_reference'],
    ]);
    const { holds } = await guard.listHolds();
    expect(holds.map(({ reference: held }) => held)).toEqual(['acme:p-1', 'umbrella:p-1']);
  });

  it('keeps what the handler has marked as sent itself', async () => {
    const { guard, post } = await api(async (_req, res) => {
      await holdOf(res)?.sent();
      res.status(202).end();
    });
    expect((await post({ reference: 'p-1' }).answer).status).toBe(202);
    expect(await outcome(guard)).toBe(sent);
  });

  it('keeps what the handler marks as sent while it ends', async () => {
    const wallet = scriptedWallet('1000.00');
    const memory = memoryStore({ clock: wallet.clock });
    const gate = deferred<void>();
    const settle: HoldStore['settle'] = async (request) => {
      const done = await memory.settle(request);
      if (request.to === 'sent') await gate.promise;
      return done;
    };
    const { guard, post } = await api(
      async (_req, res) => {
        void holdOf(res)?.sent();
        res.status(202).end();
      },
      { wallet, guard: { store: changed(memory, { settle }) } },
    );
    expect((await post({ reference: 'p-1' }).answer).status).toBe(202);
    await settled();
    gate.resolve();
    expect(await outcome(guard)).toBe(sent);
  });

  it('keeps what the handler has settled itself', async () => {
    const { guard, post } = await api(async (req, res) => {
      if (req.get('Idempotency-Key') === 'p-1') await holdOf(res)?.capture('399.00');
      else await holdOf(res)?.release();
      res.status(201).end();
    });
    await post({ reference: 'p-1' }).answer;
    await post({ reference: 'p-2' }).answer;
    expect([await outcome(guard), await outcome(guard, 'p-2')]).toEqual([
      'captured, spendable 601.00',
      'released, spendable 601.00',
    ]);
  });

  it('answers 409, not 201 or 5xx, when the handler throws an error of this library after the payment', async () => {
    const { guard, post } = await api(async (_req, _res, pay) => {
      await pay(() => 'paid');
      throw new BalanceUnavailableError('network');
    });
    const answer = await post({ reference: 'p-1' }).answer;
    expect([answer.status, answer.code]).toEqual([409, 'payout_in_progress']);
    expect(await outcome(guard)).toBe(sent);
  });

  describe('R3. a handler without a promise', () => {
    it('that has not answered and not paid is a configuration error, and its late pay rejects', async () => {
      let paid = 0;
      const late = deferred<unknown>();
      const { guard, post } = await api((_req, _res, pay) => {
        setTimeout(() => late.resolve(thrownBy(pay(() => ++paid))), 1);
      });
      const answer = await post({ reference: 'p-1' }).answer;
      expect([answer.status, answer.code]).toEqual([500, 'configuration']);
      expect(await late.promise).toMatchObject({ code: 'hold_state' });
      expect([paid, await outcome(guard)]).toEqual([0, released]);
    });

    it.each<[string, PayoutHandler]>([
      ['has called pay', (_req, res, pay) => void pay(() => 'paid').then((receipt) => res.status(201).json(receipt))],
      [
        'pays under the hold of the response',
        (_req, res) =>
          void holdOf(res)
            ?.pay(() => 'paid')
            .then((receipt) => res.status(201).json(receipt)),
      ],
    ])('that %s is served', async (_, handler) => {
      const { guard, post } = await api(handler);
      const answer = await post({ reference: 'p-1' }).answer;
      expect([answer.status, answer.text]).toEqual([201, '"paid"']);
      expect([await outcome(guard), warnings]).toEqual([sent, []]);
    });

    it('may return anything that can be awaited', async () => {
      const { guard, post } = await api((_req, res, pay) => {
        const end = (resolve: (value: unknown) => void) => setTimeout(() => resolve(res.status(204).end()), 5);
        // biome-ignore lint/suspicious/noThenProperty: promises of other libraries have one.
        return { pay, then: end };
      });
      expect((await post({ reference: 'p-1' }).answer).status).toBe(204);
      expect(await outcome(guard)).toBe(released);
    });
  });

  describe('a rejection', () => {
    it.each<[string, unknown, number, string]>([
      ['an error with a status', Object.assign(new Error('gone'), { status: 410 }), 410, '{"message":"gone"}'],
      ['an error without one', new Error('broken'), 500, '{"message":"broken"}'],
      ['nothing', undefined, 500, '{"message":"Rejected promise"}'],
      ['null', null, 500, '{"message":"Rejected promise"}'],
    ])('of %s reaches the error handlers and nothing behind the route', async (_, error, status, text) => {
      const { post } = await api(() => Promise.reject(error));
      const answer = await post({ reference: 'p-1' }).answer;
      expect([answer.status, answer.text]).toEqual([status, text]);
    });
  });

  describe('R2. the handler does not run, and the hold is released,', () => {
    function gated(wallet: ScriptedWallet) {
      const memory = memoryStore({ clock: wallet.clock });
      const held = deferred<void>();
      const goOn = deferred<void>();
      const hold: HoldStore['hold'] = async (request) => {
        const answer = await memory.hold(request);
        held.resolve();
        await goOn.promise;
        return answer;
      };
      return { store: changed(memory, { hold }), held, goOn };
    }

    it('when the client left during the hold request', async () => {
      const wallet = scriptedWallet('1000.00');
      const { store, held, goOn } = gated(wallet);
      let ran = 0;
      const { guard, post } = await api(() => ++ran, { wallet, guard: { store } });
      const asked = post({ reference: 'p-1' });
      await held.promise;
      await asked.leave();
      goOn.resolve();
      expect([await outcome(guard), ran]).toEqual([released, 0]);
    });

    it('when another layer has answered during the hold request, sent or not', async () => {
      const wallet = scriptedWallet('1000.00');
      const { store, held, goOn } = gated(wallet);
      const guard = wallet.guard({ store });
      atTheEnd(() => guard.close());
      let ran = 0;
      const app = express();
      app.post(
        '/payouts',
        (_req, res, next) => {
          void held.promise.then(() => {
            res.status(503).end();
            // Ended, but not finished yet: the hold is granted in the same turn.
            goOn.resolve();
          });
          next();
        },
        payoutRoute(guard, { amount: () => '400.00', reference: () => 'p-1' }, async () => ++ran),
      );
      const { post } = await listen(app, atTheEnd);
      expect((await post().answer).status).toBe(503);
      expect([await outcome(guard), ran]).toEqual([released, 0]);
    });
  });

  describe('P10. onDuplicate', () => {
    /** An API that has made p-1, is making p-2, and has failed to make p-3. */
    async function used(onDuplicate: PayoutRouteOptions['onDuplicate'], setup: Setup = {}) {
      const { guard, post } = await api(
        async (req, res, pay) => {
          const reference = req.get('Idempotency-Key');
          await pay(
            () => {
              if (reference === 'p-3') throw new PayoutRejectedError();
            },
            reference === 'p-1' ? { settles: 'onReturn' } : {},
          );
          res.status(201).end();
        },
        { ...setup, route: { onDuplicate } },
      );
      for (const reference of ['p-1', 'p-2', 'p-3']) await post({ reference, body: { amount: '100.00' } }).answer;
      const again = (reference: string, amount = '100.00') => post({ reference, body: { amount } }).answer;
      return { guard, again };
    }
    const show = (_req: Request, res: Response, hold: HoldInfo | undefined) =>
      void res.status(200).json([hold?.reference, hold?.state, hold?.failed ?? false]);

    it('answers from the record of the application: made, under way and failed', async () => {
      const { again } = await used(show);
      const answers = [];
      for (const reference of ['p-1', 'p-2', 'p-3']) answers.push(await again(reference));
      expect(answers.map(({ status, text }) => `${status} ${text}`)).toEqual([
        '200 ["p-1","captured",false]',
        '200 ["p-2","sent",false]',
        '200 ["p-3","released",true]',
      ]);
    });

    it('is not called for another payout under the same reference', async () => {
      const { again } = await used(show);
      const answer = await again('p-1', '99.00');
      expect([answer.status, answer.code]).toEqual([422, 'hold_conflict']);
    });

    it('is given no hold when the store cannot show it', async () => {
      const wallet = scriptedWallet('1000.00');
      const memory = memoryStore({ clock: wallet.clock });
      const get: HoldStore['get'] = () => Promise.reject(new Error('connection terminated'));
      const { again } = await used(show, { wallet, guard: { store: changed(memory, { get }) } });
      expect((await again('p-1')).text).toBe('[null,null,false]');
    });

    it('F1. leaves the answer to the default when it returns without one, at once or later', async () => {
      for (const decline of [() => {}, async () => {}, async () => 'an answer that is none']) {
        const { again } = await used(decline);
        const [made, open, failed] = [await again('p-1'), await again('p-2'), await again('p-3')];
        expect([made.status, made.code]).toEqual([409, 'duplicate_reference']);
        expect([open.status, open.code, open.headers['retry-after']]).toEqual([409, 'payout_in_progress', '5']);
        expect([failed.status, failed.code]).toEqual([409, 'duplicate_reference']);
      }
    });

    it('F1. is awaited, and what it throws reaches the error handlers', async () => {
      const error = Object.assign(new Error('no record'), { status: 501 });
      const slow = await used(async (_req, res) => {
        await new Promise(setImmediate);
        res.status(208).end();
      });
      expect((await slow.again('p-1')).status).toBe(208);
      for (const fail of [
        () => Promise.reject(error),
        () => {
          throw error;
        },
      ]) {
        const { again, guard } = await used(fail);
        const answer = await again('p-1');
        expect([answer.status, answer.text]).toEqual([501, '{"message":"no record"}']);
        expect((await guard.getHold('p-1'))?.state).toBe('captured');
      }
    });
  });
});

describe('payoutRoute is not created', () => {
  const { provider } = scriptedWallet();
  const guard = scriptedWallet().guard();
  const two = createPayoutGuard({
    wallets: { one: { provider, currency: 'KES' }, two: { provider: scriptedWallet().provider, currency: 'KES' } },
  });
  const source = { amount: () => '1.00', reference: () => 'p-1' };
  const handler = async () => {};

  it.each<[string, () => unknown, RegExp]>([
    ['without options', () => payoutRoute(guard, undefined as never, handler), /configured/],
    [
      'without an amount',
      () => payoutRoute(guard, { reference: () => 'p-1' } as never, handler),
      /amount: must be a function/,
    ],
    [
      'without a reference',
      () => payoutRoute(guard, { amount: () => '1.00' } as never, handler),
      /reference: must be a function/,
    ],
    ['without a handler', () => payoutRoute(guard, source, undefined as never), /handler: must be a function/],
    [
      'without a guard',
      () => payoutRoute(undefined as never, source, handler),
      /guard: must be what createPayoutGuard returns/,
    ],
    ['with a guard that is none', () => payoutRoute({ hold: () => {} } as never, source, handler), /guard: must be/],
    ['with an unknown option', () => payoutRoute(guard, { ...source, fees: () => '1' } as never, handler), /fees/],
    [
      'with verdictOn, which it does not have',
      () => payoutRoute(guard, { ...source, verdictOn: 'none' } as never, handler),
      /verdictOn/,
    ],
    ['with an odd settles', () => payoutRoute(guard, { ...source, settles: 'later' } as never, handler), /settles/],
    ['with an odd returns', () => payoutRoute(guard, { ...source, returns: true } as never, handler), /returns/],
    [
      'with an odd onDuplicate',
      () => payoutRoute(guard, { ...source, onDuplicate: 'ok' } as never, handler),
      /onDuplicate: must be a function/,
    ],
    [
      'with an odd wallet',
      () => payoutRoute(guard, { ...source, wallet: 7 } as never, handler),
      /wallet: must be a key or a function/,
    ],
    ['without a wallet when the guard has several', () => payoutRoute(two, source, handler), /wallet.*must be named/],
  ])('%s', (_, create, message) => {
    expect(create).toThrow(ConfigurationError);
    expect(create).toThrow(message);
  });
});
