// The Wise simulator: its balances, recipients, quotes, transfers and events.
import { verify } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type WiseSimulator, type WiseSimulatorOptions, wiseSimulator } from 'payout-guard/testing';
import { failureOf, startServer, until } from '../providers/support.js';
import { stoppedClock } from '../support/clock.js';
import {
  call,
  closeWorlds,
  createQuote,
  createTransfer,
  fund,
  privateKeyPem,
  start as startWorld,
} from './wise-simulator-support.js';

const running: WiseSimulator[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((simulator) => simulator.close()));
  await closeWorlds();
});

async function start(options: WiseSimulatorOptions = {}): Promise<WiseSimulator> {
  const simulator = await wiseSimulator({ available: '800.00', privateKey: privateKeyPem, ...options });
  running.push(simulator);
  return simulator;
}

const uuid = '3f1c2a52-6a0e-4c0b-9d3e-5f9a1b2c3d4e';

/** Asks for a transfer of 100.00 GBP, with some fields changed. */
async function transfer(simulator: WiseSimulator, change: object = {}) {
  const { body: quote } = await createQuote(simulator, { sourceAmount: 100 });
  const targetAccount = simulator.recipientId('EUR');
  const request = { targetAccount, quoteUuid: quote.id, customerTransactionId: uuid, ...change };
  return call(simulator, 'POST', '/v1/transfers', request);
}

