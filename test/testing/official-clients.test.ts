// The clients that Stripe and Paystack publish, unmodified, against the simulators. What a client cannot read is a
// fault of its simulator.
import https from 'node:https';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Paystack } from '@paystack/paystack-sdk';
import { createPayoutGuard } from 'payout-guard';
import { paystack } from 'payout-guard/providers/paystack';
import { stripe } from 'payout-guard/providers/stripe';
import {
  type PaystackSimulatorOptions,
  paystackSimulator,
  type StripeSimulatorOptions,
  stripeSimulator,
} from 'payout-guard/testing';
import Stripe from 'stripe';
import { closeAll, failureOf, startServer, until } from '../providers/support.js';

const running: { close(): Promise<unknown> }[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((party) => party.close()));
  await closeAll();
});

describe('the client of Stripe', () => {
  async function start(product: 'transfers' | 'payouts', options: StripeSimulatorOptions = {}) {
    const simulator = await stripeSimulator({ available: '800.00', ...options });
    const { url: baseUrl, secretKey } = simulator;
    const { hostname: host, port } = new URL(baseUrl);
    const client = new Stripe(secretKey, { host, port, protocol: 'http', maxNetworkRetries: 0, telemetry: false });
    const provider = stripe({ secretKey, baseUrl, product });
    const guard = createPayoutGuard({ provider, currency: 'USD', returns: 'providerAnswer' });
    running.push(guard, simulator);
    return { simulator, client, guard };
  }

  it('reads the balance, transfers under a hold, and finds the transfer by its group and by its id', async () => {
    const { simulator, client, guard } = await start('transfers');
    const before = await client.balance.retrieve();
    expect(before.available).toContainEqual({ amount: 80_000, currency: 'usd', source_types: { card: 80_000 } });
    const made = await guard.withHold({ amount: '100.00', reference: 'po_1001' }, ({ reference }) =>
      client.transfers.create(
        {
          amount: 10_000,
          currency: 'usd',
          destination: 'acct_1ABC',
          transfer_group: reference,
          metadata: { guard_reference: reference },
        },
        { idempotencyKey: reference },
      ),
    );
    expect(made).toMatchObject({ object: 'transfer', amount: 10_000, reversed: false });
    expect(await guard.getHold('po_1001')).toMatchObject({ state: 'captured', captured: '100.00' });
    expect(await client.transfers.retrieve(made.id)).toMatchObject({ id: made.id, transfer_group: 'po_1001' });
    const group = await client.transfers.list({ transfer_group: 'po_1001' }).autoPagingToArray({ limit: 10 });
    expect(group.map(({ id }) => id)).toEqual([made.id]);
    expect(simulator.balance()).toBe('700.00');
  });

  it('makes a payout under a hold, and finds it in a list', async () => {
    const { simulator, client, guard } = await start('payouts');
    const made = await guard.withHold({ amount: '100.00', reference: 'po_1001' }, ({ reference }) =>
      client.payouts.create(
        { amount: 10_000, currency: 'usd', metadata: { guard_reference: reference } },
        { idempotencyKey: reference },
      ),
    );
    expect([made.status, (await guard.getHold('po_1001'))?.state]).toEqual(['pending', 'captured']);
    simulator.advance('po_1001', 'completed');
    expect((await client.payouts.retrieve(made.id)).status).toBe('paid');
    const rows = await client.payouts.list({ created: { gte: made.created, lte: made.created }, limit: 25 });
    expect(rows.data.map(({ metadata }) => metadata?.guard_reference)).toEqual(['po_1001']);
  });

  it('recognizes refusals by their type and code', async () => {
    const { client } = await start('transfers');
    const transfer = { amount: 80_001, currency: 'usd', destination: 'acct_1ABC' };
    const refused = await failureOf(client.transfers.create(transfer));
    expect(refused).toBeInstanceOf(Stripe.errors.StripeInvalidRequestError);
    expect(refused).toMatchObject({ code: 'balance_insufficient', statusCode: 400 });
    expect(await failureOf(client.transfers.retrieve('tr_other'))).toMatchObject({ code: 'resource_missing' });
    const stranger = new Stripe('sk_test_other', { ...hostOf(client), protocol: 'http', maxNetworkRetries: 0 });
    expect(await failureOf(stranger.balance.retrieve())).toBeInstanceOf(Stripe.errors.StripeAuthenticationError);
  });

  it('verifies the events of the simulator', async () => {
    const posted: { body: string; signature: string }[] = [];
    const { url: webhookUrl } = await startServer((response, request) => {
      posted.push({ body: request.text, signature: String(request.headers['stripe-signature']) });
      response.writeHead(200).end();
    });
    const { simulator, client } = await start('transfers', { webhookUrl });
    await client.transfers.create({ amount: 100, currency: 'usd', destination: 'acct_1ABC' });
    await until(() => posted.length === 1);
    const [{ body, signature } = { body: '', signature: '' }] = posted;
    const event = client.webhooks.constructEvent(body, signature, simulator.webhookSecret);
    expect([event.type, event.livemode]).toEqual(['transfer.created', false]);
    expect(() => client.webhooks.constructEvent(body, signature, 'whsec_other')).toThrow(/signature/);
  });
});

