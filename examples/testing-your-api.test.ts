// Tests of your own payment API: its real routes through supertest, the provider as a simulator over real HTTP.
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { createPayoutGuard, type PayoutGuard, PayoutRejectedError } from 'payout-guard';
import { jpay } from 'payout-guard/providers/jpay';
import { type JpaySimulator, jpaySimulator } from 'payout-guard/testing';
import request from 'supertest';
import { paymentApi } from './payment-api.js';
import type { MakePayment } from './support/payments.js';

let simulator: JpaySimulator;
let guard: PayoutGuard;
let paid: string[];

beforeEach(async () => {
  simulator = await jpaySimulator({ payout: '1000.00', collection: '99000.00' });
  const { url: baseUrl, appKey, appSecret } = simulator;
  guard = createPayoutGuard({ provider: jpay({ baseUrl, appKey, appSecret, maxAttempts: 1 }), currency: 'KES' });
  paid = [];
});

afterEach(async () => {
  await guard.close();
  await simulator.close();
});

const accept: MakePayment = async ({ reference, amount }) => void paid.push(`${reference} ${amount}`);

const post = (amount: unknown, key: string, makePayment = accept) => {
  const tenants = new Map([['token', { id: 'acme', wallet: 'default' }]]);
  return request(paymentApi({ guard, tenants, makePayment }))
    .post('/payouts')
    .set('Authorization', 'Bearer token')
    .set('Idempotency-Key', key)
    .send({ to: '+254712345678', amount });
};

it('pays what the payout wallet covers, under the reference of its hold', async () => {
  await post('1000.00', 'p1').expect(202);
  expect(paid).toEqual(['acme:p1 1000.00']);
  expect((await guard.getHold('acme:p1'))?.state).toBe('sent');
});

it('does not pay from the collection wallet', async () => {
  const response = await post('1000.01', 'p1').expect(422);
  expect(JSON.parse(response.text).code).toBe('insufficient_funds');
  expect(paid).toEqual([]);
});

it('pays no more than the wallet has under concurrent requests', async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => post('300.00', `p${index}`)));
  expect(answers.map(({ status }) => status).sort()).toEqual([...Array(3).fill(202), ...Array(17).fill(422)]);
  expect(paid).toHaveLength(3);
});

it('pays once for one Idempotency-Key', async () => {
  await post('300.00', 'p1').expect(202);
  const response = await post('300.00', 'p1').expect(409);
  expect(JSON.parse(response.text).code).toBe('payout_in_progress');
  expect(paid).toEqual(['acme:p1 300.00']);
});

it('keeps the hold when the outcome is unknown, and releases it when the provider rejects the payout', async () => {
  await post('600.00', 'p1', async () => Promise.reject(new Error('timeout'))).expect(500);
  await post('400.00', 'p2', async () => Promise.reject(new PayoutRejectedError())).expect(422);
  expect((await guard.getHold('acme:p1'))?.state).toBe('sent');
  expect((await guard.getHold('acme:p2'))?.state).toBe('released');
  expect((await guard.funds()).spendable).toBe('400.00');
});

it('does not pay while the provider is down', async () => {
  simulator.fault({ kind: 'html_500' });
  const response = await post('1.00', 'p1').expect(503).expect('Retry-After', '1');
  expect(JSON.parse(response.text).reason).toBe('provider_error');
  expect(paid).toEqual([]);
});