describe('the Wise simulator', () => {
  it('shows a standard balance and a jar, those that are asked for', async () => {
    const simulator = await start({ savings: '45000.00', profileId: 501 });
    const read = async (types: string) =>
      (await call(simulator, 'GET', `/v4/profiles/501/balances?types=${types}`)).body as unknown;
    const standard = { currency: 'GBP', type: 'STANDARD', amount: { value: 800, currency: 'GBP' } };
    const jar = { type: 'SAVINGS', amount: { value: 45_000, currency: 'GBP' } };
    expect(await read('STANDARD')).toEqual([expect.objectContaining(standard)]);
    expect(await read('STANDARD,SAVINGS')).toEqual([expect.objectContaining(standard), expect.objectContaining(jar)]);
  });

  it('shows amounts to the last decimal of the currency', async () => {
    const simulator = await start({ currency: 'KWD', available: '925.001' });
    const headers = { authorization: `Bearer ${simulator.apiToken}` };
    const text = await (await fetch(`${simulator.url}/v4/profiles/500/balances?types=STANDARD`, { headers })).text();
    expect(text).toContain('"amount":{"value":925.001,"currency":"KWD"}');
  });

  it.each([
    [{ sourceAmount: 100 }, 'SOURCE', 100, 122.5],
    [{ targetAmount: 122.5 }, 'TARGET', 100, 122.5],
    // 0.01 EUR less costs 0.008 GBP less, which is not a penny.
    [{ targetAmount: 122.49 }, 'TARGET', 100, 122.49],
    [{ sourceAmount: 100, targetCurrency: 'JPY' }, 'SOURCE', 100, 122],
    [{ sourceAmount: 100, targetCurrency: 'GBP' }, 'SOURCE', 100, 98],
  ])('quotes %j with the fee in the source amount', async (amounts, providedAmountType, sourceAmount, targetAmount) => {
    const simulator = await start({ fee: '2.00', rate: '1.25' });
    const { status, body } = await createQuote(simulator, amounts);
    expect([status, body.providedAmountType, body.status]).toEqual([200, providedAmountType, 'PENDING']);
    expect(body).toMatchObject({
      sourceAmount,
      targetAmount,
      paymentOptions: [{ payIn: 'BALANCE', fee: { total: 2 } }],
    });
    expect((await call(simulator, 'GET', `/v3/profiles/500/quotes/${body.id}`)).body).toEqual(body);
  });

  it.each([
    ['no amount', {}],
    ['both amounts', { sourceAmount: 100, targetAmount: 125 }],
    ['an amount as text', { sourceAmount: '100' }],
    ['a tenth of a penny', { sourceAmount: 100.001 }],
    ['no more than the fee', { sourceAmount: 2 }],
    ['another source currency', { sourceAmount: 100, sourceCurrency: 'USD' }],
    ['an unknown currency', { sourceAmount: 100, targetCurrency: 'EURO' }],
  ])('refuses a quote with %s', async (_, amounts) => {
    const simulator = await start({ fee: '2.00' });
    expect(await createQuote(simulator, amounts)).toMatchObject({ status: 422, body: { errors: [{}] } });
  });

  it('pays a recipient that the application has made, in its currency', async () => {
    const simulator = await start();
    const details = { legalType: 'PRIVATE', IBAN: 'DE00000000000000000000' };
    const request = { currency: 'EUR', type: 'iban', profile: 500, accountHolderName: 'Example Person', details };
    const { status, body } = await call(simulator, 'POST', '/v1/accounts', request);
    expect(status).toBe(200);
    expect(body).toMatchObject({ profile: 500, currency: 'EUR', details, active: true });
    expect((await transfer(simulator, { targetAccount: body.id })).body).toMatchObject({ targetAccount: body.id });
  });

  it('creates a transfer that is not funded, and answers its id again with the same transfer', async () => {
    const simulator = await start({ fee: '2.00' });
    const made = await transfer(simulator, { details: { reference: 'Week 47' } });
    expect(made.status).toBe(200);
    expect(made.body).toMatchObject({
      status: 'incoming_payment_waiting',
      sourceCurrency: 'GBP',
      sourceValue: 100,
      targetCurrency: 'EUR',
      targetValue: 122.5,
      rate: 1.25,
      business: 500,
      details: { reference: 'Week 47' },
      customerTransactionId: uuid,
    });
    expect(made.body.created).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    expect((await transfer(simulator)).body).toEqual(made.body);
    expect(simulator.transfers).toHaveLength(1);
    expect(simulator.balance()).toBe('800.00');
  });

  it.each([
    ['an id that is no UUID', { customerTransactionId: 'po_1001' }],
    ['an unknown quote', { quoteUuid: uuid }],
    ['an unknown recipient', { targetAccount: 1 }],
    ['a recipient as text', { targetAccount: '40000001' }],
  ])('refuses a transfer with %s', async (_, change) => {
    const simulator = await start();
    expect(await transfer(simulator, change)).toMatchObject({ status: 422, body: { errors: [{}] } });
    expect(simulator.transfers).toEqual([]);
  });

  it('makes one transfer of a quote, within 30 minutes', async () => {
    const clock = stoppedClock();
    const simulator = await start({ clock });
    const { id } = (await createQuote(simulator, { sourceAmount: 100 })).body;
    expect((await transfer(simulator, { quoteUuid: id })).status).toBe(200);
    const other = { customerTransactionId: '00000000-0000-4000-8000-000000000009' };
    expect((await transfer(simulator, { ...other, quoteUuid: id })).status).toBe(422);
    const late = (await createQuote(simulator, { sourceAmount: 100 })).body;
    await clock.pass(30 * 60_000);
    expect((await call(simulator, 'GET', `/v3/profiles/500/quotes/${late.id}`)).body.status).toBe('EXPIRED');
    expect((await transfer(simulator, { ...other, quoteUuid: late.id })).status).toBe(422);
  });

  it('debits the balance when a transfer is funded, once', async () => {
    const simulator = await start({ fee: '2.00' });
    const { id } = (await transfer(simulator)).body;
    const completed = { type: 'BALANCE', status: 'COMPLETED', errorCode: null };
    expect(await fund(simulator, String(id))).toEqual({ status: 201, body: completed });
    expect(simulator.balance()).toBe('700.00');
    const again = await fund(simulator, String(id));
    expect(again).toMatchObject({ status: 422, body: { errors: [{ code: 'transfer.invalid-state' }] } });
    expect(simulator.balance()).toBe('700.00');
    expect((await call(simulator, 'GET', `/v1/transfers/${id}`)).body.status).toBe('processing');
  });

  it.each([
    ['more than the balance', '99.99', undefined, 'transfer.insufficient_funds'],
    ['an unknown transfer', '800.00', '1', 'transfer.not-found'],
  ])('rejects the funding of %s with a status of success', async (_, available, other, errorCode) => {
    const simulator = await start({ available });
    const { id } = (await transfer(simulator)).body;
    const rejected = { type: 'BALANCE', status: 'REJECTED', errorCode };
    expect(await fund(simulator, other ?? String(id))).toEqual({ status: 201, body: rejected });
    expect([simulator.balance(), simulator.transfers[0]?.status]).toEqual([available, 'incoming_payment_waiting']);
  });

  it('cancels a transfer that is not funded, on request or after 14 days', async () => {
    const clock = stoppedClock();
    const { simulator } = await startWorld({ clock });
    const [first, second, third] = [
      await createTransfer(simulator, 'po_1'),
      await createTransfer(simulator, 'po_2'),
      await createTransfer(simulator, 'po_3'),
    ];
    const cancelled = await call(simulator, 'PUT', `/v1/transfers/${first}/cancel`);
    expect(cancelled).toMatchObject({ status: 200, body: { status: 'cancelled' } });
    await fund(simulator, third);
    expect((await call(simulator, 'PUT', `/v1/transfers/${third}/cancel`)).status).toBe(422);
    expect((await fund(simulator, first)).status).toBe(422);
    const statuses = () => simulator.transfers.map(({ status }) => status);
    await clock.pass(14 * 86_400_000 - 1);
    expect(statuses()).toEqual(['cancelled', 'incoming_payment_waiting', 'processing']);
    await clock.pass(1);
    expect(statuses()).toEqual(['cancelled', 'cancelled', 'processing']);
    expect([second, simulator.balance()]).toEqual(['90012', '700.00']);
    expect(() => simulator.advance(second, 'completed')).toThrow('advance: the transfer is not funded');
  });

  it('lists transfers by the time of their creation, newest first, in pages', async () => {
    const clock = stoppedClock();
    const { simulator } = await startWorld({ clock });
    const times: string[] = [];
    for (const reference of ['po_1', 'po_2', 'po_3', 'po_4']) {
      times.push(new Date(clock.now()).toISOString());
      await createTransfer(simulator, reference);
      clock.advance(60_000);
    }
    await fund(simulator, '90012');
    const list = async (query: Record<string, string>) => {
      const { body } = await call(simulator, 'GET', `/v1/transfers?${new URLSearchParams(query)}`);
      return (body as unknown as { id: number }[]).map(({ id }) => id);
    };
    const [, second = '', third = ''] = times;
    expect(await list({ profile: '500' })).toEqual([90014, 90013, 90012, 90011]);
    expect(await list({ createdDateStart: second, createdDateEnd: third })).toEqual([90013, 90012]);
    expect(await list({ limit: '2', offset: '1' })).toEqual([90013, 90012]);
    expect(await list({ status: 'processing' })).toEqual([90012]);
    expect((await call(simulator, 'GET', '/v1/transfers?createdDateStart=soon')).status).toBe(422);
  });

  it('refuses another token and another profile', async () => {
    const simulator = await start();
    const path = '/v4/profiles/500/balances?types=STANDARD';
    expect(await call(simulator, 'GET', path, undefined, 'other')).toMatchObject({
      status: 401,
      body: { error: 'invalid_token' },
    });
    const { id } = (await transfer(simulator)).body;
    expect((await call(simulator, 'GET', path.replace('500', '501'))).status).toBe(403);
    expect((await call(simulator, 'GET', '/v1/transfers?profile=501')).status).toBe(403);
    expect((await fund(simulator, String(id), 501)).status).toBe(403);
    expect((await call(simulator, 'GET', '/v1/transfers/1')).status).toBe(404);
  });

  it('signs its events with the key that it shows, and names each delivery', async () => {
    const received: { text: string; signature: string; delivery: unknown }[] = [];
    const { url: webhookUrl } = await startServer((response, request) => {
      const { 'x-signature-sha256': signature, 'x-delivery-id': delivery } = request.headers;
      received.push({ text: request.text, signature: String(signature), delivery });
      response.writeHead(200).end();
    });
    const { simulator } = await startWorld({ webhookUrl, events: 'twice' });
    const id = await createTransfer(simulator, 'po_1');
    await fund(simulator, id);
    await until(() => received.length === 2);
    for (const { text, signature } of received) {
      const bytes = Buffer.from(text);
      expect(verify('RSA-SHA256', bytes, simulator.publicKey, Buffer.from(signature, 'base64'))).toBe(true);
      expect(JSON.parse(text)).toMatchObject({
        event_type: 'transfers#state-change',
        data: {
          resource: { id: Number(id), profile_id: 500, type: 'transfer' },
          current_state: 'processing',
          previous_state: 'incoming_payment_waiting',
        },
      });
    }
    expect(new Set(received.map(({ delivery }) => delivery)).size).toBe(2);
  });

  it('makes a key of its own', async () => {
    const [first, second] = [await start({ privateKey: undefined }), await start({ privateKey: undefined })];
    expect(first.publicKey).toMatch(/^-----BEGIN PUBLIC KEY-----/);
    expect(second.publicKey).not.toBe(first.publicKey);
  });

  it('has a balance that tests change', async () => {
    const simulator = await start();
    simulator.credit('1.50');
    simulator.debit('0.25');
    expect(simulator.balance()).toBe('801.25');
    expect(() => simulator.debit('801.26')).toThrow('the wallet has less');
    simulator.setBalance('-3.00');
    expect(simulator.balance()).toBe('-3.00');
  });

  it.each([
    [{ available: '1.001' }, 'available'],
    [{ currency: 'gbp' }, 'currency'],
    [{ rate: '0' }, 'rate'],
    [{ privateKey: 'secret' }, 'privateKey'],
    [{ events: 'never' }, 'events'],
    [{ outcomeOf: () => 'failed' }, 'outcomeOf'],
  ])('names a wrong option: %j', async (options, name) => {
    expect((await failureOf(wiseSimulator(options as WiseSimulatorOptions))).message).toContain(`${name}: `);
  });
});
