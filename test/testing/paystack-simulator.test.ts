// The Paystack simulator: what an application and the adapter meet that the other simulators don't have.
import { afterEach, describe, expect, it } from '@jest/globals';
import { paystack } from 'payout-guard/providers/paystack';
import { type PaystackSimulator, type PaystackSimulatorOptions, paystackSimulator } from 'payout-guard/testing';
import { closeAll, failureOf, guardOf, quick, startServer, until } from '../providers/support.js';
import { stoppedClock } from '../support/clock.js';

const reference = 'payout-2026-0001';
const running: PaystackSimulator[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((simulator) => simulator.close()));
  await closeAll();
});

async function start(options: PaystackSimulatorOptions = {}): Promise<PaystackSimulator> {
  const simulator = await paystackSimulator({ available: '800.00', ...options });
  running.push(simulator);
  return simulator;
}

interface Envelope {
  readonly status: boolean;
  readonly message: string;
  readonly code?: string;
  readonly data: Record<string, unknown>;
}

async function call({ url, secretKey }: PaystackSimulator, path: string, body?: object, key = secretKey) {
  const headers = { authorization: `Bearer ${key}` };
  const init = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) };
  const response = await fetch(url + path, init);
  return { status: response.status, body: (await response.json()) as Envelope };
}

const transfer = (simulator: PaystackSimulator, change: object = {}) =>
  call(simulator, '/transfer', {
    source: 'balance',
    amount: 50_000,
    recipient: simulator.recipientCode,
    reference,
    reason: 'Week 47',
    ...change,
  });

const verify = async (simulator: PaystackSimulator, wanted = reference) =>
  (await call(simulator, `/transfer/verify/${encodeURIComponent(wanted)}`)).body;

const providerOf = ({ url, secretKey }: PaystackSimulator) => paystack({ baseUrl: url, secretKey, ...quick });

