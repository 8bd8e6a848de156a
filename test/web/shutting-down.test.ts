// A guard that closes while requests of its routes are under way, in the order of docs/shutting-down.md (S5).
import { mkdtempSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { describe, expect, it } from '@jest/globals';
import express from 'express';
import { Hono } from 'hono';
import { createPayoutGuard, memoryStore, type PayoutGuard } from 'payout-guard';
import { payoutGuardErrors, payoutRoute, requireSufficientFunds } from 'payout-guard/express';
import * as ofHono from 'payout-guard/hono';
import { sqliteStore } from 'payout-guard/stores/sqlite';
import { guardFetch } from 'payout-guard/web';
import { servedRequests } from '../../src/web/served-requests.js';
import { cleanUp, listen, settled } from '../express/api.js';
import { thrownBy } from '../support/errors.js';
import { deferred, scriptedWallet } from '../support/wallet.js';
import { codesOf, collectWarnings } from '../support/warnings.js';

const atTheEnd = cleanUp();
const warnings = collectWarnings();

type Handler = () => Promise<unknown>;
type Guarded = (guard: PayoutGuard, pays: Handler) => RequestListener;

const verdictOf = (status: number) => (status === 201 ? 'completed' : undefined);
const amount = () => '400.00';

const onExpress: Guarded = (guard, pays) => {
  const app = express();
  const verdictOn = (_req: express.Request, res: express.Response) => verdictOf(res.statusCode);
  const funds = requireSufficientFunds(guard, { amount, reference: (req) => req.get('Idempotency-Key'), verdictOn });
  app.post('/payouts', funds, (_req, res, next) => void pays().then(() => res.status(201).end(), next));
  return app;
};

const onHono: Guarded = (guard, pays) => {
  const app = new Hono();
  const reference = (c: { req: { header: (name: string) => string | undefined } }) => c.req.header('Idempotency-Key');
  const funds = ofHono.requireSufficientFunds(guard, {
    amount,
    reference,
    verdictOn: ({ res }) => verdictOf(res.status),
  });
  app.post('/payouts', funds, async (c) => {
    await pays();
    return c.json({}, 201);
  });
  return getRequestListener(app.fetch);
};

const onFetch: Guarded = (guard, pays) => {
  const reference = (request: Request) => request.headers.get('Idempotency-Key');
  const options = { amount, reference, verdictOn: ({ status }: Response) => verdictOf(status) };
  const serve = guardFetch(guard, options, async () => {
    await pays();
    return Response.json({}, { status: 201 });
  });
  return getRequestListener((request) => serve(request));
};

const frameworks: [name: string, guarded: Guarded][] = [
  ['Express', onExpress],
  ['Hono', onHono],
  ['a function of Request', onFetch],
];

describe.each(frameworks)('S5. close, while a handler on %s pays by itself', (_name, guarded) => {
  async function paying() {
    const wallet = scriptedWallet('1000.00');
    const store = memoryStore({ clock: wallet.clock });
    const guard = wallet.guard({ store });
    const [entered, paid] = [deferred<void>(), deferred<void>()];
    const app = guarded(guard, () => {
      entered.resolve();
      return paid.promise;
    });
    const { server, post } = await listen(app, atTheEnd);
    const { answer } = post({ reference: 'p-1' });
    await entered.promise;
    server.close();
    return { wallet, store, guard, paid, answer };
  }

  it('waits for its answer, and for the verdict on it', async () => {
    const { store, guard, paid, answer } = await paying();
    const closing = guard.close({ waitMs: 10_000 });
    const first = await Promise.race([closing.then(() => 'closed'), settled().then(() => 'waits')]);
    paid.resolve();
    expect([first, (await answer).status, await closing]).toEqual(['waits', 201, { open: [] }]);
    expect((await store.get('p-1')).hold?.state).toBe('captured');
    expect(warnings).toEqual([]);
  });

  it('lists the payout when the handler does not answer in time', async () => {
    const { wallet, store, guard, paid } = await paying();
    const closing = guard.close({ waitMs: 10_000 });
    await wallet.clock.pass(10_000);
    expect(await closing).toMatchObject({ open: [{ reference: 'p-1', wallet: 'default', pending: 'paying' }] });
    expect([(await store.get('p-1')).hold?.state, codesOf(warnings)]).toEqual(['sent', ['PAYOUT_GUARD_LEFT_OPEN']]);
    paid.resolve();
  });
});

describe('S5. the order of docs/shutting-down.md, with a store on disk', () => {
  it('records a payout that a handler is making when the process has to stop', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'shutting-down-')), 'holds.db');
    const { provider } = scriptedWallet('1000.00');
    const store = sqliteStore({ file });
    const guard = createPayoutGuard({ provider, currency: 'KES', store });
    const entered = deferred<void>();
    const app = onExpress(guard, async () => {
      entered.resolve();
      await new Promise((resolve) => setTimeout(resolve, 200));
    });
    const { server, post } = await listen(app, atTheEnd);
    const { answer } = post({ reference: 'p-1' });
    await entered.promise;

    server.close();
    const { open } = await guard.close({ waitMs: 10_000 });
    await store.close();
    const next = sqliteStore({ file });
    atTheEnd(() => next.close());
    expect([(await answer).status, open, (await next.get('p-1')).hold?.state]).toEqual([201, [], 'captured']);
    expect(warnings).toEqual([]);
  });
});