function hostOf(client: Stripe): { readonly host: string; readonly port: string } {
  return { host: client.getApiField('host'), port: client.getApiField('port') };
}

describe('the client of Paystack', () => {
  const standard = https.globalAgent;

  afterEach(() => {
    https.globalAgent.destroy();
    https.globalAgent = standard;
  });

  async function start(options: PaystackSimulatorOptions = {}) {
    const simulator = await paystackSimulator({ available: '800.00', ...options });
    const { url: baseUrl, secretKey } = simulator;
    https.globalAgent = loopbackAgent(baseUrl);
    const guard = createPayoutGuard({
      provider: paystack({ secretKey, baseUrl }),
      currency: 'NGN',
      returns: 'providerAnswer',
    });
    running.push(guard, simulator);
    return { simulator, client: new Paystack(secretKey), guard };
  }

  /**
   * The client has one address, https://api.paystack.co, in its code, and no option for another one. It opens its
   * connections through the agent that Node.js has for all, so that is the one place where they can be led to the
   * simulator: no file of the package is changed, and each byte that it writes and reads goes over a real socket. The
   * connection is plain, because a certificate of that name would need an authority that the process trusts.
   */
  function loopbackAgent(url: string): https.Agent {
    const agent = new https.Agent({ keepAlive: false });
    agent.createConnection = () => connect(Number(new URL(url).port), '127.0.0.1');
    return agent;
  }

  const reference = 'payout-2026-0001';

  it('reads the balance, makes a recipient, transfers under a hold, and looks the transfer up', async () => {
    const { simulator, client, guard } = await start();
    expect((await client.balance.fetch()).data).toContainEqual({ currency: 'NGN', balance: 80_000 });
    const made = await client.transferrecipient.create({
      type: 'nuban',
      name: 'Another Person',
      account_number: '0123456789',
      bank_code: '044',
      currency: 'NGN',
    });
    const recipient: string = made.data.recipient_code;
    expect(recipient).toMatch(/^RCP_/);
    const answer = await guard.withHold({ amount: '100.00', reference }, (hold) =>
      // The client types amounts as text.
      client.transfer.initiate({ source: 'balance', amount: '10000', recipient, reference: hold.reference }),
    );
    expect(answer).toMatchObject({ status: true, message: 'Transfer has been queued', data: { status: 'pending' } });
    expect((await guard.getHold(reference))?.state).toBe('sent');
    simulator.advance(reference, 'completed');
    const found = await client.transfer.verify({ reference });
    expect(found.data).toMatchObject({ reference, status: 'success', recipient: { recipient_code: recipient } });
    expect((await client.transfer.fetch({ code: answer.data.transfer_code })).data).toEqual(found.data);
    // The adapter judges the answer as the client hands it over.
    expect(paystackVerdictOf(simulator.secretKey, found)).toBe('completed');
    await guard.reconcile({ reference });
    expect(await guard.getHold(reference)).toMatchObject({ state: 'captured', captured: '100.00' });
    expect(simulator.balances().available).toBe('700.00');
  });

  it('makes several transfers at once', async () => {
    const { simulator, client } = await start();
    const transfers = [
      { amount: 10_000, recipient: simulator.recipientCode, reference },
      { amount: 20_000, recipient: simulator.recipientCode, reference: 'payout-2026-0002' },
    ];
    const { status, data } = await client.transfer.bulk({ source: 'balance', transfers });
    expect([status, data.length, simulator.balances().available]).toEqual([true, 2, '500.00']);
  });

  it('starts a transfer by its one-time password', async () => {
    const { simulator, client } = await start({ otp: '123456' });
    const { recipientCode: recipient } = simulator;
    const { data } = await client.transfer.initiate({ source: 'balance', amount: '10000', recipient, reference });
    expect([data.status, simulator.balances().available]).toEqual(['otp', '800.00']);
    const { transfer_code } = data;
    const started = await client.transfer.finalize({ transfer_code, otp: '123456' });
    expect([started.data.status, simulator.balances().available]).toEqual(['pending', '700.00']);
  });

  it('resolves with a refusal, whose text alone names the reason', async () => {
    const { simulator, client } = await start();
    const { recipientCode: recipient } = simulator;
    const transfer = { source: 'balance', amount: '10000', recipient, reference };
    await client.transfer.initiate(transfer);
    const again = await client.transfer.initiate(transfer);
    expect([again.status, again.message]).toEqual([false, expect.stringMatching(/Reference already exists/)]);
    const tooMuch = { ...transfer, amount: '70001', reference: 'payout-2026-0002' };
    expect((await client.transfer.initiate(tooMuch)).message).toMatch(/not enough/);
    expect(await client.transfer.verify({ reference: 'payout-2026-0003' })).toMatchObject({ status: false });
  });
});

function paystackVerdictOf(secretKey: string, answer: unknown) {
  return paystack({ secretKey }).verdictOfResult?.(answer, { reference: 'payout-2026-0001' });
}