describe('the Paystack simulator', () => {
  it('counts in subunits, and shows an empty balance of another currency beside that of the wallet', async () => {
    const simulator = await start({ available: '12500.50' });
    const { body } = await call(simulator, '/balance');
    expect(body).toEqual({
      status: true,
      message: 'Balances retrieved',
      data: [
        { currency: 'GHS', balance: 0 },
        { currency: 'NGN', balance: 1_250_050 },
      ],
    });
  });

  it('has a ledger that the adapter does not read as a balance', async () => {
    const simulator = await start({ ledger: '45000.00' });
    const { body } = await call(simulator, '/balance/ledger');
    expect(body.data).toMatchObject([{ currency: 'NGN', balance: 4_500_000, model_responsible: 'Integration' }]);
    simulator.fault({ kind: 'body', body: JSON.stringify(body) });
    const guard = guardOf(providerOf(simulator), { currency: 'NGN' });
    expect(await failureOf(guard.funds())).toMatchObject({
      code: 'balance_unavailable',
      reason: 'malformed',
    });
  });

  it('finds a transfer by its reference, its id and its code', async () => {
    const simulator = await start({ fee: '10.00' });
    const { data } = (await transfer(simulator)).body;
    expect(data).toMatchObject({ amount: 50_000, currency: 'NGN', domain: 'live', status: 'pending', reference });
    const found = await verify(simulator);
    expect(found.message).toBe('Transfer retrieved');
    const { transfer_code, id, createdAt } = data;
    expect(found.data).toMatchObject({ reference, transfer_code, id, createdAt, amount: 50_000, status: 'pending' });
    expect(found.data.recipient).toMatchObject({ recipient_code: simulator.recipientCode });
    expect(found.data.fee_charged).toBe(1_000);
    expect((await call(simulator, `/transfer/${data.id}`)).body).toEqual(found);
    expect((await call(simulator, `/transfer/${data.transfer_code}`)).body).toEqual(found);
    expect(simulator.balances().available).toBe('290.00');
  });

  it('does not find a transfer that was not made', async () => {
    const simulator = await start();
    const missing = { status: 404, body: { status: false, message: 'Transfer not found' } };
    expect(await call(simulator, '/transfer/verify/payout-2026-0009')).toEqual(missing);
    expect(await call(simulator, '/transfer/TRF_other')).toEqual(missing);
  });

  it('makes recipients, one for each account', async () => {
    const simulator = await start();
    const request = { type: 'nuban', name: 'Another Person', account_number: '0123456789', bank_code: '044' };
    const made = await call(simulator, '/transferrecipient', request);
    expect(made).toMatchObject({ status: 201, body: { data: { name: 'Another Person', currency: 'NGN' } } });
    const { recipient_code } = made.body.data;
    expect(recipient_code).toMatch(/^RCP_/);
    expect(recipient_code).not.toBe(simulator.recipientCode);
    expect((await call(simulator, '/transferrecipient', request)).body.data).toEqual(made.body.data);
    expect((await transfer(simulator, { recipient: recipient_code })).status).toBe(200);
    expect((await verify(simulator)).data.recipient).toMatchObject({ recipient_code });
  });

  it.each<[string, object, string | undefined, RegExp]>([
    ['an unknown recipient', { recipient: 'RCP_other' }, 'invalid_transfer_recipient', /Recipient specified/],
    ['more than the balance', { amount: 80_001 }, undefined, /not enough/],
    ['a fraction of a subunit', { amount: 1.5 }, 'invalid_params', /Invalid/],
    ['a short reference', { reference: 'payout-1' }, 'invalid_params', /Invalid/],
    ['a reference with a colon', { reference: 'acme:payout-2026-0001' }, 'invalid_params', /Invalid/],
    ['another source', { source: 'card' }, 'invalid_params', /Invalid/],
    ['another currency', { currency: 'GHS' }, 'invalid_params', /Invalid/],
  ])('refuses a transfer with %s', async (_, change, code, message) => {
    const simulator = await start();
    const answer = await transfer(simulator, change);
    expect(answer).toMatchObject({ status: 400, body: { status: false } });
    expect(answer.body.code).toBe(code);
    expect(answer.body.message).toMatch(message);
    expect([simulator.payouts, simulator.balances().available]).toEqual([[], '800.00']);
  });

  it('refuses a reference that a transfer has, as the provider does', async () => {
    const simulator = await start();
    await transfer(simulator);
    const again = await transfer(simulator);
    expect([again.status, again.body.code]).toEqual([400, 'duplicate_transfer_reference']);
    expect(simulator.balances().available).toBe('300.00');
  });

  it('refuses another key, and a request without one', async () => {
    const simulator = await start();
    const denied = await call(simulator, '/balance', undefined, 'sk_live_other');
    expect(denied).toEqual({ status: 401, body: { status: false, message: 'Invalid key' } });
    const { message } = (await (await fetch(`${simulator.url}/balance`)).json()) as Envelope;
    expect(message).toBe('No Authorization Header was found');
  });

  it('makes the transfers of one request all or none', async () => {
    const simulator = await start();
    const recipient = simulator.recipientCode;
    const bulk = (...transfers: readonly object[]) =>
      call(simulator, '/transfer/bulk', { source: 'balance', transfers });
    const one = { amount: 30_000, recipient, reference };
    const other = { amount: 30_000, recipient, reference: 'payout-2026-0002' };
    expect((await bulk(one, one)).body.code).toBe('duplicate_transfer_reference');
    expect((await bulk(one, { ...other, amount: 50_001 })).body.message).toMatch(/not enough/);
    expect(simulator.payouts).toEqual([]);
    const made = await bulk(one, other);
    expect(made.body.message).toBe('2 transfers queued.');
    expect(made.body.data).toMatchObject([{ reference, recipient, status: 'pending' }, { amount: 30_000 }]);
    expect(simulator.balances().available).toBe('200.00');
  });

  it('ends transfers at once with a test key, as the sandbox does', async () => {
    const simulator = await start({ secretKey: 'sk_test_simulated' });
    expect((await transfer(simulator)).body.data).toMatchObject({ domain: 'test', status: 'success' });
    const provider = providerOf(simulator);
    expect(provider.verdictOfResult?.((await verify(simulator)).data, { reference })).toBe('completed');
  });

  it.each(['received', 'queued'] as const)('keeps a transfer %s until it ends', async (pendingAs) => {
    const simulator = await start({ pendingAs });
    expect((await transfer(simulator)).body.data.status).toBe(pendingAs);
    simulator.advance(reference, 'completed');
    expect((await verify(simulator)).data.status).toBe('success');
  });

  it.each([
    ['completed', {}, 'transfer.success'],
    ['failed', {}, 'transfer.failed'],
    ['failed', { failedAs: 'reversed' }, 'transfer.reversed'],
  ] as const)('posts an event that the adapter verifies when a transfer has %s: %j', async (status, more, event) => {
    const received: unknown[] = [];
    const simulator = await start({ ...more, webhookUrl: (await eventServer()).url });
    async function eventServer() {
      return startServer((response, request) => {
        const read = providerOf(simulator).webhook?.read(Buffer.from(request.text), request.headers);
        void Promise.resolve(read).then((verified) => {
          received.push([JSON.parse(request.text).event, verified]);
          response.writeHead(200).end();
        });
      });
    }
    await transfer(simulator);
    simulator.advance(reference, status);
    await until(() => received.length === 1);
    expect(received).toEqual([[event, { reference }]]);
  });

  it.each([
    [{ available: '1.001' }, 'available'],
    [{ secretKey: 'FLWSECK-0-X' }, 'secretKey'],
    [{ failedAs: 'abandoned' }, 'failedAs'],
    [{ otp: '' }, 'otp'],
  ])('names a wrong option: %j', async (options, name) => {
    const failure = await failureOf(paystackSimulator(options as PaystackSimulatorOptions));
    expect(failure.message).toContain(`${name}: `);
  });
});