describe('S5. close, while the handler of a payoutRoute has not begun to pay', () => {
  async function validating() {
    const wallet = scriptedWallet('1000.00');
    const store = memoryStore({ clock: wallet.clock });
    const guard = wallet.guard({ store });
    const [entered, mayPay, ended] = [deferred<void>(), deferred<void>(), deferred<unknown>()];
    let made = 0;
    const app = express();
    const source = { amount, reference: (req: express.Request) => req.get('Idempotency-Key') };
    const route = payoutRoute(guard, source, async (_req, res, pay) => {
      entered.resolve();
      await mayPay.promise;
      const payment = pay(() => ++made);
      ended.resolve(await thrownBy(payment));
      await payment;
      res.status(201).end();
    });
    app.post('/payouts', route).use(payoutGuardErrors());
    const { server, post } = await listen(app, atTheEnd);
    const { answer } = post({ reference: 'p-1' });
    await entered.promise;
    server.close();
    return { wallet, store, guard, mayPay, ended, answer, made: () => made };
  }

  it('waits for its end: nothing is paid, and the hold is released', async () => {
    const { store, guard, mayPay, answer, made } = await validating();
    const closing = guard.close({ waitMs: 10_000 });
    const first = await Promise.race([closing.then(() => 'closed'), settled().then(() => 'waits')]);
    mayPay.resolve();
    expect([first, (await answer).code, await closing]).toEqual(['waits', 'balance_unavailable', { open: [] }]);
    expect([(await store.get('p-1')).hold?.state, made()]).toEqual(['released', 0]);
  });

  it('releases the hold after the wait, and pays nothing later', async () => {
    const { wallet, store, guard, mayPay, ended, made } = await validating();
    const closing = guard.close({ waitMs: 10_000 });
    await wallet.clock.pass(10_000);
    expect([await closing, (await store.get('p-1')).hold?.state]).toEqual([{ open: [] }, 'released']);
    mayPay.resolve();
    expect([await ended.promise, made()]).toMatchObject([{ code: 'hold_state' }, 0]);
  });

  it('forgets a request that never ended once its handler may not send any more', async () => {
    const { wallet, guard } = await validating();
    // `payWithinMs` and a minute of grace.
    await wallet.clock.pass(180_001);
    servedRequests(guard).begin(await guard.hold({ amount: '1.00', reference: 'p-2' }))();
    expect(await guard.close({ waitMs: 0 })).toEqual({ open: [] });
    expect((await guard.getHold('p-2'))?.state).toBe('reserved');
  });
});
