// A route that pays: the hold at the end of the handler, and the validation of the options.
import { describe, expect, it } from '@jest/globals';
import { BalanceUnavailableError, type Hold, memoryStore, type PayoutGuard, PayoutRejectedError } from 'payout-guard';
import { holdOf, type Pay, type PayoutHandler, type PayoutRouteOptions } from 'payout-guard/express';
import { thrownBy } from '../support/errors.js';
import { sentLate, silenced } from '../support/stores.js';
import { deferred, type ScriptedWallet, scriptedWallet } from '../support/wallet.js';
import { codesOf, collectWarnings } from '../support/warnings.js';
import { frameworks, outcome, settled } from './api.js';
import { payoutApi, type Setup } from './payout-route-support.js';

const warnings = collectWarnings();

const released = 'released, spendable 1000.00';

const sent = 'sent, spendable 600.00';

const captured = 'captured, spendable 600.00';

describe.each(frameworks)('payoutRoute on %s', (_, express) => {
  const api = (handler: PayoutHandler, setup?: Setup) => payoutApi(express, handler, setup);

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
    ['was given no function', (pay) => pay(undefined as never), 500, 'configuration'],
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
    const { store, silence } = silenced(memoryStore({ clock: wallet.clock }));
    let paid = 0;
    const { guard, post } = await api(
      async (_req, res, pay) => {
        silence(true);
        await pay(() => ++paid);
        res.status(201).end();
      },
      { wallet, guard: { store } },
    );
    const answer = await post({ reference: 'p-1' }).answer;
    expect([answer.status, answer.code, paid]).toEqual([503, 'balance_unavailable', 0]);
    expect(codesOf(warnings)).toEqual(['PAYOUT_GUARD_SETTLEMENT_FAILED']);
    silence(false);
    await wallet.clock.pass(1_000);
    expect(await outcome(guard)).toBe(released);
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
    const { guard, post } = await api(
      async (_req, res) => {
        void holdOf(res)?.sent();
        res.status(202).end();
      },
      { wallet, guard: { store: sentLate(memory, gate) } },
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
});