describe('a transfer that waits for a one-time password', () => {
  const finalize = (simulator: PaystackSimulator, transfer_code: unknown, otp: string) =>
    call(simulator, '/transfer/finalize_transfer', { transfer_code, otp });

  it('is started by it, once, and debited then', async () => {
    const simulator = await start({ otp: '123456' });
    const { message, data } = (await transfer(simulator)).body;
    expect([message, data.status]).toEqual(['Transfer requires OTP to continue', 'otp']);
    expect(simulator.balances().available).toBe('800.00');
    expect((await finalize(simulator, data.transfer_code, '654321')).status).toBe(400);
    expect((await finalize(simulator, data.transfer_code, '123456')).body.data.status).toBe('pending');
    expect(simulator.balances().available).toBe('300.00');
    expect((await finalize(simulator, data.transfer_code, '123456')).status).toBe(400);
    expect((await transfer(simulator)).body.code).toBe('duplicate_transfer_reference');
  });

  it('is abandoned after 30 minutes without it, and no event reports that', async () => {
    const clock = stoppedClock();
    const { url: webhookUrl, requests } = await startServer((response) => void response.end());
    const simulator = await start({ otp: '123456', clock, webhookUrl });
    const { data } = (await transfer(simulator)).body;
    await clock.pass(30 * 60_000 - 1);
    expect((await verify(simulator)).data.status).toBe('otp');
    await clock.pass(1);
    expect((await verify(simulator)).data.status).toBe('abandoned');
    expect((await finalize(simulator, data.transfer_code, '123456')).status).toBe(400);
    expect([simulator.balances().available, requests, simulator.webhooks]).toEqual(['800.00', [], []]);
    expect(await failureOf(simulator.resendWebhook(reference))).toMatchObject({ code: 'configuration' });
  });

  it('cannot be one of many', async () => {
    const simulator = await start({ otp: '123456' });
    const transfers = [{ amount: 100, recipient: simulator.recipientCode }];
    const { status, body } = await call(simulator, '/transfer/bulk', { source: 'balance', transfers });
    expect([status, body.message]).toEqual([400, 'You need to disable the OTP requirement']);
  });
});
