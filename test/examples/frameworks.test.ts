// The payment APIs of the frameworks over real sockets: served by a test, and as a reader would run them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createPayoutGuard, type PayoutGuard } from 'payout-guard';
import { jpay } from 'payout-guard/providers/jpay';
import { type JpaySimulator, jpaySimulator } from 'payout-guard/testing';
import { callbackPath } from 'payout-guard/web';
import { serveFastify } from '../../examples/fastify-api.js';
import { serveHono } from '../../examples/hono-api.js';
import { serveKoa } from '../../examples/koa-api.js';
import { serveNest } from '../../examples/nest-api.js';
import type { PaymentService } from '../../examples/support/api.js';
import { jpayPayments, type MakePayment } from '../../examples/support/payments.js';
import { type Serving, shutDown } from '../../examples/support/service.js';
import '../support/proof-only.js';
import { killed } from '../support/programs.js';
import { deferred } from '../support/wallet.js';
import { codesOf, collectWarnings } from '../support/warnings.js';
import { simulated } from './support.js';

const services: [name: string, serve: (service: PaymentService, port?: number) => Promise<Serving>][] = [
  ['fastify', serveFastify],
  ['hono', serveHono],
  ['koa', serveKoa],
  ['nest', serveNest],
];

const payee = '+254712345678';
const callbackSecret = 'e3b0c44298fc1c149afbf4c8996fb924';
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
const warnings = collectWarnings();

interface World extends Serving {
  readonly guard: PayoutGuard;
  readonly simulator: JpaySimulator;
}

type Serve = (typeof services)[number][1];

async function start(serve: Serve, around: (pay: MakePayment) => MakePayment = (pay) => pay): Promise<World> {
  const simulator = await jpaySimulator({ payout: '1000.00', debitAt: 'completion' });
  const { url: baseUrl, appKey, appSecret } = simulator;
  const guard = createPayoutGuard({ provider: jpay({ baseUrl, appKey, appSecret, maxAttempts: 1 }), currency: 'KES' });
  const payments = jpayPayments({
    baseUrl,
    accessToken: () => simulator.accessToken(),
    appCode: 12_345,
    callbackUrl: () => `${serving.url}/callbacks/${callbackPath(callbackSecret, 'default')}`,
  });
  const serving: Serving = await serve({
    guard,
    tenants: new Map([['acme-token', { id: 'acme', wallet: 'default' }]]),
    operators: new Map([['ops-token', 'Ada']]),
    makePayment: around(payments),
    callbackSecret,
  });
  closing.push(
    () => shutDown({ ...serving, guard }),
    () => simulator.close(),
  );
  return { ...serving, guard, simulator };
}

interface Asked {
  readonly path?: string;
  readonly token?: string;
  readonly key?: string;
  readonly to?: string;
  readonly amount?: unknown;
}

async function post({ url }: Serving, asked: Asked): Promise<string> {
  const { path = '/payouts', token = 'acme-token', key, to = payee, amount = '600.00' } = asked;
  const response = await fetch(url + path, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      ...(key !== undefined && { 'idempotency-key': key }),
    },
    body: JSON.stringify({ to, amount }),
  });
  const { code, state } = (await response.json()) as { code?: string; state?: string };
  return [response.status, code ?? state].filter((part) => part !== undefined).join(' ');
}

const paid = ({ simulator }: World) => simulator.payouts.map(({ refNo, amount }) => `${refNo} ${amount}`);
const stateOf = async ({ guard }: World, key: string) => {
  const hold = await guard.getHold(`acme:${key}`);
  return hold?.failed ? 'failed' : hold?.state;
};

