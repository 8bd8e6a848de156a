// How to test your own payment API: its real routes through supertest, the provider as a simulator over real HTTP.
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { createPayoutGuard, type PayoutGuard } from 'payout-guard';
import { jpay } from 'payout-guard/providers/jpay';
import { type JpaySimulator, jpaySimulator } from 'payout-guard/testing';
import request from 'supertest';
import { paymentApi } from './payment-api.js';

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

const post = (amount: unknown) =>
  request(paymentApi(guard, async (payout) => void paid.push(payout.amount)))
    .post('/payouts')
    .send({ to: '+254712345678', amount });

it('pays what the payout wallet covers', async () => {
  await post('1000.00').expect(201);
  expect(paid).toEqual(['1000.00']);
});

it('does not pay from the collection wallet', async () => {
  const response = await post('1000.01').expect(422);
  expect(JSON.parse(response.text).code).toBe('insufficient_funds');
  expect(paid).toEqual([]);
});

it('does not pay while the provider is down', async () => {
  simulator.fault({ kind: 'html_500' });
  const response = await post('1.00').expect(503).expect('Retry-After', '1');
  expect(JSON.parse(response.text).reason).toBe('provider_error');
  expect(paid).toEqual([]);
});
