// payoutRoute: payouts that are not made, duplicates, and invalid options.
import { describe, expect, it } from '@jest/globals';
import type { Request, Response } from 'express';
import {
  ConfigurationError,
  createPayoutGuard,
  type HoldInfo,
  type HoldStore,
  memoryStore,
  PayoutRejectedError,
} from 'payout-guard';
import { holdOf, type PayoutHandler, type PayoutRouteOptions, payoutRoute } from 'payout-guard/express';
import { thrownBy } from '../support/errors.js';
import { changed, heldLate } from '../support/stores.js';
import { deferred, type ScriptedWallet, scriptedWallet } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';
import { frameworks, listen, outcome } from './api.js';
import { atTheEnd, payoutApi, type Setup } from './payout-route-support.js';

const warnings = collectWarnings();

const released = 'released, spendable 1000.00';

const sent = 'sent, spendable 600.00';

describe.each(frameworks)('payoutRoute on %s', (_, express) => {
  const api = (handler: PayoutHandler, setup?: Setup) => payoutApi(express, handler, setup);

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
    const gated = (wallet: ScriptedWallet) => heldLate(memoryStore({ clock: wallet.clock }));

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
      atTheEnd(() => guard.close({ waitMs: 0 }));
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