describe.each(services)('the payment API on %s', (name, serve) => {
  it('pays what the wallet covers, once, and refuses the rest', async () => {
    const world = await start(serve);
    expect(await post(world, { key: 'p1' })).toBe('202 sent');
    expect(await post(world, { key: 'p2', amount: '400.01' })).toBe('422 insufficient_funds');
    expect(await post(world, { key: 'p1' })).toBe('409 payout_in_progress');
    expect(await post(world, { key: 'p1', to: '+254700000000' })).toBe('422 hold_conflict');
    expect(await post(world, { key: 'p3', to: 'no number', amount: '1.00' })).toBe('422 payout_rejected');
    expect(await post(world, { amount: '1.00' })).toBe('400 invalid_reference');
    expect(await post(world, { key: 'p4', amount: '1,00' })).toBe('400 invalid_amount');
    expect((await post(world, { key: 'p4', token: 'no-token' })).slice(0, 3)).toBe('401');
    expect(paid(world)).toEqual(['acme:p1 600.00']);
  });

  it('refuses a payout while the balance is unavailable', async () => {
    const world = await start(serve);
    world.simulator.fault({ kind: 'html_500' });
    expect(await post(world, { key: 'p1' })).toBe('503 balance_unavailable');
    expect(paid(world)).toEqual([]);
  });

  it('refuses the reference of a payout while it is being made', async () => {
    const [paying, goOn] = [deferred<void>(), deferred<void>()];
    const world = await start(serve, (pay) => async (payout) => {
      paying.resolve();
      await goOn.promise;
      return pay(payout);
    });
    const first = post(world, { key: 'p1' });
    await paying.promise;
    expect(await post(world, { key: 'p1' })).toBe('409 payout_in_progress');
    goOn.resolve();
    expect(await first).toBe('202 sent');
    expect(paid(world)).toEqual(['acme:p1 600.00']);
  });

  it('holds in front of a handler that pays by itself', async () => {
    const world = await start(serve);
    const path = '/v1/payouts';
    expect(await post(world, { path, key: 'p1' })).toBe('202');
    expect(await post(world, { path, key: 'p1' })).toBe('409 payout_in_progress');
    expect(await post(world, { path, key: 'p2', amount: '400.01' })).toBe('422 insufficient_funds');
    expect(await post(world, { path, key: 'p2', to: '+256772000001', amount: '400.00' })).toBe('404');
    expect(await stateOf(world, 'p2')).toBe('released');
    expect(await post(world, { path, key: 'p3', to: '+254', amount: '400.00' })).toBe('422 payout_rejected');
    expect(await stateOf(world, 'p3')).toBe('failed');
    expect(await stateOf(world, 'p1')).toBe('sent');
    expect(paid(world)).toEqual(['acme:p1 600.00']);
  });

  it('settles a payout when JPay calls back, and shows the console to operators alone', async () => {
    const world = await start(serve);
    await post(world, { key: 'p1' });
    const captured = new Promise<void>((resolve) => world.guard.on('captured', () => resolve()));
    world.simulator.advance('acme:p1', 'completed');
    await captured;
    expect(await stateOf(world, 'p1')).toBe('captured');
    const forged = { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } };
    expect((await fetch(`${world.url}/callbacks/forged`, forged)).status).toBe(404);
    const page = (authorization: string) => fetch(`${world.url}/ops/payouts/`, { headers: { authorization } });
    expect((await page('Bearer acme-token')).status).toBe(403);
    const shown = await page('Bearer ops-token');
    expect([shown.status, shown.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  });

  it('answers the request under way when it shuts down, leaves nothing open, and accepts no other', async () => {
    const [paying, goOn] = [deferred<void>(), deferred<void>()];
    const world = await start(serve, (pay) => async (payout) => {
      paying.resolve();
      await goOn.promise;
      return pay(payout);
    });
    const first = post(world, { key: 'p1' });
    await paying.promise;
    const stopped = shutDown({ ...world });
    goOn.resolve();
    expect(await first).toBe('202 sent');
    expect((await stopped).open).toEqual([]);
    await expect(post(world, { key: 'p2', amount: '1.00' })).rejects.toThrow();
    expect(paid(world)).toEqual(['acme:p1 600.00']);
    // The memory store ends with its process, and so does its hold.
    expect(codesOf(warnings).filter((code) => code !== 'PAYOUT_GUARD_LOOKUP')).toEqual(['PAYOUT_GUARD_MEMORY_LOST']);
  });

  it('serves the curl lines that it prints, and stops on a signal', async () => {
    const child = spawn(process.execPath, ['--import', 'tsx', `examples/${name}-api.ts`], {
      env: { ...process.env, ...simulated, PORT: '0' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    closing.push(() => killed(child));
    const warned = text(child.stderr);
    let printed = '';
    for await (const chunk of child.stdout) {
      printed += chunk;
      if (printed.includes('ops-token')) break;
    }
    const answers = [];
    for (const [, url = '', key = '', body = ''] of printed.matchAll(/-i (\S+) .*key: (\S+)' -d '([^']+)'/g)) {
      const headers = {
        'content-type': 'application/json',
        authorization: 'Bearer demo-token',
        'idempotency-key': key,
      };
      answers.push((await fetch(url, { method: 'POST', headers, body })).status);
    }
    expect(answers).toEqual([202, 422, 202]);
    const [, url = ''] = /(http:\S+\/ops\/payouts\/)/.exec(printed) ?? [];
    const ask = () => fetch(`${url}api/overview`, { headers: { authorization: 'Bearer ops-token' } });
    // JPay settles both payouts a second later, and calls back.
    while (/"held":"(?!0\.00)/.test(await (await ask()).text())) await sleep(100);
    child.kill('SIGTERM');
    const [code, signal] = await once(child, 'close');
    expect([code, signal, await warned]).toEqual([0, null, '']);
  });
});
